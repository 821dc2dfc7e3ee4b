use tidegate_types::Timestamp;

use super::rules::{Value, broken, described};
use crate::schema::{Kind, ListSchema, MapSchema, Member, Rules, Schema, StructSchema};
use crate::shape::Writer;

/// Collects every violation in a structure, in Coral's words.
#[derive(Default)]
pub struct Checker {
    violations: Vec<String>,
    open: Vec<Open>,
}

/// A structure, list or map that has been entered, with the path to what stands in it.
enum Open {
    Struct {
        path: String,
        schema: &'static StructSchema,
        /// Which members were written.
        present: Vec<bool>,
        /// The member that was announced last.
        member: usize,
    },
    List {
        path: String,
        element: Schema,
        /// How many elements were written.
        count: usize,
        /// The elements as AWS prints them, where they are scalars.
        texts: Vec<String>,
        /// Whether an element broke its rules.
        broken: bool,
    },
    Map {
        path: String,
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

    /// The path and schema of the next value, and whether it is an element of a list.
    fn place(&mut self) -> (String, Option<Schema>) {
        match self.open.last_mut() {
            None => (String::new(), None),
            Some(Open::Struct { path, schema, member, .. }) => {
                let member = &schema.members[*member];
                (join(path, &decapitalised(member.name)), Some(member.schema))
            }
            Some(Open::List { path, element, count, .. }) => {
                *count += 1;
                (format!("{path}.{count}.member"), Some(*element))
            }
            Some(Open::Map { path, schema, key }) => (format!("{path}.{key}.member"), Some(schema.value)),
        }
    }

    /// Checks a scalar that AWS prints as `text`.
    fn scalar(&mut self, text: &dyn Fn() -> String, value: &Value<'_>) {
        let (path, schema) = self.place();
        let rules = schema.map_or(&Rules::NONE, |schema| schema.rules);
        if unruled(rules) {
            return;
        }
        let faults = broken(rules, value);
        match self.open.last_mut() {
            // Of a list's scalars AWS names the list, all of it, and all demands on its elements.
            Some(Open::List { texts, broken, .. }) => {
                texts.push(text());
                *broken |= !faults.is_empty();
            }
            Some(Open::Map { path, .. }) if !faults.is_empty() => {
                let path = path.clone();
                let constraint = format!("Map value must satisfy constraint: [{}]", described(rules));
                self.violate(&format!("'{}'", text()), &path, &constraint);
            }
            _ => {
                for fault in faults {
                    self.violate(&format!("'{}'", text()), &path, &fault);
                }
            }
        }
    }

    /// Checks the size of a list, map or blob.
    fn size(&mut self, path: &str, rules: &Rules, size: usize) {
        if unruled(rules) {
            return;
        }
        for fault in broken(rules, &Value::Size(size)) {
            let shown = if size == 0 { "'[]'" } else { "'[...]'" };
            self.violate(shown, path, &fault);
        }
    }
}

fn unruled(rules: &Rules) -> bool {
    rules.min.is_none() && rules.max.is_none() && rules.pattern.is_none() && rules.values.is_empty()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
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
        let (path, _) = self.place();
        self.open.push(Open::Struct { path, schema, present: vec![false; schema.members.len()], member: 0 });
    }

    fn member(&mut self, _: &'static StructSchema, index: usize) {
        if let Some(Open::Struct { present, member, .. }) = self.open.last_mut() {
            present[index] = true;
            *member = index;
        }
    }

    fn end_struct(&mut self) {
        let Some(Open::Struct { path, schema, present, .. }) = self.open.pop() else { return };
        for (member, present) in schema.members.iter().zip(present) {
            if member.required && !present {
                let path = join(&path, &decapitalised(member.name));
                self.violate("null", &path, "Member must not be null");
            }
        }
    }

    fn begin_list(&mut self, schema: &'static ListSchema, len: usize) {
        let (path, place) = self.place();
        if let Some(place) = place {
            self.size(&path, place.rules, len);
        }
        self.open.push(Open::List { path, element: schema.element, count: 0, texts: Vec::new(), broken: false });
    }

