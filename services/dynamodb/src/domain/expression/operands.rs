//! What operands can be, whatever the item: rules that conditions have in every language.

use super::ast::Operand;
use crate::domain::{Misuse, Type};

/// Demands operands that have an order of those that are known.
///
/// # Errors
/// Names the operator and the type.
pub fn check_ordered(operator: &str, operands: &[&Operand]) -> Result<(), Misuse> {
    check_types(operator, operands, Type::is_key)
}

/// Demands a type of those operands that are known.
///
/// # Errors
/// Names the operator and the type.
pub fn check_types(operator: &str, operands: &[&Operand], fits: fn(Type) -> bool) -> Result<(), Misuse> {
    match operands.iter().filter_map(|operand| operand.known_type()).find(|kind| !fits(*kind)) {
        Some(kind) => Err(Misuse::new(format!(
            "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {}",
            kind.name()
        ))),
        None => Ok(()),
    }
}

/// The type of this name, as `attribute_type` takes it.
///
/// # Errors
/// A name that no type has.
pub fn type_named(name: &str) -> Result<Type, Misuse> {
    Type::named(name).ok_or_else(|| {
        Misuse::new(format!(
            "Invalid attribute type name found; type: {name}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}"
        ))
    })
}

/// Demands that a range does not end before it begins, where that is known.
///
/// # Errors
/// Bounds of different types, or in the wrong order.
pub fn check_bounds(low: &Operand, high: &Operand) -> Result<(), Misuse> {
    let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return Ok(()) };
    let demand = if low.kind() != high.kind() {
        "same data type for lower and upper bounds"
    } else if low.order(high).is_some_and(std::cmp::Ordering::is_gt) {
        "upper bound to be greater than or equal to lower bound"
    } else {
        return Ok(());
    };
    Err(Misuse::new(format!(
        "The BETWEEN operator requires {demand}; lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}"
    )))
}
