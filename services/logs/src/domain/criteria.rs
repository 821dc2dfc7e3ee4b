//! Conditions on what is known of an event beside its text: `@aws.region NOT IN ["cn-north-1"]`, or of a group:
//! `LogGroupName NOT IN ["a", "b"]`. One grammar serves the selection criteria of account policies and the field
//! selection of filters.

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
        let mut parser = Parser { text, at: 0, fields };
        let criteria = parser.any(0)?;
        parser.skip();
        if parser.at == text.len() { Ok(criteria) } else { Err(parser.at) }
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
    text: &'a str,
    at: usize,
    fields: &'a [&'a str],
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, symbol: &str) -> bool {
        self.skip();
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let rest = self.rest();
        let found = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !rest[word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn any(&mut self, depth: usize) -> Result<Criteria, usize> {
        let mut inner = vec![self.all(depth)?];
        while self.word("OR") {
            inner.push(self.all(depth)?);
        }
        Ok(if inner.len() == 1 { inner.remove(0) } else { Criteria::Any(inner) })
    }

    fn all(&mut self, depth: usize) -> Result<Criteria, usize> {
        let mut inner = vec![self.one(depth)?];
        while self.word("AND") {
            inner.push(self.one(depth)?);
        }
        Ok(if inner.len() == 1 { inner.remove(0) } else { Criteria::All(inner) })
    }

    fn one(&mut self, depth: usize) -> Result<Criteria, usize> {
        if depth > MAX_DEPTH {
            return Err(self.at);
        }
        if self.eat("(") {
            let inner = self.any(depth + 1)?;
            return if self.eat(")") { Ok(inner) } else { Err(self.at) };
        }
        self.skip();
        let known = self.fields.iter().find(|field| {
            let behind = self.rest().strip_prefix(**field);
            behind.is_some_and(|behind| !behind.starts_with(|c: char| c.is_alphanumeric() || c == '.'))
        });
        let field = (*known.ok_or(self.at)?).to_owned();
        self.at += field.len();
        let negated = self.eat("!=");
        if negated || self.eat("=") {
            return Ok(Criteria::Is { field, values: vec![self.value()?], negated });
        }
        let negated = self.word("NOT");
        if !self.word("IN") {
            return Err(self.at);
        }
        Ok(Criteria::Is { field, values: self.list()?, negated })
    }

    fn list(&mut self) -> Result<Vec<String>, usize> {
        if !self.eat("[") {
            return Err(self.at);
        }
        let mut values = Vec::new();
        if self.eat("]") {
            return Ok(values);
        }
        loop {
            values.push(self.value()?);
            if self.eat("]") {
                return Ok(values);
            }
            if !self.eat(",") {
                return Err(self.at);
            }
        }
    }

    fn value(&mut self) -> Result<String, usize> {
        self.skip();
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(self.at)?;
        let end = self.rest()[1..].find(quote).ok_or(self.at)?;
        let value = self.rest()[1..=end].to_owned();
        self.at += end + 2;
        Ok(value)
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