    fn end_list(&mut self) {
        let Some(Open::List { path, element, texts, broken: true, .. }) = self.open.pop() else { return };
        let constraint = format!("Member must satisfy constraint: [{}]", described(element.rules));
        self.violate(&format!("'[{}]'", texts.join(", ")), &path, &constraint);
    }

    fn begin_map(&mut self, schema: &'static MapSchema, len: usize) {
        let (path, place) = self.place();
        if let Some(place) = place {
            self.size(&path, place.rules, len);
        }
        self.open.push(Open::Map { path, schema, key: String::new() });
    }

    fn key(&mut self, text: &str) {
        let Some(Open::Map { path, schema, key }) = self.open.last_mut() else { return };
        text.clone_into(key);
        let (path, rules) = (path.clone(), schema.key.rules);
        if !unruled(rules) && !broken(rules, &Value::Text(text)).is_empty() {
            let constraint = format!("Map keys must satisfy constraint: [{}]", described(rules));
            self.violate(&format!("'{text}'"), &path, &constraint);
        }
    }

    fn end_map(&mut self) {
        self.open.pop();
    }

    fn string(&mut self, value: &str) {
        self.scalar(&|| value.to_owned(), &Value::Text(value));
    }

    fn boolean(&mut self, _: bool) {
        self.place();
    }

    fn long(&mut self, value: i64) {
        self.scalar(&|| value.to_string(), &Value::Number(value));
    }

    fn double(&mut self, value: f64) {
        // The models bound doubles by whole numbers only, so the whole part decides.
        self.scalar(&|| value.to_string(), &Value::Number(value.floor() as i64));
    }

    fn blob(&mut self, value: &[u8]) {
        let (path, schema) = self.place();
        if let Some(Schema { kind: Kind::Blob, rules }) = schema {
            self.size(&path, rules, value.len());
        }
    }

    fn timestamp(&mut self, _: Timestamp) {
        self.place();
    }
}

/// Notes which members of the outermost structure are present and not an empty text.
#[derive(Default)]
pub struct TopLevel {
    schema: Option<&'static StructSchema>,
    present: Vec<bool>,
    /// The member whose value comes next, if that value is the outermost structure's own.
    announced: Option<usize>,
    depth: usize,
}

impl TopLevel {
    /// The required members that are not there.
    pub fn missing(&self) -> impl Iterator<Item = &'static Member> {
        let members = self.schema.map_or(&[][..], |schema| schema.members);
        members
            .iter()
            .zip(&self.present)
            .filter(|(member, present)| member.required && !**present)
            .map(|(member, _)| member)
    }

    fn value(&mut self, counts: bool) {
        if self.depth == 1
            && let Some(index) = self.announced.take()
        {
            self.present[index] = counts;
        }
    }

    fn begin(&mut self) {
        self.value(true);
        self.depth += 1;
    }

    fn end(&mut self) {
        self.depth -= 1;
    }
}

impl Writer for TopLevel {
    fn begin_struct(&mut self, schema: &'static StructSchema) {
        if self.depth == 0 {
            self.schema = Some(schema);
            self.present = vec![false; schema.members.len()];
        }
        self.begin();
    }

    fn member(&mut self, _: &'static StructSchema, index: usize) {
        if self.depth == 1 {
            self.announced = Some(index);
        }
    }

    fn end_struct(&mut self) {
        self.end();
    }

    fn begin_list(&mut self, _: &'static ListSchema, _: usize) {
        self.begin();
    }

    fn end_list(&mut self) {
        self.end();
    }

    fn begin_map(&mut self, _: &'static MapSchema, _: usize) {
        self.begin();
    }

    fn key(&mut self, _: &str) {}

    fn end_map(&mut self) {
        self.end();
    }

    fn string(&mut self, value: &str) {
        // The services of this style treat an empty text as an absent one.
        self.value(!value.is_empty());
    }

    fn boolean(&mut self, _: bool) {
        self.value(true);
    }

    fn long(&mut self, _: i64) {
        self.value(true);
    }

    fn double(&mut self, _: f64) {
        self.value(true);
    }

    fn blob(&mut self, _: &[u8]) {
        self.value(true);
    }

    fn timestamp(&mut self, _: Timestamp) {
        self.value(true);
    }
}
