//! Conditions on what is known of an event beside its text: `@aws.region NOT IN ["cn-north-1"]`, or of a group:
//! `LogGroupName NOT IN ["a", "b"]`. One grammar serves the selection criteria of account policies and the field
//! selection of filters.

use crate::cursor::Cursor;

/// How deep parentheses nest.
const MAX_DEPTH: usize = 16;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Criteria {
    /// All of them hold.
    All(Vec<Criteria>),
    /// One of them holds.
    Any(Vec<Criteria>),
    /// A field is one of these values, or none of them if negated.
    Is {
        /// The field.
        field: String,
        /// The values.
        values: Vec<String>,
        /// Whether it must be none of them.
        negated: bool,
    },
}

impl Criteria {
    /// Reads a condition on these fields. Says where it cannot be read.
    ///
    /// # Errors
    /// The place, in bytes.
    pub fn parse(text: &str, fields: &[&str]) -> Result<Criteria, usize> {
        let mut parser = Parser { cursor: Cursor::new(text), fields };
        let read = parser.any(0);
        parser.cursor.skip_space();
        let rest = parser.cursor.rest();
        read.filter(|_| rest.is_empty()).ok_or(text.len() - rest.len())
    }

    /// Whether it holds, `is` saying of a field whether it has a value.
    pub fn holds(&self, is: &dyn Fn(&str, &str) -> bool) -> bool {
        match self {
            Criteria::All(inner) => inner.iter().all(|one| one.holds(is)),
            Criteria::Any(inner) => inner.iter().any(|one| one.holds(is)),
            Criteria::Is { field, values, negated } => values.iter().any(|value| is(field, value)) != *negated,
        }
    }

    /// Its conditions on single fields.
    pub fn leaves(&self) -> Vec<(&str, &[String], bool)> {
        match self {
            Criteria::All(inner) | Criteria::Any(inner) => inner.iter().flat_map(Criteria::leaves).collect(),
            Criteria::Is { field, values, negated } => vec![(field, values, *negated)],
        }
    }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    fields: &'a [&'a str],
}

impl Parser<'_> {
    fn any(&mut self, depth: usize) -> Option<Criteria> {
        let mut inner = vec![self.all(depth)?];
        while self.cursor.eat_word("OR") {
            inner.push(self.all(depth)?);
        }
        Some(if inner.len() == 1 { inner.remove(0) } else { Criteria::Any(inner) })
    }

    fn all(&mut self, depth: usize) -> Option<Criteria> {
        let mut inner = vec![self.one(depth)?];
        while self.cursor.eat_word("AND") {
            inner.push(self.one(depth)?);
        }
        Some(if inner.len() == 1 { inner.remove(0) } else { Criteria::All(inner) })
    }

    fn one(&mut self, depth: usize) -> Option<Criteria> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.cursor.eat("(") {
            let inner = self.any(depth + 1)?;
            return self.cursor.eat(")").then_some(inner);
        }
        let field = self.field()?;
        let negated = self.cursor.eat("!=");
        if negated || self.cursor.eat("=") {
            return Some(Criteria::Is { field, values: vec![self.value()?], negated });
        }
        let negated = self.cursor.eat_word("NOT");
        if !self.cursor.eat_word("IN") || !self.cursor.eat("[") {
            return None;
        }
        Some(Criteria::Is { field, values: self.values()?, negated })
    }

    fn field(&mut self) -> Option<String> {
        let mut behind = self.cursor;
        let goes_on = |c: char| c.is_alphanumeric() || c == '.';
        let field = self.fields.iter().find(|field| {
            behind = self.cursor;
            behind.eat(field) && !behind.peek().is_some_and(goes_on)
        })?;
        self.cursor = behind;
        Some((*field).to_owned())
    }

    /// What stands in brackets, behind the first of them.
    fn values(&mut self) -> Option<Vec<String>> {
        let mut values = Vec::new();
        while !self.cursor.eat("]") {
            if !values.is_empty() && !self.cursor.eat(",") {
                return None;
            }
            values.push(self.value()?);
        }
        Some(values)
    }

    fn value(&mut self) -> Option<String> {
        let quote = ["\"", "'"].into_iter().find(|quote| self.cursor.eat(quote))?;
        let value = self.cursor.take_while(|c| !quote.contains(c)).to_owned();
        self.cursor.eat(quote).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [&str; 2] = ["@aws.account", "@aws.region"];

    #[test]
    fn conditions_hold_or_do_not() {
        let is = |field: &str, value: &str| match field {
            "@aws.account" => value == "1",
            _ => value == "us-east-1",
        };
        for (text, expected) in [
            (r#"@aws.region NOT IN ["cn-north-1"]"#, true),
            (r#"@aws.account = "1" AND @aws.region = "us-east-1""#, true),
            (r#"@aws.account != '1' or @aws.region in ["a", "us-east-1"]"#, true),
            (r#"@aws.account = "2" OR (@aws.region = "us-east-1" AND @aws.account != "1")"#, false),
            (r#"@aws.account IN []"#, false),
        ] {
            let criteria = Criteria::parse(text, &FIELDS).unwrap_or_else(|at| panic!("{text} at {at}"));
            assert_eq!(criteria.holds(&is), expected, "{text}");
        }
    }

    #[test]
    fn others_are_refused_with_their_place() {
        for (text, at) in
            [("", 0), ("@aws.zone = 'a'", 0), ("@aws.region", 11), ("@aws.region = x", 14), ("@aws.region IN ['a'", 19)]
        {
            assert_eq!(Criteria::parse(text, &FIELDS), Err(at), "{text}");
        }
        assert!(Criteria::parse(&"(".repeat(100), &FIELDS).is_err());
    }
}
