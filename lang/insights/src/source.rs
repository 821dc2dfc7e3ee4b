//! `SOURCE logGroups(namePrefix: ["a"], class: ["STANDARD"])` in front of a query: whose events it reads.

use crate::error::Malformed;

/// The most prefixes, as AWS documents.
const MAX_PREFIXES: usize = 5;
/// The shortest of them, in characters.
const MIN_PREFIX_CHARS: usize = 3;

/// Which groups a query names by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// What their names begin with; any if there is none.
    pub prefixes: Vec<String>,
    /// Their classes; the standard one if there is none.
    pub classes: Vec<String>,
    /// Their accounts; the caller's if there is none.
    pub accounts: Vec<String>,
}

/// Takes the clause off a query. What is left has spaces where it stood, so that places stay what they are.
pub(crate) fn split(text: &str) -> Result<(Option<Source>, String), Malformed> {
    let begin = text.len() - text.trim_start().len();
    let is_source = text[begin..].get(..6).is_some_and(|word| word.eq_ignore_ascii_case("source"))
        && !text[begin + 6..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    if !is_source {
        return Ok((None, text.to_owned()));
    }
    let mut parser = Parser { text, at: begin + 6 };
    let source = parser.source()?;
    parser.skip();
    if !parser.eat("|") && parser.at < text.len() {
        return Err(parser.unexpected());
    }
    let blank: String = text[..parser.at].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
    Ok((Some(source), blank + &text[parser.at..]))
}

struct Parser<'q> {
    text: &'q str,
    at: usize,
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
        let found = self.rest().get(..symbol.len()).is_some_and(|start| start.eq_ignore_ascii_case(symbol));
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Malformed> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> Malformed {
        let end = self.at + self.rest().chars().next().map_or(0, char::len_utf8);
        Malformed::unexpected(self.text, self.at, end)
    }

    fn source(&mut self) -> Result<Source, Malformed> {
        let mut source = Source::default();
        self.expect("logGroups")?;
        self.expect("(")?;
        while !self.eat(")") {
            let start = self.at;
            let list = if self.eat("namePrefix") {
                &mut source.prefixes
            } else if self.eat("class") {
                &mut source.classes
            } else if self.eat("accountIdentifiers") || self.eat("accountIdentifier") {
                &mut source.accounts
            } else {
                return Err(self.unexpected());
            };
            *list = self.list()?;
            let is_short = source.prefixes.iter().any(|prefix| prefix.chars().count() < MIN_PREFIX_CHARS);
            if is_short || source.prefixes.len() > MAX_PREFIXES {
                let words = "namePrefix must have between 1 and 5 prefixes of at least 3 characters";
                return Err(Malformed::at(words, self.text, start, self.at));
            }
            // A comma between two of them, none behind the last.
            if !self.eat(",") && !self.rest().starts_with(')') {
                return Err(self.unexpected());
            }
        }
        Ok(source)
    }

    fn list(&mut self) -> Result<Vec<String>, Malformed> {
        if !self.eat(":") {
            self.expect("=")?;
        }
        self.expect("[")?;
        let mut values = Vec::new();
        while !self.eat("]") {
            values.push(self.quoted()?);
            if !self.eat(",") && !self.rest().starts_with(']') {
                return Err(self.unexpected());
            }
        }
        self.skip();
        Ok(values)
    }

    fn quoted(&mut self) -> Result<String, Malformed> {
        self.skip();
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(|| self.unexpected())?;
        let end = self.rest()[1..].find(quote).ok_or_else(|| self.unexpected())?;
        let value = self.rest()[1..=end].to_owned();
        self.at += end + 2;
        self.skip();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clause_is_taken_off() {
        let (source, rest) =
            split(r#"SOURCE logGroups(namePrefix: ["/app", '/lib'], class: ["STANDARD"]) | fields a"#).unwrap();
        let source = source.unwrap();
        assert_eq!((source.prefixes.len(), source.classes), (2, vec!["STANDARD".to_owned()]));
        assert_eq!(rest.trim_start(), "fields a");
        assert_eq!(split("fields source").unwrap(), (None, "fields source".to_owned()));
        assert_eq!(split("source logGroups()").unwrap().0, Some(Source::default()));
        for text in [
            "SOURCE",
            "SOURCE x",
            "SOURCE logGroups(",
            "SOURCE logGroups(namePrefix: ['a'])",
            "SOURCE logGroups() fields a",
        ] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
