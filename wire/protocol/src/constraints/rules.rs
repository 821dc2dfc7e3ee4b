use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;

use crate::schema::Rules;

/// What a text, a size or a number breaks, in AWS's words.
pub enum Value<'a> {
    Text(&'a str),
    Size(usize),
    Number(i64),
    /// A number whose bounds AWS writes with a point.
    Fraction(f64),
}

impl Value<'_> {
    /// What is bounded, and a bound as AWS writes it.
    fn noun(&self) -> (&'static str, fn(i64) -> String) {
        match self {
            Value::Text(_) | Value::Size(_) => ("length", |bound| bound.to_string()),
            Value::Number(_) => ("value", |bound| bound.to_string()),
            Value::Fraction(_) => ("value", |bound| format!("{bound}.0")),
        }
    }

    fn exceeds(&self, bound: i64) -> bool {
        match self {
            // A text has at most as many characters as bytes, and at least a quarter; most need not be counted.
            Value::Text(text) => text.len() as i64 > bound && text.chars().count() as i64 > bound,
            Value::Size(size) => *size as i64 > bound,
            Value::Number(number) => *number > bound,
            Value::Fraction(number) => *number > bound as f64,
        }
    }

    fn falls_short_of(&self, bound: i64) -> bool {
        match self {
            Value::Text(text) => text.len().div_ceil(4) < floor(bound) && text.chars().count() < floor(bound),
            Value::Size(size) => (*size as i64) < bound,
            Value::Number(number) => *number < bound,
            Value::Fraction(number) => *number < bound as f64,
        }
    }
}

fn floor(bound: i64) -> usize {
    usize::try_from(bound).unwrap_or(0)
}

/// All demands of `rules` that `value` breaks.
pub fn broken(rules: &Rules, value: &Value<'_>) -> Vec<String> {
    let (noun, written) = value.noun();
    let mut broken = Vec::new();
    if let Some(max) = rules.max.filter(|max| value.exceeds(*max)) {
        broken.push(format!("Member must have {noun} less than or equal to {}", written(max)));
    }
    if let Some(min) = rules.min.filter(|min| value.falls_short_of(*min)) {
        broken.push(format!("Member must have {noun} greater than or equal to {}", written(min)));
    }
    if let Value::Text(text) = value {
        broken.extend(broken_by_text(rules, text));
    }
    broken
}

fn broken_by_text(rules: &Rules, text: &str) -> Option<String> {
    if !rules.values.is_empty() && !rules.values.contains(&text) {
        return Some(format!("Member must satisfy enum value set: [{}]", rules.values.join(", ")));
    }
    let pattern = rules.pattern?;
    let matches = compiled(pattern).is_none_or(|regex| regex.is_match(text));
    (!matches).then(|| format!("Member must satisfy regular expression pattern: {pattern}"))
}

/// All demands of `rules` on values such as `value`, broken or not: how AWS describes what is in a list or a map.
pub fn described(rules: &Rules, value: &Value<'_>) -> Vec<String> {
    let (noun, written) = value.noun();
    let mut demands = Vec::new();
    demands.extend(rules.max.map(|max| format!("Member must have {noun} less than or equal to {}", written(max))));
    demands.extend(rules.min.map(|min| format!("Member must have {noun} greater than or equal to {}", written(min))));
    demands.extend(rules.pattern.map(|pattern| format!("Member must satisfy regular expression pattern: {pattern}")));
    if !rules.values.is_empty() {
        demands.push(format!("Member must satisfy enum value set: [{}]", rules.values.join(", ")));
    }
    demands
}

type Compiled = HashMap<&'static str, Option<Arc<Regex>>>;

/// A pattern as a regular expression over the whole text, compiled once. `None` for the few that need
/// Java's look-around, which a linear-time engine does not have: they are not checked.
fn compiled(pattern: &'static str) -> Option<Arc<Regex>> {
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled.entry(pattern).or_insert_with(|| Regex::new(&format!("^(?:{pattern})$")).ok().map(Arc::new));
    regex.clone()
}
