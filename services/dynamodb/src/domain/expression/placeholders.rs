use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Misuse, Value, item_size};

/// The names and values that a request gives its expressions, and which of them were used.
#[derive(Debug, Default)]
pub struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Value>,
    used: RefCell<BTreeSet<String>>,
}

impl Placeholders {
    /// Those of a request.
    ///
    /// # Errors
    /// Empty maps, and keys that are no placeholders.
    pub fn new(
        names: Option<BTreeMap<String, String>>,
        values: Option<BTreeMap<String, Value>>,
    ) -> Result<Placeholders, Misuse> {
        check_keys(names.as_ref().map(|names| names.keys()), "ExpressionAttributeNames", '#')?;
        check_keys(values.as_ref().map(|values| values.keys()), "ExpressionAttributeValues", ':')?;
        if let Some((key, _)) = names.iter().flatten().find(|(_, name)| name.is_empty()) {
            return Err(Misuse::new(format!(
                "ExpressionAttributeNames contains invalid value: Empty attribute name for key {key}"
            )));
        }
        let (names, values) = (names.unwrap_or_default(), values.unwrap_or_default());
        Ok(Placeholders { names, values, used: RefCell::default() })
    }

    /// How many bytes the values weigh, with their placeholders.
    pub fn bytes(&self) -> usize {
        item_size(&self.values)
    }

    pub(super) fn name(&self, placeholder: &str) -> Option<&str> {
        let name = self.names.get(placeholder)?;
        self.used.borrow_mut().insert(placeholder.to_owned());
        Some(name)
    }

    pub(super) fn value(&self, placeholder: &str) -> Option<&Value> {
        let value = self.values.get(placeholder)?;
        self.used.borrow_mut().insert(placeholder.to_owned());
        Some(value)
    }

    /// Demands that every placeholder was used.
    ///
    /// # Errors
    /// Names the ones that were not.
    pub fn check_all_used(&self) -> Result<(), Misuse> {
        let used = self.used.borrow();
        unused(self.names.keys(), &used, "ExpressionAttributeNames")?;
        unused(self.values.keys(), &used, "ExpressionAttributeValues")
    }
}

fn unused<'a>(keys: impl Iterator<Item = &'a String>, used: &BTreeSet<String>, parameter: &str) -> Result<(), Misuse> {
    let unused: Vec<&str> = keys.filter(|key| !used.contains(*key)).map(String::as_str).collect();
    if unused.is_empty() {
        return Ok(());
    }
    Err(Misuse::new(format!("Value provided in {parameter} unused in expressions: keys: {{{}}}", unused.join(", "))))
}

fn check_keys<'a>(
    keys: Option<impl ExactSizeIterator<Item = &'a String>>,
    parameter: &str,
    marker: char,
) -> Result<(), Misuse> {
    let Some(mut keys) = keys else { return Ok(()) };
    if keys.len() == 0 {
        return Err(Misuse::new(format!("{parameter} must not be empty")));
    }
    let is_word =
        |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match keys.find(|key| !key.strip_prefix(marker).is_some_and(is_word)) {
        Some(key) => Err(Misuse::new(format!("{parameter} contains invalid key: Syntax error; key: \"{key}\""))),
        None => Ok(()),
    }
}
