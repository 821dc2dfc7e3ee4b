use tidegate_partiql::{Action as Written, Expression};

use super::values::is_value;
use super::{Binder, path};
use crate::domain::expression::{Action, Change, Path, Source, Update, check_apart};
use crate::domain::{Misuse, Type};

impl Binder<'_> {
    /// The update that a statement's actions are.
    pub(super) fn update(&self, written: &[Written]) -> Result<Update, Misuse> {
        let actions = written.iter().map(|action| match action {
            Written::Remove(place) => Ok(Action { path: path(place), change: Change::Remove }),
            Written::Set(place, expression) => {
                let path = path(place);
                let change = self.change(&path, expression)?;
                Ok(Action { path, change })
            }
        });
        let actions = actions.collect::<Result<Vec<_>, Misuse>>()?;
        check_apart(actions.iter().map(|action| &action.path))?;
        Ok(Update { actions, legacy: false })
    }

    fn change(&self, target: &Path, expression: &Expression) -> Result<Change, Misuse> {
        let Expression::Call(name, arguments) = expression else { return self.source(expression).map(Change::Set) };
        let adds = match name.to_ascii_lowercase().as_str() {
            "set_add" => true,
            "set_delete" => false,
            _ => return self.source(expression).map(Change::Set),
        };
        let [Expression::Path(set), elements] = &arguments[..] else {
            return Err(Misuse::new(format!(
                "Operator or function requires a document path; operator or function: {name}"
            )));
        };
        if path(set) != *target {
            return Err(Misuse::new(format!("The first argument of {name} must be the attribute that is set")));
        }
        let value = self.value(elements)?;
        if !matches!(value.kind(), Type::Ss | Type::Ns | Type::Bs) {
            return Err(Misuse::new(format!(
                "Incorrect operand type for operator or function; operator or function: {name}, operand type: {}",
                value.kind().name()
            )));
        }
        Ok(if adds { Change::Add(value) } else { Change::Delete(value) })
    }

    fn source(&self, expression: &Expression) -> Result<Source, Misuse> {
        let both = |a: &Expression, b: &Expression| Ok((Box::new(self.source(a)?), Box::new(self.source(b)?)));
        match expression {
            Expression::Path(written) => Ok(Source::Path(path(written))),
            Expression::Plus(a, b) => both(a, b).map(|(a, b)| Source::Plus(a, b)),
            Expression::Minus(a, b) => both(a, b).map(|(a, b)| Source::Minus(a, b)),
            Expression::Call(name, arguments) => {
                let [first, second] = &arguments[..] else {
                    return Err(Misuse::new(format!(
                        "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {}",
                        arguments.len()
                    )));
                };
                match (name.to_ascii_lowercase().as_str(), first) {
                    ("list_append", _) => both(first, second).map(|(a, b)| Source::ListAppend(a, b)),
                    ("if_not_exists", Expression::Path(written)) => {
                        Ok(Source::IfNotExists(path(written), Box::new(self.source(second)?)))
                    }
                    _ => Err(Misuse::new(format!("Invalid function name; function: {name}"))),
                }
            }
            value if is_value(value) => self.value(value).map(Source::Value),
            _ => Err(Misuse::new("Unsupported operation in SET clause")),
        }
    }
}
