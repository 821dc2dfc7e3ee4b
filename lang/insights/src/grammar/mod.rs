//! From text to commands.

mod command;
mod expression;
mod source;

use crate::aggregate::Aggregate;
use crate::error::Malformed;
use crate::expression::Expression;
use crate::extract::Extractor;
use crate::lexer::{Kind, Lexer, Token};

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
    Parse { from: Item, extractor: Extractor },
    Stats { aggregates: Vec<Aggregate>, columns: Vec<Item>, by: Vec<Item> },
    Sort(Vec<(Item, bool)>),
    Limit { most: usize, any: bool },
    Dedup(Vec<Item>),
    Unnest { from: Item, name: String },
    Pattern(Item),
}

/// A whole query.
pub(crate) struct Parsed<'q> {
    pub(crate) text: &'q str,
    /// Whose events it reads, if it says so itself.
    pub(crate) source: Option<Source>,
    /// Each with the place of its first word.
    pub(crate) commands: Vec<(Command, Token)>,
}

/// Reads a query; an empty one has no commands.
pub(crate) fn parse(text: &str) -> Result<Parsed<'_>, Malformed> {
    if text.chars().count() > crate::MAX_QUERY_CHARS {
        return Err(Malformed::at("The query is too long", text, 0, text.len()));
    }
    let mut parser = Parser::new(text)?;
    let source = parser.source()?;
    let mut commands = Vec::new();
    if parser.token.kind != Kind::End {
        loop {
            let first = parser.token.clone();
            commands.push((parser.command()?, first));
            if !parser.eat("|")? {
                break;
            }
        }
    }
    if parser.token.kind != Kind::End {
        return Err(parser.unexpected());
    }
    Ok(Parsed { text, source, commands })
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
}

impl<'q> Parser<'q> {
    fn new(text: &'q str) -> Result<Parser<'q>, Malformed> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next()?;
        Ok(Parser { lexer, token, last_end: 0, depth: 0, aggregates: None })
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
