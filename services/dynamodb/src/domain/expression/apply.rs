use super::ast::{Action, Change, Element, Path, Source, Update};
use crate::domain::{Item, Misuse, Number, Value};

/// The item that an update makes of another. Everything the update reads, it reads from the item as
/// it was.
///
/// # Errors
/// An attribute that is not there, operands of the wrong type, a path that leads nowhere.
pub fn apply(update: &Update, before: &Item) -> Result<Item, Misuse> {
    applied(update, before).map_err(|misuse| match update.legacy && misuse == wrong_type() {
        true => Misuse::new("Type mismatch for attribute to update"),
        false => misuse,
    })
}

fn applied(update: &Update, before: &Item) -> Result<Item, Misuse> {
    let mut after = before.clone();
    let mut removals: Vec<&Path> = Vec::new();
    let mut sets: Vec<(&Path, Value)> = Vec::new();
    for Action { path, change } in &update.actions {
        match change {
            Change::Set(source) => sets.push((path, evaluate(source, before)?)),
            Change::Remove => removals.push(path),
            Change::Add(value) => sets.push((path, added(path.of(before), value)?)),
            Change::Delete(value) => match deleted(path.of(before), value)? {
                Some(value) => sets.push((path, value)),
                None => removals.push(path),
            },
        }
    }
    // In order of path: of elements behind a list's end the lower index comes first.
    sets.sort_by_key(|(path, _)| *path);
    for (path, value) in sets {
        set(&mut after, path, value)?;
    }
    // From behind, so that the indexes of those still to be removed keep their meaning.
    removals.sort();
    for path in removals.into_iter().rev() {
        remove(&mut after, path)?;
    }
    Ok(after)
}

fn wrong_type() -> Misuse {
    Misuse::new("An operand in the update expression has an incorrect data type")
}

fn invalid_path() -> Misuse {
    Misuse::new("The document path provided in the update expression is invalid for update")
}

fn evaluate(source: &Source, item: &Item) -> Result<Value, Misuse> {
    let missing = || Misuse::new("The provided expression refers to an attribute that does not exist in the item");
    match source {
        Source::Value(value) => Ok(value.clone()),
        Source::Path(path) => path.of(item).cloned().ok_or_else(missing),
        Source::IfNotExists(path, otherwise) => match path.of(item) {
            Some(value) => Ok(value.clone()),
            None => evaluate(otherwise, item),
        },
        Source::ListAppend(a, b) => match (evaluate(a, item)?, evaluate(b, item)?) {
            (Value::L(a), Value::L(b)) => Ok(Value::L(a.into_iter().chain(b).collect())),
            _ => Err(wrong_type()),
        },
        Source::Plus(a, b) => arithmetic(a, b, item, Number::plus),
        Source::Minus(a, b) => arithmetic(a, b, item, Number::minus),
    }
}

fn arithmetic(
    a: &Source,
    b: &Source,
    item: &Item,
    operation: fn(Number, Number) -> Result<Number, Misuse>,
) -> Result<Value, Misuse> {
    match (evaluate(a, item)?, evaluate(b, item)?) {
        (Value::N(a), Value::N(b)) => operation(a, b).map(Value::N),
        _ => Err(wrong_type()),
    }
}

fn added(present: Option<&Value>, value: &Value) -> Result<Value, Misuse> {
    match (present, value) {
        (None, value) => Ok(value.clone()),
        (Some(Value::N(a)), Value::N(b)) => a.plus(*b).map(Value::N),
        (Some(Value::Ss(a)), Value::Ss(b)) => Ok(Value::Ss(a | b)),
        (Some(Value::Ns(a)), Value::Ns(b)) => Ok(Value::Ns(a | b)),
        (Some(Value::Bs(a)), Value::Bs(b)) => Ok(Value::Bs(a | b)),
        _ => Err(wrong_type()),
    }
}

/// What is left of a set; nothing if it is empty, because there are no empty sets.
fn deleted(present: Option<&Value>, value: &Value) -> Result<Option<Value>, Misuse> {
    let left = match (present, value) {
        (None, _) => return Ok(None),
        (Some(Value::Ss(a)), Value::Ss(b)) => Value::Ss(a - b),
        (Some(Value::Ns(a)), Value::Ns(b)) => Value::Ns(a - b),
        (Some(Value::Bs(a)), Value::Bs(b)) => Value::Bs(a - b),
        _ => return Err(wrong_type()),
    };
    Ok((left.length() != Some(0)).then_some(left))
}

/// The map or list that holds the last element of a nested path.
fn parent<'a>(item: &'a mut Item, path: &'a Path) -> Result<(&'a mut Value, &'a Element), Misuse> {
    let (last, middle) = path.rest.split_last().ok_or_else(invalid_path)?;
    let mut value = item.get_mut(&path.head).ok_or_else(invalid_path)?;
    for element in middle {
        let next = match (value, element) {
            (Value::M(map), Element::Field(name)) => map.get_mut(name),
            (Value::L(list), Element::Index(index)) => list.get_mut(*index),
            _ => None,
        };
        value = next.ok_or_else(invalid_path)?;
    }
    Ok((value, last))
}

fn set(item: &mut Item, path: &Path, value: Value) -> Result<(), Misuse> {
    if path.rest.is_empty() {
        item.insert(path.head.clone(), value);
        return Ok(());
    }
    match parent(item, path)? {
        (Value::M(map), Element::Field(name)) => {
            map.insert(name.clone(), value);
        }
        (Value::L(list), Element::Index(index)) => match list.get_mut(*index) {
            Some(place) => *place = value,
            None => list.push(value),
        },
        _ => return Err(invalid_path()),
    }
    Ok(())
}

fn remove(item: &mut Item, path: &Path) -> Result<(), Misuse> {
    if path.rest.is_empty() {
        item.remove(&path.head);
        return Ok(());
    }
    match parent(item, path)? {
        (Value::M(map), Element::Field(name)) => {
            map.remove(name);
        }
        (Value::L(list), Element::Index(index)) => {
            if *index < list.len() {
                list.remove(*index);
            }
        }
        _ => return Err(invalid_path()),
    }
    Ok(())
}
