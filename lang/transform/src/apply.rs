//! One processor at work on one event.

use serde_json::{Map, Number, Value};

use crate::config::{Element, Entry, From, Kind, ListToMap, Step};
use crate::path::Path;
use crate::room::fits;
use crate::{MAX_EVENT_BYTES, Source, parsers};

/// An event on its way.
pub(crate) struct Event<'a> {
    pub(crate) message: &'a str,
    pub(crate) source: Source<'a>,
    pub(crate) fields: Map<String, Value>,
}

impl Event<'_> {
    /// A text that a parser reads.
    fn text(&self, from: &From) -> Option<String> {
        match from {
            From::Message => Some(self.message.to_owned()),
            From::Field(path) => path.get(&self.fields)?.as_str().map(str::to_owned),
            From::Group | From::Stream | From::Account | From::Region => None,
        }
    }

    fn value(&self, from: &From) -> Option<Value> {
        match from {
            From::Message => Some(self.message.into()),
            From::Field(path) => path.get(&self.fields).cloned(),
            From::Group => Some(self.source.group.into()),
            From::Stream => Some(self.source.stream.into()),
            From::Account => Some(self.source.account.into()),
            From::Region => Some(self.source.region.into()),
        }
    }

    /// Puts what a parser found below `to`, or at the root.
    fn put_all(&mut self, to: Option<&Path>, found: Map<String, Value>) {
        match to {
            Some(path) => path.put(&mut self.fields, Value::Object(found), true),
            None => self.fields.extend(found),
        }
    }

    fn change_text(&mut self, keys: &[Path], change: impl Fn(&str) -> String) {
        for key in keys {
            if let Some(Value::String(text)) = key.get_mut(&mut self.fields) {
                *text = change(text);
            }
        }
    }
}

/// Applies a step. `None` if it is a parser that could not read an event's own text, or if the event became larger
/// than one may be.
pub(crate) fn apply(step: &Step, event: &mut Event<'_>) -> Option<()> {
    change(step, event)?;
    fits(&event.fields).then_some(())
}

/// The same, without a last look at the size: what can grow by more than a text's own length looks while it grows.
fn change(step: &Step, event: &mut Event<'_>) -> Option<()> {
    match step {
        Step::Json { from, to } => {
            let parsed = event.text(from).and_then(|text| serde_json::from_str(text.trim()).ok());
            return parsed_into(event, from, to.as_ref(), parsed);
        }
        Step::Grok(from, grok) => {
            let Some(text) = event.text(from) else { return Some(()) };
            match grok.fields(&text) {
                Some(found) => found.into_iter().for_each(|(path, value)| path.put(&mut event.fields, value, true)),
                None if *from == From::Message => return None,
                None => {}
            }
        }
        Step::Csv { from, to, delimiter, quote, columns } => {
            let Some(text) = event.text(from) else { return Some(()) };
            let values = parsers::csv(&text, *delimiter, *quote);
            // A value that is empty costs more than its delimiter.
            let named = values.iter().enumerate().map(|(at, value)| value.len() + format!("column_{at}").len());
            if named.skip(columns.len()).sum::<usize>() > MAX_EVENT_BYTES {
                return None;
            }
            let mut found = Map::new();
            for (at, value) in values.into_iter().enumerate() {
                match columns.get(at) {
                    Some(path) => path.put(&mut found, value.into(), true),
                    None => drop(found.insert(format!("column_{}", at + 1), value.into())),
                }
            }
            event.put_all(to.as_ref(), found);
        }
        Step::KeyValue { from, to, how } => {
            let Some(text) = event.text(from) else { return Some(()) };
            let found = parsers::key_value(&text, how)?;
            if to.is_some() || how.overwrite {
                event.put_all(to.as_ref(), found);
            } else {
                for (key, value) in found {
                    event.fields.entry(key).or_insert(value);
                }
            }
        }
        Step::Vended(format) => event.fields.extend(parsers::vended(*format, event.message)?),
        Step::Add(entries) => {
            for (key, value, overwrite) in entries {
                key.put(&mut event.fields, value.clone().into(), *overwrite);
            }
        }
        Step::Delete(keys) => keys.iter().for_each(|key| drop(key.take(&mut event.fields))),
        Step::Move(entries) => entries.iter().for_each(|entry| carry(entry, &entry.to, &mut event.fields)),
        Step::Rename(entries) => {
            for entry in entries {
                let From::Field(from) = &entry.from else { continue };
                carry(entry, &from.sibling(&entry.to), &mut event.fields);
            }
        }
        Step::Copy(entries) => {
            for Entry { from, to, overwrite } in entries {
                if let Some(value) = event.value(from) {
                    to.put(&mut event.fields, value, *overwrite);
                }
                // Copies of copies double.
                if !fits(&event.fields) {
                    return None;
                }
            }
        }
        Step::Lower(keys) => event.change_text(keys, str::to_lowercase),
        Step::Upper(keys) => event.change_text(keys, str::to_uppercase),
        Step::Trim(keys) => event.change_text(keys, |text| text.trim().to_owned()),
        Step::Split(entries) => {
            for (key, delimiter) in entries {
                if let Some(value) = key.get_mut(&mut event.fields)
                    && let Value::String(text) = value
                {
                    *value = text.split(delimiter.as_str()).map(Value::from).collect();
                }
            }
        }
        Step::Substitute(entries) => {
            for entry in entries {
                if let Some(Value::String(text)) = entry.key.get_mut(&mut event.fields) {
                    *text = entry.of(text)?;
                }
            }
        }
        Step::Convert(entries) => {
            for (key, kind) in entries {
                if let Some(value) = key.get_mut(&mut event.fields)
                    && let Some(converted) = converted(value, *kind)
                {
                    *value = converted;
                }
            }
        }
        Step::Date(how) => {
            let text = how.source.get(&event.fields).and_then(|value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            });
            if let Some(text) = text
                && let Some(time) = how.patterns.iter().find_map(|pattern| pattern.read(&text, &how.from_zone))
            {
                let shown = how.format.write(&time.with_time_zone(how.to_zone.clone()));
                how.target.put(&mut event.fields, shown.into(), true);
            }
        }
        Step::ListToMap(how) => list_to_map(how, event),
    }
    Some(())
}

