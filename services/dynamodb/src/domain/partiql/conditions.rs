use tidegate_partiql::{Comparator as Written, Expression};

use super::values::is_value;
use super::{Binder, path};
use crate::domain::expression::{
    Comparator, Condition, Operand, Path, check_bounds, check_ordered, check_types, type_named,
};
use crate::domain::{Misuse, Type, Value};

/// The most values of `IN`.
const MAX_IN: usize = 100;

impl Binder<'_> {
    /// The condition that an expression is.
    pub(super) fn condition(&self, expression: &Expression) -> Result<Condition, Misuse> {
        let both = |a: &Expression, b: &Expression| Ok((Box::new(self.condition(a)?), Box::new(self.condition(b)?)));
        Ok(match expression {
            Expression::And(a, b) => both(a, b).map(|(a, b)| Condition::And(a, b))?,
            Expression::Or(a, b) => both(a, b).map(|(a, b)| Condition::Or(a, b))?,
            Expression::Not(inner) => Condition::Not(Box::new(self.condition(inner)?)),
            Expression::Compare(written, a, b) => {
                let (comparator, a, b) = (comparator(*written), self.operand(a)?, self.operand(b)?);
                if comparator.is_ordering() {
                    check_ordered(comparator.symbol(), &[&a, &b])?;
                }
                Condition::Compare(comparator, a, b)
            }
            Expression::Between(a, low, high) => {
                let (a, low, high) = (self.operand(a)?, self.operand(low)?, self.operand(high)?);
                check_ordered("BETWEEN", &[&a, &low, &high])?;
                check_bounds(&low, &high)?;
                Condition::Between(a, low, high)
            }
            Expression::In(a, list) => {
                if list.len() > MAX_IN {
                    return Err(Misuse::new(format!(
                        "The IN operator is provided with too many operands; number of operands: {}",
                        list.len()
                    )));
                }
                let list = list.iter().map(|each| self.operand(each)).collect::<Result<_, _>>()?;
                Condition::In(self.operand(a)?, list)
            }
            Expression::IsNull(inner) => Condition::HasType(self.operand(inner)?, Type::Null),
            Expression::IsMissing(inner) => Condition::NotExists(attribute(inner, "IS MISSING")?),
            Expression::Call(name, arguments) => self.call(name, arguments)?,
            _ => return Err(Misuse::new("Unsupported operation: the where clause must be a condition")),
        })
    }

    fn operand(&self, expression: &Expression) -> Result<Operand, Misuse> {
        match expression {
            Expression::Path(written) => Ok(Operand::Path(path(written))),
            Expression::Call(name, arguments) if name.eq_ignore_ascii_case("size") => {
                let [inner] = &arguments[..] else { return Err(wrong_count(name, arguments.len())) };
                Ok(Operand::Size(Box::new(Operand::Path(attribute(inner, "size")?))))
            }
            value if is_value(value) => self.value(value).map(Operand::Value),
            _ => Err(Misuse::new("Unsupported operation: an attribute or a value is expected in a comparison")),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> Result<Condition, Misuse> {
        let operands = || {
            let [first, second] = arguments else { return Err(wrong_count(name, arguments.len())) };
            Ok((self.operand(first)?, self.operand(second)?))
        };
        match name.to_ascii_lowercase().as_str() {
            "begins_with" => {
                let (whole, start) = operands()?;
                check_types("begins_with", &[&whole, &start], |kind| matches!(kind, Type::S | Type::B))?;
                Ok(Condition::BeginsWith(whole, start))
            }
            "contains" => operands().map(|(whole, part)| Condition::Contains(whole, part)),
            "attribute_type" => match operands()? {
                (operand, Operand::Value(Value::S(kind))) => Ok(Condition::HasType(operand, type_named(&kind)?)),
                (_, other) => {
                    check_types("attribute_type", &[&other], |_| false)?;
                    Err(Misuse::new("Invalid attribute type name found; type: null"))
                }
            },
            "attribute_exists" | "attribute_not_exists" => {
                let [inner] = arguments else { return Err(wrong_count(name, arguments.len())) };
                let path = attribute(inner, name)?;
                let exists = name.eq_ignore_ascii_case("attribute_exists");
                Ok(if exists { Condition::Exists(path) } else { Condition::NotExists(path) })
            }
            _ => Err(Misuse::new(format!("Invalid function name; function: {name}"))),
        }
    }
}

fn wrong_count(function: &str, count: usize) -> Misuse {
    Misuse::new(format!(
        "Incorrect number of operands for operator or function; operator or function: {function}, number of operands: {count}"
    ))
}

fn attribute(expression: &Expression, function: &str) -> Result<Path, Misuse> {
    match expression {
        Expression::Path(written) => Ok(path(written)),
        _ => {
            Err(Misuse::new(format!("Operator or function requires a document path; operator or function: {function}")))
        }
    }
}

fn comparator(written: Written) -> Comparator {
    match written {
        Written::Equal => Comparator::Equal,
        Written::NotEqual => Comparator::NotEqual,
        Written::Less => Comparator::Less,
        Written::LessOrEqual => Comparator::LessOrEqual,
        Written::Greater => Comparator::Greater,
        Written::GreaterOrEqual => Comparator::GreaterOrEqual,
    }
}
