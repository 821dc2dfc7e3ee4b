//! Functions of time.

use crate::expression::{Expression, Scope};
use crate::time::Period;
use crate::value::Value;

/// A period, as itself or as a number of milliseconds.
fn period(argument: &Expression, scope: &Scope<'_>) -> Option<Period> {
    match argument {
        Expression::Period(period) => Some(*period),
        other => match other.value(scope).number()? as i64 {
            length @ 1.. => Some(Period::Millis(length)),
            _ => None,
        },
    }
}

pub(super) fn bin(arguments: &[Expression], scope: &Scope<'_>) -> Value {
    let floor = || period(&arguments[0], scope)?.floor(scope.row.field("@timestamp").time_ms()?);
    floor().map_or(Value::Missing, Value::Time)
}

pub(super) fn datefloor(arguments: &[Expression], scope: &Scope<'_>) -> Value {
    let floor = || period(&arguments[1], scope)?.floor(arguments[0].value(scope).time_ms()?);
    floor().map_or(Value::Missing, Value::Time)
}

pub(super) fn dateceil(arguments: &[Expression], scope: &Scope<'_>) -> Value {
    let ceil = || period(&arguments[1], scope)?.ceil(arguments[0].value(scope).time_ms()?);
    ceil().map_or(Value::Missing, Value::Time)
}

/// When the query began, in seconds since the epoch.
pub(super) fn now(_: &[Expression], scope: &Scope<'_>) -> Value {
    Value::Number(scope.now_ms.div_euclid(1000) as f64)
}

pub(super) fn from_millis(values: &[Value]) -> Value {
    values[0].time_ms().map_or(Value::Missing, Value::Time)
}

pub(super) fn to_millis(values: &[Value]) -> Value {
    values[0].time_ms().map_or(Value::Missing, |ms| Value::Number(ms as f64))
}
