use tidegate_types::Timestamp;

use super::rules::{Value, broken, described};
use crate::schema::{ListSchema, MapSchema, Rules, Schema, StructSchema};
use crate::shape::Writer;

/// Collects every violation in a structure, in Coral's words.
///
/// It remembers where it is and writes paths down only for violations: nearly every input has none.
#[derive(Default)]
pub struct Checker {
    violations: Vec<String>,
    open: Vec<Open>,
}

/// A structure, list or map that has been entered, and where in it the next value stands.
enum Open {
    Struct {
        schema: &'static StructSchema,
        /// Which members were written, by index.
        present: Vec<bool>,
        /// The member that was announced last.
        member: usize,
    },
    List {
        element: Schema,
        /// How many elements were written.
        count: usize,
        /// The elements as AWS prints them, where they are scalars with rules.
        texts: Vec<String>,
        /// Whether one of them broke the rules.
        broken: bool,
    },
    Map {
        schema: &'static MapSchema,
        key: String,
    },
}

impl Checker {
    pub fn into_violations(self) -> Vec<String> {
        self.violations
    }

    fn violate(&mut self, value: &str, path: &str, constraint: &str) {
        self.violations.push(format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}"));
    }

    /// Where the value at hand stands: `leaves.2.member.key`.
    fn path(&self) -> String {
        path_within(&self.open)
    }

    /// Moves on to the next value and returns its schema; the outermost structure has none.
    fn next(&mut self) -> Option<Schema> {
        match self.open.last_mut()? {
            Open::Struct { schema, member, .. } => Some(schema.members[*member].schema),
            Open::List { element, count, .. } => {
                *count += 1;
                Some(*element)
            }
            Open::Map { schema, .. } => Some(schema.value),
        }
    }

    /// Checks a scalar that AWS prints as `text`.
    fn scalar(&mut self, text: &dyn Fn() -> String, value: &Value<'_>) {
        let Some(rules) = self.next().map(|schema| schema.rules).filter(|rules| is_ruled(rules)) else { return };
        let faults = broken(rules, value);
        // Of a list's scalars AWS names the list, all of it, and all demands on its elements.
        if let Some(Open::List { texts, broken, .. }) = self.open.last_mut() {
            texts.push(text());
            *broken |= !faults.is_empty();
            return;
        }
        if faults.is_empty() {
            return;
        }
        let shown = format!("'{}'", text());
        if let Some(Open::Map { .. }) = self.open.last() {
            let constraint = format!("Map value must satisfy constraint: [{}]", described(rules));
            self.violate(&shown, &self.path_around(), &constraint);
            return;
        }
        let path = self.path();
        for fault in faults {
            self.violate(&shown, &path, &fault);
        }
    }

    /// Where the innermost list or map itself stands.
    fn path_around(&self) -> String {
        path_within(&self.open[..self.open.len().saturating_sub(1)])
    }

    /// Moves on to a list, map or blob, which is shown as `shown`, and checks its size.
    fn sized(&mut self, size: usize, shown: &dyn Fn() -> String) {
        let Some(rules) = self.next().map(|schema| schema.rules).filter(|rules| is_ruled(rules)) else { return };
        for fault in broken(rules, &Value::Size(size)) {
            self.violate(&format!("'{}'", shown()), &self.path(), &fault);
        }
    }
}

/// A list or map as it is shown. AWS prints all of it in the notation of its own language; of a list
/// that is too long, that is no help to anybody.
fn elided(len: usize) -> String {
    let shown = if len == 0 { "[]" } else { "[...]" };
    shown.to_owned()
}

fn is_ruled(rules: &Rules) -> bool {
    rules.min.is_some() || rules.max.is_some() || rules.pattern.is_some() || !rules.values.is_empty()
}

fn path_within(open: &[Open]) -> String {
    let steps = open.iter().map(|open| match open {
        Open::Struct { schema, member, .. } => decapitalised(schema.members[*member].name),
        Open::List { count, .. } => format!("{count}.member"),
        Open::Map { key, .. } => format!("{key}.member"),
    });
    steps.collect::<Vec<_>>().join(".")
}

/// Paths are in the framework's own spelling: `QueueName` is `queueName`.
fn decapitalised(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

impl Writer for Checker {
    fn begin_struct(&mut self, schema: &'static StructSchema) {
        self.next();
        self.open.push(Open::Struct { schema, present: vec![false; schema.members.len()], member: 0 });
    }

    fn member(&mut self, _: &'static StructSchema, index: usize) {
        if let Some(Open::Struct { present, member, .. }) = self.open.last_mut() {
            present[index] = true;
            *member = index;
        }
    }

    fn end_struct(&mut self) {
        let Some(Open::Struct { schema, present, .. }) = self.open.pop() else { return };
        for (member, present) in schema.members.iter().zip(present) {
            if member.required && !present {
                let around = self.path();
                let name = decapitalised(member.name);
                let path = if around.is_empty() { name } else { format!("{around}.{name}") };
                self.violate("null", &path, "Member must not be null");
            }
        }
    }

    fn begin_list(&mut self, schema: &'static ListSchema, len: usize) {
        self.sized(len, &|| elided(len));
        self.open.push(Open::List { element: schema.element, count: 0, texts: Vec::new(), broken: false });
    }

    fn end_list(&mut self) {
        let Some(Open::List { element, texts, broken: true, .. }) = self.open.pop() else { return };
        let constraint = format!("Member must satisfy constraint: [{}]", described(element.rules));
        self.violate(&format!("'[{}]'", texts.join(", ")), &self.path(), &constraint);
    }

    fn begin_map(&mut self, schema: &'static MapSchema, len: usize) {
        self.sized(len, &|| elided(len));
        self.open.push(Open::Map { schema, key: String::new() });
    }

    fn key(&mut self, text: &str) {
        let Some(Open::Map { schema, key }) = self.open.last_mut() else { return };
        text.clone_into(key);
        let rules = schema.key.rules;
        if is_ruled(rules) && !broken(rules, &Value::Text(text)).is_empty() {
            let constraint = format!("Map keys must satisfy constraint: [{}]", described(rules));
            self.violate(&format!("'{text}'"), &self.path_around(), &constraint);
        }
    }

    fn end_map(&mut self) {
        self.open.pop();
    }

    fn string(&mut self, value: &str) {
        self.scalar(&|| value.to_owned(), &Value::Text(value));
    }

    fn boolean(&mut self, _: bool) {
        self.next();
    }

    fn long(&mut self, value: i64) {
        self.scalar(&|| value.to_string(), &Value::Number(value));
    }

    fn double(&mut self, value: f64) {
        // The models bound doubles by whole numbers only, so the whole part decides.
        self.scalar(&|| value.to_string(), &Value::Number(value.floor() as i64));
    }

    fn blob(&mut self, value: &[u8]) {
        let size = value.len();
        self.sized(size, &|| format!("java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]"));
    }

    fn timestamp(&mut self, _: Timestamp) {
        self.next();
    }
}
