//! The expression language: conditions, filters, key conditions, projections and updates.
//!
//! A text is cut into tokens ([`lexer`]), parsed by hand into one of three small trees ([`ast`]) with
//! its placeholders already replaced, and evaluated over an item. Errors are collected by rank while
//! parsing, because DynamoDB reports the gravest one rather than the first. The legacy parameters
//! (`Expected`, `AttributeUpdates`, `KeyConditions`) are other spellings of the same trees.

mod apply;
mod ast;
mod condition;
mod evaluate;
mod key_condition;
mod known;
mod lexer;
mod names;
mod operands;
mod parser;
mod placeholders;
mod projection;
mod reserved;
mod scalars;
#[cfg(test)]
mod tests;
mod update;

pub use apply::apply;
pub use ast::{Action, Change, Comparator, Condition, Element, Operand, Path, Source, Update};
pub use condition::parse_condition;
pub use evaluate::holds;
pub use key_condition::{
    KeyCondition, SortCondition, check_key_condition, from_condition, parse_key_condition, unsearchable,
};
pub use names::{attribute_names, equals_to};
pub use operands::{check_bounds, check_ordered, check_types, type_named};
pub use parser::check_apart;
pub use placeholders::Placeholders;
pub use projection::{Projection, parse_projection};
pub use update::parse_update;

use super::Misuse;

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 4096;

/// Refuses an expression by its length alone.
fn check_length(text: &str) -> Result<(), Misuse> {
    if text.is_empty() {
        return Err(Misuse::new("The expression can not be empty;"));
    }
    if text.len() > MAX_LENGTH {
        return Err(Misuse::new(format!(
            "Expression size has exceeded the maximum allowed size; expression size: {}",
            text.len()
        )));
    }
    Ok(())
}
