use crate::error::{Error, Fault};
use crate::lexer::{Token, tokens};

/// How deep parentheses, lists and functions may nest: it bounds the recursion.
const MAX_DEPTH: usize = 60;

/// Words that are never names unless they are quoted.
const KEYWORDS: [&str; 30] = [
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "DELETE",
    "DESC",
    "EXISTS",
    "FALSE",
    "FROM",
    "GROUP",
    "HAVING",
    "IN",
    "INSERT",
    "INTO",
    "IS",
    "LIKE",
    "LIMIT",
    "MISSING",
    "NOT",
    "NULL",
    "OR",
    "ORDER",
    "REMOVE",
    "RETURNING",
    "SELECT",
    "SET",
    "TRUE",
    "WHERE",
];

/// Reads tokens one by one.
pub struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    parameters: usize,
}

impl Parser {
    pub fn new(text: &str) -> Result<Parser, Error> {
        Ok(Parser { tokens: tokens(text)?, at: 0, depth: 0, parameters: 0 })
    }

    /// How many parameters were read.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// The number of a parameter that was just read.
    pub fn parameter(&mut self) -> usize {
        self.parameters += 1;
        self.parameters - 1
    }

    pub fn peek(&self) -> &Token {
        &self.tokens[self.at]
    }

    /// The token behind the next.
    pub fn second(&self) -> &Token {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    pub fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    pub fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(found) if *found == symbol)
    }

    /// Takes a symbol if it comes next.
    pub fn take(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.next();
        }
        found
    }

    pub fn expect(&mut self, symbol: &str, fault: Fault) -> Result<(), Error> {
        if self.take(symbol) { Ok(()) } else { Err(fault.into()) }
    }

    pub fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// Takes a word, in any case, if it comes next.
    pub fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.next();
        }
        found
    }

    /// Whether the next token is a keyword.
    pub fn is_keyword(&self) -> bool {
        matches!(self.peek(), Token::Word(word) if KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)))
    }

    /// Takes a name: a quoted one, or a word that is no keyword.
    pub fn name(&mut self) -> Option<String> {
        if self.is_keyword() {
            return None;
        }
        match self.peek() {
            Token::Word(name) | Token::Name(name) => {
                let name = name.clone();
                self.next();
                Some(name)
            }
            _ => None,
        }
    }

    /// Whether nothing is left.
    pub fn is_end(&self) -> bool {
        *self.peek() == Token::End
    }

    /// Enters one level of nesting.
    pub fn descend<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::Unreadable.into());
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }
}
