//! Expressions: `OR` binds weakest, then `AND`, `NOT`, comparisons, sums, and terms.

use crate::ast::{Comparator, Expression, Literal, Path, Step};
use crate::error::{Error, Fault};
use crate::lexer::Token;
use crate::parser::Parser;

/// The types that `IS` knows beside `NULL` and `MISSING`; DynamoDB tests none of them.
const TYPES: [&str; 14] = [
    "BAG",
    "BLOB",
    "BOOL",
    "BOOLEAN",
    "CHARACTER",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "INT",
    "INTEGER",
    "LIST",
    "STRING",
    "STRUCT",
    "TUPLE",
];

impl Parser {
    /// Any expression.
    pub fn expression(&mut self) -> Result<Expression, Error> {
        let mut left = self.conjunction()?;
        while self.take_word("OR") {
            let right = self.right(Parser::conjunction)?;
            left = Expression::Or(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expression, Error> {
        let mut left = self.negation()?;
        while self.take_word("AND") {
            let right = self.right(Parser::negation)?;
            left = Expression::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// What follows an operator.
    fn right(&mut self, inner: fn(&mut Parser) -> Result<Expression, Error>) -> Result<Expression, Error> {
        if self.is_end() || self.is_symbol(";") {
            return Err(Fault::RightHand.into());
        }
        inner(self)
    }

    fn negation(&mut self) -> Result<Expression, Error> {
        if !self.take_word("NOT") {
            return self.comparison();
        }
        let inner = self.descend(Parser::negation)?;
        Ok(Expression::Not(Box::new(inner)))
    }

    fn comparison(&mut self) -> Result<Expression, Error> {
        let left = self.sum()?;
        if let Some(comparator) = self.comparator() {
            let right = self.right(Parser::sum)?;
            return Ok(Expression::Compare(comparator, Box::new(left), Box::new(right)));
        }
        if self.take_word("IS") {
            return self.is(left);
        }
        let negated = self.is_word("NOT") && matches!(self.second(), Token::Word(_)) && self.take_word("NOT");
        let found = if self.take_word("IN") {
            Expression::In(Box::new(left), self.alternatives()?)
        } else if self.take_word("BETWEEN") {
            let low = self.right(Parser::sum)?;
            if !self.take_word("AND") {
                return Err(Fault::Expected("Expected AND after BETWEEN").into());
            }
            let high = self.right(Parser::sum)?;
            Expression::Between(Box::new(left), Box::new(low), Box::new(high))
        } else if self.is_word("LIKE") {
            return Err(Error::Clause("LIKE"));
        } else if negated {
            return Err(Fault::Operator.into());
        } else {
            return Ok(left);
        };
        Ok(if negated { Expression::Not(Box::new(found)) } else { found })
    }

    fn comparator(&mut self) -> Option<Comparator> {
        let all = [
            ("=", Comparator::Equal),
            ("<>", Comparator::NotEqual),
            ("!=", Comparator::NotEqual),
            ("<", Comparator::Less),
            ("<=", Comparator::LessOrEqual),
            (">", Comparator::Greater),
            (">=", Comparator::GreaterOrEqual),
        ];
        all.into_iter().find(|(symbol, _)| self.take(symbol)).map(|(_, comparator)| comparator)
    }

    fn is(&mut self, left: Expression) -> Result<Expression, Error> {
        let negated = self.take_word("NOT");
        let left = Box::new(left);
        let found = if self.take_word("NULL") {
            Expression::IsNull(left)
        } else if self.take_word("MISSING") {
            Expression::IsMissing(left)
        } else if TYPES.iter().any(|kind| self.is_word(kind)) {
            return Err(Error::Clause("IS"));
        } else {
            return Err(Fault::TypeName.into());
        };
        Ok(if negated { Expression::Not(Box::new(found)) } else { found })
    }

    /// What stands behind `IN`: a list, in brackets or parentheses.
    fn alternatives(&mut self) -> Result<Vec<Expression>, Error> {
        for (open, close) in [("[", "]"), ("(", ")"), ("<<", ">>")] {
            if self.take(open) {
                return self.list(close);
            }
        }
        Err(if self.is_end() { Fault::RightHand } else { Fault::Term }.into())
    }

    fn sum(&mut self) -> Result<Expression, Error> {
        let mut left = self.term()?;
        loop {
            if self.take("+") {
                let right = self.right(Parser::term)?;
                left = Expression::Plus(Box::new(left), Box::new(right));
            } else if self.take("-") {
                let right = self.right(Parser::term)?;
                left = Expression::Minus(Box::new(left), Box::new(right));
            } else {
                return Ok(left);
            }
        }
    }

    fn term(&mut self) -> Result<Expression, Error> {
        for (word, literal) in [
            ("NULL", Literal::Null),
            ("MISSING", Literal::Missing),
            ("TRUE", Literal::Bool(true)),
            ("FALSE", Literal::Bool(false)),
        ] {
            if self.take_word(word) {
                return Ok(Expression::Literal(literal));
            }
        }
        if ["AND", "OR", "IS", "IN", "LIKE", "BETWEEN"].iter().any(|word| self.is_word(word)) {
            return Err(Fault::Operator.into());
        }
        if self.is_keyword() {
            return Err(Fault::Keyword.into());
        }
        match self.peek().clone() {
            Token::Text(text) => {
                self.next();
                Ok(Expression::Literal(Literal::Text(text)))
            }
            Token::Number(text) => {
                self.next();
                Ok(Expression::Literal(Literal::Number(text)))
            }
            Token::Word(name) if *self.second() == Token::Symbol("(") => {
                self.next();
                self.next();
                Ok(Expression::Call(name, self.list(")")?))
            }
            Token::Word(_) | Token::Name(_) => self.path().map(Expression::Path),
            Token::Symbol(symbol) => self.structure(symbol),
            Token::End => Err(Fault::Term.into()),
        }
    }

    /// A term that begins with a symbol.
    fn structure(&mut self, symbol: &str) -> Result<Expression, Error> {
        match symbol {
            "?" => {
                self.next();
                Ok(Expression::Parameter(self.parameter()))
            }
            "(" => {
                self.next();
                let inner = self.descend(Parser::expression)?;
                self.expect(")", Fault::Expected("Expected )"))?;
                Ok(inner)
            }
            "[" => {
                self.next();
                self.list("]").map(Expression::List)
            }
            "<<" => {
                self.next();
                self.list(">>").map(Expression::Set)
            }
            "{" => {
                self.next();
                self.map().map(Expression::Map)
            }
            "+" | "-" => {
                self.next();
                let sign = if symbol == "-" { "-" } else { "" };
                match self.next() {
                    Token::Number(text) => Ok(Expression::Literal(Literal::Number(format!("{sign}{text}")))),
                    _ => Err(Fault::Term.into()),
                }
            }
            "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" | "*" | "||" => Err(Fault::Operator.into()),
            _ => Err(Fault::Term.into()),
        }
    }

    /// Expressions up to a closing symbol.
    pub fn list(&mut self, close: &str) -> Result<Vec<Expression>, Error> {
        let mut list = Vec::new();
        if self.take(close) {
            return Ok(list);
        }
        loop {
            list.push(self.descend(Parser::expression)?);
            if self.take(close) {
                return Ok(list);
            }
            self.expect(",", Fault::Expected("Expected ,"))?;
        }
    }

    fn map(&mut self) -> Result<Vec<(String, Expression)>, Error> {
        let mut map = Vec::new();
        if self.take("}") {
            return Ok(map);
        }
        loop {
            let Token::Text(name) = self.next() else { return Err(Fault::Term.into()) };
            self.expect(":", Fault::Expected("Expected :"))?;
            map.push((name, self.descend(Parser::expression)?));
            if self.take("}") {
                return Ok(map);
            }
            self.expect(",", Fault::Expected("Expected ,"))?;
        }
    }

    /// A document path.
    pub fn path(&mut self) -> Result<Path, Error> {
        let Some(head) = self.name() else {
            return Err(if self.is_keyword() { Fault::Keyword } else { Fault::Term }.into());
        };
        let mut rest = Vec::new();
        loop {
            if self.take(".") {
                let step = self.name().ok_or(Fault::Expected("Unexpected path component"))?;
                rest.push(Step::Field(step));
            } else if self.take("[") {
                match self.next() {
                    Token::Number(text) => {
                        let index = text.parse().map_err(|_| Fault::Expected("Unexpected path component"))?;
                        rest.push(Step::Index(index));
                    }
                    Token::Text(name) => rest.push(Step::Field(name)),
                    _ => return Err(Fault::Expected("Unexpected path component").into()),
                }
                self.expect("]", Fault::Expected("Unexpected path component"))?;
            } else {
                return Ok(Path { head, rest });
            }
        }
    }
}
