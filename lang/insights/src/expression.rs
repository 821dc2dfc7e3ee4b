//! Expressions and how they are evaluated.

use std::sync::Arc;

use regex::Regex;

use crate::functions::Function;
use crate::inputs::Inputs;
use crate::row::Row;
use crate::time::Period;
use crate::value::Value;

/// What a command computes for a row.
#[derive(Debug, Clone)]
pub(crate) enum Expression {
    Literal(Value),
    Field(Arc<str>),
    Period(Period),
    Regex(Regex),
    Call(Function, Vec<Expression>),
    Negative(Box<Expression>),
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    Like {
        negated: bool,
        value: Box<Expression>,
        pattern: Matcher,
    },
    In {
        negated: bool,
        value: Box<Expression>,
        list: Vec<Expression>,
    },
    /// Whether an inner query has the value.
    Within {
        negated: bool,
        value: Box<Expression>,
        inner: usize,
    },
    Not(Box<Expression>),
    All(Vec<Expression>),
    Any(Vec<Expression>),
    /// The value of an aggregation of the `stats` command that the expression is in.
    Aggregate(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What `like` and `=~` look for.
#[derive(Debug, Clone)]
pub(crate) enum Matcher {
    Part(String),
    Regex(Regex),
}

/// What an expression is evaluated with.
pub(crate) struct Scope<'r> {
    pub(crate) row: &'r Row,
    /// The aggregations' values, when a group of `stats` is shown.
    pub(crate) aggregates: &'r [Value],
    pub(crate) inputs: &'r Inputs,
    pub(crate) now_ms: i64,
}

impl Expression {
    pub(crate) fn value(&self, scope: &Scope<'_>) -> Value {
        match self {
            Expression::Literal(value) => value.clone(),
            Expression::Field(name) => scope.row.field(name),
            // Only the functions that take them look at these.
            Expression::Period(_) => Value::Missing,
            Expression::Regex(regex) => Value::Text(regex.as_str().to_owned()),
            Expression::Call(function, arguments) => function.call(arguments, scope),
            Expression::Negative(value) => finite(value.value(scope).number().map(|number| -number)),
            Expression::Arithmetic(operator, one, two) => arithmetic(*operator, &one.value(scope), &two.value(scope)),
            Expression::Compare(operator, one, two) => Value::Flag(compare(*operator, one, two, scope)),
            Expression::Like { negated, value, pattern } => {
                let found = value.with_text(scope, |text| text.is_some_and(|text| pattern.is_in(text)));
                Value::Flag(found != *negated)
            }
            Expression::In { negated, value, list } => {
                let value = value.value(scope);
                let found =
                    list.iter().any(|item| value.compare(&item.value(scope)).is_some_and(|order| order.is_eq()));
                Value::Flag(found != *negated)
            }
            Expression::Within { negated, value, inner } => {
                Value::Flag(scope.inputs.contains(*inner, &value.value(scope)) != *negated)
            }
            Expression::Not(value) => Value::Flag(!value.is_true(scope)),
            Expression::All(values) => Value::Flag(values.iter().all(|value| value.is_true(scope))),
            Expression::Any(values) => Value::Flag(values.iter().any(|value| value.is_true(scope))),
            Expression::Aggregate(at) => scope.aggregates.get(*at).cloned().unwrap_or(Value::Missing),
        }
    }

    /// Gives the value's text away for a look.
    pub(crate) fn with_text<T>(&self, scope: &Scope<'_>, look: impl FnOnce(Option<&str>) -> T) -> T {
        match self {
            Expression::Field(name) => scope.row.with_text(name, look),
            other => look(other.value(scope).text().as_deref()),
        }
    }

    pub(crate) fn is_true(&self, scope: &Scope<'_>) -> bool {
        self.value(scope).is_true()
    }

    /// Shows every field that the expression reads.
    pub(crate) fn fields(&self, see: &mut dyn FnMut(&str)) {
        match self {
            Expression::Field(name) => see(name),
            Expression::Call(function, arguments) => {
                function.reads().iter().for_each(|name| see(name));
                arguments.iter().for_each(|argument| argument.fields(see));
            }
            Expression::Negative(value) | Expression::Not(value) => value.fields(see),
            Expression::Arithmetic(_, one, two) | Expression::Compare(_, one, two) => {
                one.fields(see);
                two.fields(see);
            }
            Expression::Like { value, .. } | Expression::Within { value, .. } => value.fields(see),
            Expression::In { value, list, .. } => {
                value.fields(see);
                list.iter().for_each(|item| item.fields(see));
            }
            Expression::All(values) | Expression::Any(values) => values.iter().for_each(|value| value.fields(see)),
            Expression::Literal(_) | Expression::Period(_) | Expression::Regex(_) | Expression::Aggregate(_) => {}
        }
    }
}

impl Matcher {
    fn is_in(&self, text: &str) -> bool {
        match self {
            Matcher::Part(part) => text.contains(part.as_str()),
            Matcher::Regex(regex) => regex.is_match(text),
        }
    }
}

/// A number if there is one and it is finite: a division by nought has no answer.
pub(crate) fn finite(number: Option<f64>) -> Value {
    number.filter(|number| number.is_finite()).map_or(Value::Missing, Value::Number)
}

fn arithmetic(operator: Arithmetic, one: &Value, two: &Value) -> Value {
    let (Some(a), Some(b)) = (one.number(), two.number()) else { return Value::Missing };
    // A time and a length of time make a time; two times make a length.
    let is_time = matches!(one, Value::Time(_)) != matches!(two, Value::Time(_));
    match operator {
        Arithmetic::Add if is_time => Value::Time((a + b) as i64),
        Arithmetic::Subtract if is_time => Value::Time((a - b) as i64),
        Arithmetic::Add => finite(Some(a + b)),
        Arithmetic::Subtract => finite(Some(a - b)),
        Arithmetic::Multiply => finite(Some(a * b)),
        Arithmetic::Divide => finite(Some(a / b)),
        Arithmetic::Power => finite(Some(a.powf(b))),
        Arithmetic::Remainder => finite(Some(a % b)),
    }
}

fn compare(operator: Comparison, one: &Expression, two: &Expression, scope: &Scope<'_>) -> bool {
    let order = one.value(scope).compare(&two.value(scope));
    match operator {
        Comparison::Equal => order.is_some_and(|order| order.is_eq()),
        // A field that is missing differs from every value.
        Comparison::NotEqual => order.is_none_or(|order| order.is_ne()),
        Comparison::Less => order.is_some_and(|order| order.is_lt()),
        Comparison::LessOrEqual => order.is_some_and(|order| order.is_le()),
        Comparison::Greater => order.is_some_and(|order| order.is_gt()),
        Comparison::GreaterOrEqual => order.is_some_and(|order| order.is_ge()),
    }
}
