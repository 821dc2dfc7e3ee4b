//! DynamoDB's dialect of PartiQL.
//!
//! A statement is cut into tokens ([`lexer`]), and parsed by hand into a small tree ([`ast`]). What its
//! tables, keys and values are is not known here: the service turns the tree into the conditions, updates
//! and reads that its own API has, so that there is one evaluator and not two.
//!
//! The dialect is what the developer guide describes and what recordings of the service show beyond it:
//! comments, numbers with exponents, and an update that begins with `FROM`. Errors say what the service
//! says ([`Error`]); it names the fault and not the place.
//!
//! Left out: Ion literals in back quotes, and all of PartiQL that DynamoDB refuses (joins, grouping,
//! aliases, nested queries but for `EXISTS`).

mod ast;
mod error;
mod expression;
mod lexer;
mod parser;
mod statement;

pub use ast::{
    Action, Comparator, Delete, Expression, Insert, Literal, Moment, Order, Path, Projection, Returning, Select,
    Statement, Step, Target, Update,
};
pub use error::{Error, Fault};

/// A statement and how many parameters it takes.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<(Statement, usize), Error> {
    let mut parser = parser::Parser::new(text)?;
    let statement = parser.statement()?;
    Ok((statement, parser.parameters()))
}
