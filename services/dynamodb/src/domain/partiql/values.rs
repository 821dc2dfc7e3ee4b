use std::collections::{BTreeMap, BTreeSet};

use tidegate_partiql::{Expression, Literal};

use super::Binder;
use crate::domain::{Misuse, Number, Value};

impl Binder<'_> {
    /// The value that an expression without paths is.
    pub(super) fn value(&self, expression: &Expression) -> Result<Value, Misuse> {
        self.value_at(expression, "")
    }

    /// The same, of a part that lies at `place` in the whole: errors name it.
    fn value_at(&self, expression: &Expression, place: &str) -> Result<Value, Misuse> {
        match expression {
            Expression::Literal(literal) => literal_value(literal, place),
            Expression::Parameter(index) => Ok(self.parameters[*index].clone()),
            Expression::List(list) => {
                let values = list.iter().enumerate().map(|(at, each)| self.value_at(each, &format!("{place}[{at}]")));
                Ok(Value::L(values.collect::<Result<_, _>>()?))
            }
            Expression::Map(map) => {
                let values =
                    map.iter().map(|(name, each)| Ok((name.clone(), self.value_at(each, &format!("{place}.{name}"))?)));
                Ok(Value::M(values.collect::<Result<BTreeMap<_, _>, Misuse>>()?))
            }
            Expression::Set(set) => {
                let values = set.iter().map(|each| self.value_at(each, place)).collect::<Result<Vec<_>, _>>()?;
                set_of(values)
            }
            _ => Err(Misuse::new("Unsupported operation: only values are allowed here")),
        }
    }
}

/// Whether an expression is a value whatever the item.
pub(super) fn is_value(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::Literal(_)
            | Expression::Parameter(_)
            | Expression::List(_)
            | Expression::Map(_)
            | Expression::Set(_)
    )
}

fn literal_value(literal: &Literal, place: &str) -> Result<Value, Misuse> {
    Ok(match literal {
        Literal::Text(text) => Value::S(text.clone()),
        Literal::Bool(truth) => Value::Bool(*truth),
        Literal::Null => Value::Null,
        Literal::Missing => return Err(Misuse::new(format!("Unsupported data type: MISSING under root{place}"))),
        Literal::Number(text) => {
            let number = Number::parse(text);
            // The service writes an item's attributes as if each were the root.
            let place =
                place.strip_prefix('.').map_or(place, |place| place.find(['.', '[']).map_or("", |at| &place[at..]));
            Value::N(number.map_err(|misuse| Misuse::new(format!("{misuse} under root{place}")))?)
        }
    })
}

fn set_of(values: Vec<Value>) -> Result<Value, Misuse> {
    let mixed = || Misuse::new("Invalid set: all elements must be strings, all numbers, or all binary values");
    let (mut texts, mut numbers, mut blobs) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let count = values.len();
    for value in values {
        match value {
            Value::S(text) => drop(texts.insert(text)),
            Value::N(number) => drop(numbers.insert(number)),
            Value::B(bytes) => drop(blobs.insert(bytes)),
            _ => return Err(mixed()),
        }
    }
    let set = match (texts.is_empty(), numbers.is_empty(), blobs.is_empty()) {
        (false, true, true) => Value::Ss(texts),
        (true, false, true) => Value::Ns(numbers),
        (true, true, false) => Value::Bs(blobs),
        (true, true, true) => return Err(Misuse::parameter("An string set  may not be empty")),
        _ => return Err(mixed()),
    };
    if set.length() != Some(count) {
        return Err(Misuse::new("Input collection contains duplicates"));
    }
    Ok(set)
}
