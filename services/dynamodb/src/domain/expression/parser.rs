use std::collections::BTreeMap;

use super::ast::{Element, Path};
use super::lexer::{Kind, Token, tokens, unexpected};
use super::placeholders::Placeholders;
use super::reserved::is_reserved;
use crate::domain::{Misuse, Value};

/// How deep operands may nest: functions in functions, sums in parentheses, conditions where an operand
/// should stand. DynamoDB takes hardly any of that; this bounds the recursion until the text is refused.
/// Conditions nest as deep as their operators allow.
const MAX_DEPTH: usize = 80;
/// The most operators of an expression: comparisons, functions, sums, `AND`, `OR`, `NOT`.
const MAX_OPERATORS: usize = 300;
/// How many steps a document path may have.
const MAX_STEPS: usize = 32;
/// The greatest index of a list that a path may name.
const MAX_INDEX: usize = i32::MAX as usize;

/// The faults that do not end parsing, gravest first: the order in which DynamoDB reports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    Parentheses,
    UnknownFunction,
    MisusedFunction,
    Reserved,
    Section,
    Path,
    Placeholder,
    OperandCount,
    Distinct,
    Overlap,
    Conflict,
    OperandType,
}

/// What parsers of all kinds of expressions share: the tokens, the placeholders, the faults.
pub struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
    operators: usize,
    placeholders: &'a Placeholders,
    /// The first fault of each rank.
    faults: BTreeMap<Rank, String>,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str, placeholders: &'a Placeholders) -> Result<Parser<'a>, Misuse> {
        super::check_length(text)?;
        let tokens = tokens(text)?;
        if tokens.len() == 1 {
            return Err(Misuse::new("The expression can not be empty;"));
        }
        Ok(Parser { text, tokens, at: 0, depth: 0, operators: 0, placeholders, faults: BTreeMap::new() })
    }

    pub fn peek(&self) -> Token<'a> {
        self.tokens[self.at]
    }

    fn peek_second(&self) -> Token<'a> {
        self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    pub fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// The syntax error at the next token.
    pub fn unexpected(&self) -> Misuse {
        unexpected(self.text, &self.tokens, self.at)
    }

    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.peek().kind == Kind::Symbol && self.peek().text == symbol
    }

    /// Takes a symbol if it comes next.
    pub fn take(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.next();
        }
        found
    }

    pub fn expect(&mut self, symbol: &str) -> Result<(), Misuse> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.peek().kind == Kind::Name && self.peek().text.eq_ignore_ascii_case(word)
    }

    /// Takes a keyword, in any case, if it comes next.
    pub fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.next();
        }
        found
    }

    /// Whether a function's name comes next.
    pub fn is_function(&self) -> bool {
        let second = self.peek_second();
        self.peek().kind == Kind::Name && second.kind == Kind::Symbol && second.text == "("
    }

    /// Enters one level of nesting.
    pub fn descend<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Misuse>) -> Result<T, Misuse> {
        if self.depth == MAX_DEPTH {
            return Err(Misuse::new("The expression contains too many nested operators;"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Counts an operator or a function.
    pub fn operator(&mut self) -> Result<(), Misuse> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(Misuse::new(format!(
                "The expression contains too many operators; operator count: {}",
                self.operators
            )));
        }
        Ok(())
    }

    /// Notes a fault, unless one of its rank is known.
    pub fn fault(&mut self, rank: Rank, words: impl FnOnce() -> String) {
        self.faults.entry(rank).or_insert_with(words);
    }

    /// Notes what breaks a rule.
    pub fn note(&mut self, rank: Rank, checked: Result<(), Misuse>) {
        if let Err(misuse) = checked {
            self.fault(rank, || misuse.to_string());
        }
    }

    /// Demands the end of the text and no faults.
    pub fn finish(mut self) -> Result<(), Misuse> {
        if self.peek().kind != Kind::End {
            return Err(self.unexpected());
        }
        match self.faults.pop_first() {
            Some((_, words)) => Err(Misuse::new(words)),
            None => Ok(()),
        }
    }

    /// A document path; `keywords` cannot be names in it.
    pub fn path(&mut self, keywords: &[&str]) -> Result<Path, Misuse> {
        let mut path = Path::attribute(self.name(keywords)?);
        loop {
            if self.take(".") {
                path.rest.push(Element::Field(self.name(keywords)?));
            } else if self.take("[") {
                let token = self.peek();
                if token.kind != Kind::Digits {
                    return Err(self.unexpected());
                }
                let index = token.text.parse().ok().filter(|index| *index <= MAX_INDEX);
                if index.is_none() {
                    self.fault(Rank::Path, || {
                        format!("List index is not within the allowable range; index: [{}]", token.text)
                    });
                }
                path.rest.push(Element::Index(index.unwrap_or_default()));
                self.next();
                self.expect("]")?;
            } else {
                if path.rest.len() >= MAX_STEPS {
                    let levels = path.rest.len() + 1;
                    self.fault(Rank::Path, || {
                        format!("The document path has too many nesting elements; nesting levels: {levels}")
                    });
                }
                return Ok(path);
            }
        }
    }

    fn name(&mut self, keywords: &[&str]) -> Result<String, Misuse> {
        let token = self.peek();
        match token.kind {
            Kind::Name if !keywords.iter().any(|word| token.text.eq_ignore_ascii_case(word)) => {
                self.next();
                if is_reserved(token.text) {
                    self.fault(Rank::Reserved, || {
                        format!("Attribute name is a reserved keyword; reserved keyword: {}", token.text)
                    });
                }
                Ok(token.text.to_owned())
            }
            Kind::NamePlaceholder => {
                self.next();
                let name = self.placeholders.name(token.text).map(str::to_owned);
                if name.is_none() {
                    self.fault(Rank::Placeholder, || {
                        format!(
                            "An expression attribute name used in the document path is not defined; attribute name: {}",
                            token.text
                        )
                    });
                }
                Ok(name.unwrap_or_else(|| token.text.to_owned()))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A value placeholder's value. One that is not defined is noted, and stands as a null.
    pub fn value(&mut self) -> Result<Value, Misuse> {
        let token = self.peek();
        if token.kind != Kind::ValuePlaceholder {
            return Err(self.unexpected());
        }
        self.next();
        let value = self.placeholders.value(token.text).cloned();
        if value.is_none() {
            self.fault(Rank::Placeholder, || {
                format!(
                    "An expression attribute value used in expression is not defined; attribute value: {}",
                    token.text
                )
            });
        }
        Ok(value.unwrap_or(Value::Null))
    }

    pub fn redundant_parentheses(&mut self) {
        self.fault(Rank::Parentheses, || "The expression has redundant parentheses;".to_owned());
    }

    pub fn wrong_operand_type(&mut self, function: &str, kind: &str) {
        self.fault(Rank::OperandType, || {
            format!(
                "Incorrect operand type for operator or function; operator or function: {function}, operand type: {kind}"
            )
        });
    }

    pub fn wrong_operand_count(&mut self, function: &str, count: usize) {
        self.fault(Rank::OperandCount, || {
            format!(
                "Incorrect number of operands for operator or function; operator or function: {function}, number of operands: {count}"
            )
        });
    }

    pub fn no_path(&mut self, function: &str) {
        self.fault(Rank::OperandType, || {
            format!("Operator or function requires a document path; operator or function: {function}")
        });
    }

    /// Notes a function that only the other language has.
    pub fn misplaced_function(&mut self, function: &str, place: &str) {
        self.fault(Rank::UnknownFunction, || {
            format!("The function is not allowed in {place} expression; function: {function}")
        });
    }

    pub fn unknown_function(&mut self, function: &str) {
        self.fault(Rank::UnknownFunction, || format!("Invalid function name; function: {function}"));
    }

    /// Notes a path that overlaps or conflicts with an earlier one.
    pub fn check_apart<'p>(&mut self, mut earlier: impl Iterator<Item = &'p Path>, path: &Path) {
        if let Some((rank, words)) = earlier.find_map(|other| clash(other, path)) {
            self.fault(rank, || words);
        }
    }
}

/// Demands paths that neither overlap nor conflict.
///
/// # Errors
/// Names the first two that do.
pub fn check_apart<'p>(paths: impl Iterator<Item = &'p Path> + Clone) -> Result<(), Misuse> {
    for (count, path) in paths.clone().enumerate() {
        if let Some((_, words)) = paths.clone().take(count).find_map(|other| clash(other, path)) {
            return Err(Misuse::new(words));
        }
    }
    Ok(())
}

fn clash(one: &Path, two: &Path) -> Option<(Rank, String)> {
    let (rank, how) = match relation(one, two) {
        Relation::Apart => return None,
        Relation::Overlap => (Rank::Overlap, "overlap"),
        Relation::Conflict => (Rank::Conflict, "conflict"),
    };
    let words = format!(
        "Two document paths {how} with each other; must remove or rewrite one of these paths; path one: {one}, path two: {two}"
    );
    Some((rank, words))
}

enum Relation {
    Apart,
    /// One is the other, or within it.
    Overlap,
    /// One takes for a list what the other takes for a map.
    Conflict,
}

fn relation(a: &Path, b: &Path) -> Relation {
    if a.head != b.head {
        return Relation::Apart;
    }
    for (x, y) in a.rest.iter().zip(&b.rest) {
        match (x, y) {
            (Element::Field(x), Element::Field(y)) if x == y => {}
            (Element::Index(x), Element::Index(y)) if x == y => {}
            (Element::Field(_), Element::Field(_)) | (Element::Index(_), Element::Index(_)) => return Relation::Apart,
            _ => return Relation::Conflict,
        }
    }
    Relation::Overlap
}
