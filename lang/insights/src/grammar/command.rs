//! Commands.

use std::sync::Arc;

use super::{Command, Item, Parser};
use crate::error::Malformed;
use crate::expression::Expression;
use crate::extract::Extractor;
use crate::functions::Function;
use crate::lexer::Kind;

/// Commands that AWS has and that are not here.
const UNSUPPORTED: [&str; 5] = ["anomaly", "relevantfields", "search", "tail", "append"];

/// `unmask @message` is `fields unmask(@message) as @message`.
fn unmasked(item: Item) -> Item {
    let function = Function::named("unmask").expect("there is such a function");
    Item { expression: Expression::Call(function, vec![item.expression]), ..item }
}

impl Parser<'_> {
    pub(super) fn command(&mut self) -> Result<Command, Malformed> {
        let first = self.token.clone();
        let Kind::Name { text, quoted: false } = &first.kind else { return Err(self.unexpected()) };
        let word = text.to_ascii_lowercase();
        let at = |parser: &mut Self, command: fn(&mut Self) -> Result<Command, Malformed>| {
            parser.advance()?;
            command(parser)
        };
        match word.as_str() {
            "fields" => at(self, |p| Ok(Command::Fields(p.items()?))),
            "unmask" => at(self, |p| Ok(Command::Fields(p.items()?.into_iter().map(unmasked).collect()))),
            "display" => at(self, |p| Ok(Command::Display(p.items()?))),
            "filter" | "where" | "filterindex" => at(self, |p| Ok(Command::Filter(p.item()?))),
            "parse" => at(self, Parser::parse_command),
            "stats" => at(self, Parser::stats),
            "sort" | "order" => at(self, Parser::sort),
            "limit" | "head" => at(self, Parser::limit),
            "dedup" => at(self, |p| Ok(Command::Dedup(p.items()?))),
            "pattern" => at(self, |p| Ok(Command::Pattern(p.item()?))),
            "unnest" | "expand" => at(self, Parser::unnest),
            "join" => at(self, Parser::join),
            "lookup" => at(self, Parser::lookup),
            "diff" => at(self, Parser::diff),
            "logcompare" => at(self, Parser::logcompare),
            "fillmissing" => at(self, Parser::fillmissing),
            "filldown" => at(self, Parser::filldown),
            "accum" => at(self, Parser::accum),
            "addtotals" => at(self, Parser::addtotals),
            word if UNSUPPORTED.contains(&word) => Err(Malformed::at(
                format!("The {word} command is not supported"),
                self.lexer.text,
                first.start,
                first.end,
            )),
            _ => Err(self.unexpected()),
        }
    }

    /// One expression, perhaps with an alias.
    fn item(&mut self) -> Result<Item, Malformed> {
        let start = self.token.start;
        let expression = self.expression()?;
        let end = self.last_end;
        let source = self.lexer.text[start..end].to_owned();
        let name = match &expression {
            _ if self.eat_word("as")? => self.name()?,
            Expression::Field(name) => name.to_string(),
            _ => source.clone(),
        };
        Ok(Item { expression, name, source, start, end })
    }

    fn items(&mut self) -> Result<Vec<Item>, Malformed> {
        let mut items = vec![self.item()?];
        while self.eat(",")? {
            items.push(self.item()?);
        }
        Ok(items)
    }

    pub(super) fn names(&mut self) -> Result<Vec<Arc<str>>, Malformed> {
        let mut names = vec![self.name()?.into()];
        while self.eat(",")? {
            names.push(self.name()?.into());
        }
        Ok(names)
    }

    /// `parse FIELD "glob" as a, b`, `parse FIELD /(?<a>…)/`, `parse FIELD logfmt as a`.
    fn parse_command(&mut self) -> Result<Command, Malformed> {
        let begin = self.token.start;
        let from = if matches!(self.token.kind, Kind::Text(_)) || self.is("/") {
            message()
        } else {
            // A regular expression may follow, so its slash must not be taken for a division.
            let (start, end) = (self.token.start, self.token.end);
            let name = self.name()?;
            let source = self.lexer.text[start..end].to_owned();
            Item { expression: Expression::Field(name.as_str().into()), name, source, start, end }
        };
        if self.eat_word("logfmt")? {
            if !self.eat_word("as")? {
                return Err(self.unexpected());
            }
            return Ok(Command::Parse { from, extractor: Extractor::Logfmt(self.name()?.into()) });
        }
        let regex = self.regex()?;
        let glob = match (&regex, &self.token.kind) {
            (None, Kind::Text(glob)) => {
                let glob = glob.clone();
                self.advance()?;
                Some(glob)
            }
            (None, _) => return Err(self.unexpected()),
            (Some(_), _) => None,
        };
        let names = if self.eat_word("as")? { self.names()? } else { Vec::new() };
        let extractor = match (regex, glob) {
            (Some(regex), _) => Extractor::groups(regex, names),
            (None, glob) => Extractor::glob(&glob.unwrap_or_default(), names),
        };
        let extractor = extractor.ok_or_else(|| {
            self.wrong("The number of fields does not match the number of captured values in parse", begin)
        })?;
        Ok(Command::Parse { from, extractor })
    }

    fn stats(&mut self) -> Result<Command, Malformed> {
        let begin = self.token.start;
        self.aggregates = Some(Vec::new());
        let columns = self.items();
        let aggregates = self.aggregates.take().unwrap_or_default();
        let columns = columns?;
        if aggregates.is_empty() {
            return Err(self.wrong("The stats command needs an aggregation function", begin));
        }
        let by = if self.eat_word("by")? { self.items()? } else { Vec::new() };
        Ok(Command::Stats { aggregates, columns, by })
    }

    fn sort(&mut self) -> Result<Command, Malformed> {
        // `order by` is another way to say it.
        self.eat_word("by")?;
        let mut keys = Vec::new();
        loop {
            let item = self.item()?;
            let descending = self.eat_word("desc")?;
            if !descending {
                self.eat_word("asc")?;
            }
            keys.push((item, descending));
            if !self.eat(",")? {
                return Ok(Command::Sort(keys));
            }
        }
    }

    fn limit(&mut self) -> Result<Command, Malformed> {
        let any = self.eat_word("any")?;
        match self.token.kind {
            Kind::Number(most) if most >= 1.0 && most.fract() == 0.0 && most <= crate::MAX_LIMIT as f64 => {
                self.advance()?;
                Ok(Command::Limit { most: most as usize, any })
            }
            _ => Err(self.unexpected()),
        }
    }

    fn unnest(&mut self) -> Result<Command, Malformed> {
        let from = self.item()?;
        let name = if self.eat_word("into")? { self.name()? } else { from.name.clone() };
        Ok(Command::Unnest { from, name })
    }
}

/// What `parse` takes apart if it is not told.
fn message() -> Item {
    let name = "@message".to_owned();
    Item { expression: Expression::Field("@message".into()), source: name.clone(), name, start: 0, end: 0 }
}
