//! From text to commands.

mod command;
mod expression;
mod inner;
mod source;
mod whole;

use std::sync::Arc;

use crate::aggregate::Aggregate;
use crate::error::Malformed;
use crate::expression::Expression;
use crate::extract::Extractor;
use crate::inputs::Lookup;
use crate::lexer::{Kind, Lexer, Token};
use crate::shift::Shift;
use crate::value::Value;

pub(crate) use inner::ParsedInner;
pub use source::Source;

/// How deep expressions nest.
const MAX_DEPTH: usize = 48;

/// An expression as written.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) expression: Expression,
    /// Its alias, its field, or its text.
    pub(crate) name: String,
    /// Its text, which names a column that an earlier command computed from the same.
    pub(crate) source: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A command.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    Fields(Vec<Item>),
    Display(Vec<Item>),
    Filter(Item),
    Parse {
        from: Item,
        extractor: Extractor,
    },
    Stats {
        aggregates: Vec<Aggregate>,
        columns: Vec<Item>,
        by: Vec<Item>,
    },
    Sort(Vec<(Item, bool)>),
    Limit {
        most: usize,
        any: bool,
    },
    Dedup(Vec<Item>),
    Unnest {
        from: Item,
        name: String,
    },
    Pattern(Item),
    /// The names are those of the left side and the right.
    Join {
        inner: usize,
        names: [Arc<str>; 2],
        on: Vec<Expression>,
        keeps_left: bool,
    },
    Lookup {
        number: usize,
        on: Vec<Expression>,
        output: Vec<Arc<str>>,
    },
    Diff(Shift),
    FillMissing(Vec<(Arc<str>, Value)>),
    FillDown(Vec<String>),
    Accumulate {
        field: Arc<str>,
        name: Arc<str>,
    },
    Totals {
        fields: Vec<Arc<str>>,
        row: Option<Arc<str>>,
        column: bool,
    },
}

/// What an inner query is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// The values of the field that is looked for, if it is one.
    Values(Option<Arc<str>>),
    /// Its rows, by these fields.
    Rows(Vec<Arc<str>>),
}

/// Commands, each with the place of its first word.
pub(crate) type Commands = Vec<(Command, Token)>;

/// A whole query.
pub(crate) struct Parsed<'q> {
    pub(crate) text: &'q str,
    /// Whose events it reads, if it says so itself.
    pub(crate) source: Option<Source>,
    pub(crate) commands: Commands,
    /// Queries inside it; those inside of one come before it.
    pub(crate) inner: Vec<ParsedInner>,
    pub(crate) lookups: Vec<Lookup>,
}

/// Reads a query; an empty one has no commands.
pub(crate) fn parse(text: &str) -> Result<Parsed<'_>, Malformed> {
    if text.chars().count() > crate::MAX_QUERY_CHARS {
        return Err(Malformed::at("The query is too long", text, 0, text.len()));
    }
    let mut parser = Parser::new(text)?;
    let source = parser.source()?;
    let commands = if parser.token.kind == Kind::End { Vec::new() } else { parser.commands()? };
    if parser.token.kind != Kind::End {
        return Err(parser.unexpected());
    }
    Ok(Parsed { text, source, commands, inner: parser.inner, lookups: parser.lookups })
}

/// The words that are left, with one looked at.
struct Parser<'q> {
    lexer: Lexer<'q>,
    token: Token,
    /// Where the word before ends.
    last_end: usize,
    depth: usize,
    /// The aggregations found, while they are allowed.
    aggregates: Option<Vec<Aggregate>>,
    inner: Vec<ParsedInner>,
    /// How deep in inner queries the word is.
    nested: usize,
    lookups: Vec<Lookup>,
}

impl<'q> Parser<'q> {
    fn new(text: &'q str) -> Result<Parser<'q>, Malformed> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next()?;
        let (inner, lookups) = (Vec::new(), Vec::new());
        Ok(Parser { lexer, token, last_end: 0, depth: 0, aggregates: None, inner, nested: 0, lookups })
    }

    fn commands(&mut self) -> Result<Commands, Malformed> {
        let mut commands = Vec::new();
        loop {
            let first = self.token.clone();
            commands.push((self.command()?, first));
            if !self.eat("|")? {
                return Ok(commands);
            }
        }
    }

    fn advance(&mut self) -> Result<Token, Malformed> {
        let next = self.lexer.next()?;
        self.last_end = self.token.end;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.token.kind, Kind::Symbol(own) if own == symbol)
    }

    fn eat(&mut self, symbol: &str) -> Result<bool, Malformed> {
        let found = self.is(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Malformed> {
        if self.eat(symbol)? { Ok(()) } else { Err(self.unexpected()) }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token.kind, Kind::Name { text, quoted: false } if text.eq_ignore_ascii_case(word))
    }

    fn eat_word(&mut self, word: &str) -> Result<bool, Malformed> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn name(&mut self) -> Result<String, Malformed> {
        match &self.token.kind {
            Kind::Name { text, .. } => {
                let text = text.clone();
                self.advance()?;
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// If a regular expression begins here: it, with its place.
    fn regex(&mut self) -> Result<Option<regex::Regex>, Malformed> {
        if !self.is("/") {
            return Ok(None);
        }
        let start = self.token.start;
        let pattern = self.lexer.regex(start)?;
        self.token = self.lexer.next()?;
        let end = self.lexer.text[..self.token.start].trim_end().len();
        self.last_end = end;
        self.compiled(&pattern, start, end).map(Some)
    }

    fn compiled(&self, pattern: &str, start: usize, end: usize) -> Result<regex::Regex, Malformed> {
        crate::extract::regex(pattern)
            .map_err(|_| Malformed::at(format!("Invalid regular expression: {pattern}"), self.lexer.text, start, end))
    }

    /// The word that is looked at cannot stand there.
    fn unexpected(&self) -> Malformed {
        Malformed::unexpected(self.lexer.text, self.token.start, self.token.end)
    }

    fn wrong(&self, message: impl Into<String>, start: usize) -> Malformed {
        Malformed::at(message, self.lexer.text, start, self.last_end.max(start))
    }
}