fn parsed_into(event: &mut Event<'_>, from: &From, to: Option<&Path>, parsed: Option<Value>) -> Option<()> {
    match (parsed, to) {
        (Some(Value::Object(found)), to) => event.put_all(to, found),
        (Some(other), Some(path)) => path.put(&mut event.fields, other, true),
        (Some(_) | None, _) if *from == From::Message => return None,
        (Some(_) | None, _) => {}
    }
    Some(())
}

/// Moves a value, unless there is one already that may not be overwritten.
fn carry(entry: &Entry, to: &Path, fields: &mut Map<String, Value>) {
    let From::Field(from) = &entry.from else { return };
    if to.get(fields).is_some() && !entry.overwrite {
        return;
    }
    if let Some(value) = from.take(fields) {
        to.put(fields, value, true);
    }
}

fn converted(value: &Value, kind: Kind) -> Option<Value> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    let number = || text.parse::<f64>().ok().filter(|number| number.is_finite());
    match kind {
        Kind::String => Some(text.into()),
        Kind::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            _ => number().map(|number| (number != 0.0).into()),
        },
        Kind::Integer => match (text.as_str(), text.parse::<i64>()) {
            ("true", _) => Some(1.into()),
            ("false", _) => Some(0.into()),
            (_, Ok(integer)) => Some(integer.into()),
            #[allow(clippy::cast_possible_truncation, reason = "a fraction is cut off, and too much is the most")]
            (_, Err(_)) => number().map(|number| (number as i64).into()),
        },
        Kind::Double => number().and_then(Number::from_f64).map(Value::Number),
    }
}

/// `[{ "k": "a", "v": 1 }, …]` becomes `{ "a": [1] }`, or `{ "a": 1 }` if it is flattened.
fn list_to_map(how: &ListToMap, event: &mut Event<'_>) {
    let Some(Value::Array(elements)) = how.source.get(&event.fields) else { return };
    let mut found: Map<String, Value> = Map::new();
    for element in elements {
        let Value::Object(members) = element else { continue };
        let Some(key) = how.key.get(members).and_then(Value::as_str) else { continue };
        let value = match &how.value {
            Some(path) => path.get(members).cloned(),
            None => Some(element.clone()),
        };
        let Some(value) = value else { continue };
        match (found.get_mut(key), how.flatten) {
            (Some(_), Some(Element::First)) => {}
            (_, Some(_)) => drop(found.insert(key.to_owned(), value)),
            (Some(Value::Array(values)), None) => values.push(value),
            (_, None) => drop(found.insert(key.to_owned(), Value::Array(vec![value]))),
        }
    }
    match &how.target {
        Some(target) => target.put(&mut event.fields, Value::Object(found), true),
        None => event.fields.extend(found),
    }
}
