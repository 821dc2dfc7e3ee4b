//! What flows from command to command: an event with what was computed for it, or a group of `stats`.

use std::sync::{Arc, OnceLock};

use serde_json::Value as Json;

use crate::discover;
use crate::event::Event;
use crate::value::Value;

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    event: Option<Arc<Event>>,
    /// The event's fields as far as anybody asked.
    document: OnceLock<Option<Json>>,
    computed: Vec<(Arc<str>, Value)>,
    /// What was joined.
    sides: Option<Box<Sides>>,
    /// What the last `sort` sorts by.
    pub(crate) keys: Vec<Value>,
    /// Which row this is, for equals in a sort.
    pub(crate) number: u64,
}

/// The two rows that a `join` made one of.
#[derive(Debug, Clone)]
struct Sides {
    names: [Arc<str>; 2],
    /// Shared by all that are joined to it.
    left: Arc<Row>,
    right: Option<Row>,
}

/// What marks the events of a query with `diff`: no query can write these names without meaning to.
pub(crate) const MARKS: [&str; 2] = [" current", " earlier"];

impl Row {
    pub(crate) fn of_event(event: Event, number: u64) -> Row {
        Row { event: Some(Arc::new(event)), ..Row::of_group(Vec::new(), number) }
    }

    pub(crate) fn of_group(computed: Vec<(Arc<str>, Value)>, number: u64) -> Row {
        Row { event: None, document: OnceLock::new(), computed, sides: None, keys: Vec::new(), number }
    }

    /// A row of two, the right one perhaps missing.
    pub(crate) fn joined(names: [Arc<str>; 2], left: Arc<Row>, right: Option<Row>) -> Row {
        let number = left.number;
        Row { sides: Some(Box::new(Sides { names, left, right })), ..Row::of_group(Vec::new(), number) }
    }

    /// Notes which of the two stretches of time of a `diff` it is of.
    pub(crate) fn mark(&mut self, is_earlier: bool) {
        self.set(&MARKS[usize::from(is_earlier)].into(), Value::Number(1.0));
    }

    pub(crate) fn timestamp_ms(&self) -> Option<i64> {
        match (&self.event, &self.sides) {
            (Some(event), _) => Some(event.timestamp_ms),
            (None, Some(sides)) => sides.left.timestamp_ms(),
            (None, None) => None,
        }
    }

    pub(crate) fn set(&mut self, name: &Arc<str>, value: Value) {
        match self.computed.iter_mut().find(|(own, _)| own == name) {
            Some((_, old)) => *old = value,
            None => self.computed.push((name.clone(), value)),
        }
    }

    /// A field by name: computed, of the system, a part of a computed structure, or discovered in the message.
    pub(crate) fn field(&self, name: &str) -> Value {
        if let Some((_, value)) = self.computed.iter().find(|(own, _)| &**own == name) {
            return value.clone();
        }
        if let Some(value) = self.system(name) {
            return value;
        }
        for (own, value) in &self.computed {
            if let (Some(path), Value::Structure(json)) = (name.strip_prefix(&**own), value)
                && let Some(path) = path.strip_prefix('.')
            {
                return discover::find(json, path).map_or(Value::Missing, Value::discovered);
            }
        }
        match &self.sides {
            Some(sides) => sides.field(name),
            None => self.discovered(name),
        }
    }

    /// Gives a field's text away for a look, without copying the message for each question about it.
    pub(crate) fn with_text<T>(&self, name: &str, look: impl FnOnce(Option<&str>) -> T) -> T {
        let is_computed = self.computed.iter().any(|(own, _)| &**own == name);
        match &self.event {
            Some(event) if name == "@message" && !is_computed => look(Some(&event.message)),
            _ => look(self.field(name).text().as_deref()),
        }
    }

    /// The event's message with what others may not see.
    pub(crate) fn unmasked(&self) -> Value {
        let event = self.event.as_ref().filter(|event| event.unmasked.is_some());
        let text = event.and_then(|event| event.unmasked.clone());
        text.map_or_else(|| self.field("@message"), Value::Text)
    }

    fn system(&self, name: &str) -> Option<Value> {
        let event = self.event.as_ref()?;
        Some(match name {
            "@timestamp" => Value::Time(event.timestamp_ms),
            "@ingestionTime" => Value::Time(event.ingestion_ms),
            "@message" => Value::Text(event.message.clone()),
            "@logStream" => Value::Text(event.log_stream.to_string()),
            "@log" => Value::Text(event.log.to_string()),
            "@ptr" => Value::Text(event.ptr.clone()),
            _ => return None,
        })
    }

    fn discovered(&self, name: &str) -> Value {
        let Some(event) = &self.event else { return Value::Missing };
        if let Some(field) = name.strip_prefix('@').filter(|field| !field.starts_with('@')) {
            return discover::lambda(event, field).map_or(Value::Missing, Value::Text);
        }
        // `@@name` is a field of the message that begins with an @ itself.
        let name = name.strip_prefix('@').unwrap_or(name);
        let document = self.document.get_or_init(|| discover::document(event));
        match document.as_ref().and_then(|document| discover::find(document, name)).map(Value::discovered) {
            // Only what has no parts is a field.
            Some(Value::Structure(_)) | None => Value::Missing,
            Some(value) => value,
        }
    }

    /// Forgets what can be found again, before the row is kept.
    pub(crate) fn compact(&mut self) {
        self.document = OnceLock::new();
        if let Some(sides) = &mut self.sides {
            // Others share it, and what they find in it.
            sides.left = Arc::new(sides.left.bare());
            sides.right.iter_mut().for_each(Row::compact);
        }
    }

    /// A copy without what can be found again.
    fn bare(&self) -> Row {
        let bare = |sides: &Sides| Sides {
            names: sides.names.clone(),
            left: Arc::new(sides.left.bare()),
            right: sides.right.as_ref().map(Row::bare),
        };
        Row {
            event: self.event.clone(),
            document: OnceLock::new(),
            computed: self.computed.clone(),
            sides: self.sides.as_deref().map(|sides| Box::new(bare(sides))),
            keys: self.keys.clone(),
            number: self.number,
        }
    }

    /// What keeping it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        let event = self.event.as_ref().map_or(0, |event| event.cost());
        let computed: usize = self.computed.iter().map(|(_, value)| 32 + value.cost()).sum();
        let side = |row: &Row| row.cost();
        let sides = self.sides.as_ref().map_or(0, |sides| side(&sides.left) + sides.right.as_ref().map_or(0, side));
        size_of::<Row>() + event + computed + sides + self.keys.iter().map(Value::cost).sum::<usize>()
    }
}

impl Sides {
    /// A field of the side that it names; of any other name, the left side's if it has it.
    fn field(&self, name: &str) -> Value {
        let of = |alias: &str| name.strip_prefix(alias).and_then(|rest| rest.strip_prefix('.'));
        if let Some(field) = of(&self.names[0]) {
            return self.left.field(field);
        }
        let right = |field: &str| self.right.as_ref().map_or(Value::Missing, |row| row.field(field));
        if let Some(field) = of(&self.names[1]) {
            return right(field);
        }
        match self.left.field(name) {
            Value::Missing => right(name),
            value => value,
        }
    }
}
