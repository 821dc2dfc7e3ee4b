//! `SOURCE logGroups(namePrefix: ["a"], class: ["STANDARD"])`, or `SOURCE 'a', 'b'`, in front of a query: whose events
//! it reads.

use super::Parser;
use crate::error::Malformed;
use crate::lexer::Kind;

/// The most prefixes, as AWS documents.
const MAX_PREFIXES: usize = 5;
/// The shortest of them, in characters.
const MIN_PREFIX_CHARS: usize = 3;

/// Which groups a query names by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The groups themselves, by name or ARN. If there are any, nothing else chooses.
    pub names: Vec<String>,
    /// What their names begin with; any if there is none.
    pub prefixes: Vec<String>,
    /// Their classes; the standard one if there is none.
    pub classes: Vec<String>,
    /// Their accounts; the caller's if there is none.
    pub accounts: Vec<String>,
}

impl Parser<'_> {
    /// The clause in front of a query, and the bar behind it, if there is one.
    pub(super) fn source(&mut self) -> Result<Option<Source>, Malformed> {
        if !self.eat_word("source")? {
            return Ok(None);
        }
        let source = self.log_groups()?;
        if !self.eat("|")? && self.token.kind != Kind::End && !self.is(")") {
            return Err(self.unexpected());
        }
        Ok(Some(source))
    }

    fn log_groups(&mut self) -> Result<Source, Malformed> {
        let mut source = Source::default();
        if !self.eat_word("logGroups")? {
            source.names.push(self.text()?);
            while self.eat(",")? {
                source.names.push(self.text()?);
            }
            return Ok(source);
        }
        self.expect("(")?;
        while !self.eat(")")? {
            let start = self.token.start;
            let list = if self.eat_word("namePrefix")? {
                &mut source.prefixes
            } else if self.eat_word("class")? {
                &mut source.classes
            } else if self.eat_word("accountIdentifiers")? || self.eat_word("accountIdentifier")? {
                &mut source.accounts
            } else {
                return Err(self.unexpected());
            };
            *list = self.texts()?;
            let is_short = source.prefixes.iter().any(|prefix| prefix.chars().count() < MIN_PREFIX_CHARS);
            if is_short || source.prefixes.len() > MAX_PREFIXES {
                let words = "namePrefix must have between 1 and 5 prefixes of at least 3 characters";
                return Err(self.wrong(words, start));
            }
            // A comma between two of them, none behind the last.
            if !self.eat(",")? && !self.is(")") {
                return Err(self.unexpected());
            }
        }
        Ok(source)
    }

    fn texts(&mut self) -> Result<Vec<String>, Malformed> {
        if !self.eat(":")? {
            self.expect("=")?;
        }
        self.expect("[")?;
        let mut values = Vec::new();
        while !self.eat("]")? {
            values.push(self.text()?);
            if !self.eat(",")? && !self.is("]") {
                return Err(self.unexpected());
            }
        }
        Ok(values)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        let Kind::Text(value) = &self.token.kind else { return Err(self.unexpected()) };
        let value = value.clone();
        self.advance()?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{Parsed, parse};

    #[test]
    fn the_clause_stands_in_front() {
        let Parsed { source, commands, .. } =
            parse(r#"SOURCE logGroups(namePrefix: ["/app", '/lib'], class: ["STANDARD"]) | fields a"#).unwrap();
        let source = source.unwrap();
        assert_eq!((source.prefixes.len(), source.classes), (2, vec!["STANDARD".to_owned()]));
        assert_eq!((commands.len(), commands[0].1.start), (1, 70));
        assert_eq!(parse("fields source").unwrap().source, None);
        assert_eq!(parse("source logGroups()").unwrap().source, Some(Source::default()));
        assert_eq!(parse("SOURCE 'a', \"b\" | limit 1").unwrap().source.unwrap().names, ["a", "b"]);
        for text in [
            "SOURCE",
            "SOURCE 'a' fields b",
            "SOURCE 'a')",
            "SOURCE x",
            "SOURCE logGroups(",
            "SOURCE logGroups(namePrefix: ['a'])",
            "SOURCE logGroups() fields a",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
