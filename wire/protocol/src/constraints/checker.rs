use tidegate_types::Timestamp;

use super::rules::{Value, broken, described};
use crate::schema::{ListSchema, MapSchema, Rules, Schema, StructSchema};
use crate::shape::Writer;

/// Collects every violation in a structure, in Coral's words.
///
/// It remembers where it is and writes paths down only for violations: nearly every input has none.
pub struct Checker {
    violations: Vec<String>,
    open: Vec<Open>,
    style: Style,
    /// Whether what is in lists and maps is noted, to be shown.
    notes: bool,
}

/// How a service speaks.
#[derive(Clone, Copy, Default)]
pub struct Style {
    /// Whether the demands on what is in lists and maps end with that it is there.
    pub names_null: bool,
    /// Members that the service checks in words of its own, such as `CreateFunctionRequest.Runtime`.
    pub except: &'static [&'static str],
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
        /// What its length breaks.
        faults: Vec<String>,
        /// The elements as AWS prints them, where they are scalars.
        texts: Vec<String>,
        /// What is demanded of them, if one of them broke it.
        demands: Option<Vec<String>>,
    },
    Map {
        schema: &'static MapSchema,
        key: String,
        /// The entries as AWS prints them: `key=value`.
        texts: Vec<String>,
        /// What is demanded of keys and of values, if one of them broke it.
        key_demands: Option<Vec<String>>,
        value_demands: Option<Vec<String>>,
    },
}

impl Checker {
    /// One that tells whether anything is wrong.
    pub fn new(style: Style) -> Checker {
        Checker { violations: Vec::new(), open: Vec::new(), style, notes: false }
    }

    /// One that finds words for it.
    pub fn that_notes(style: Style) -> Checker {
        Checker { notes: true, ..Checker::new(style) }
    }

    pub fn finds_nothing(&self) -> bool {
        self.violations.is_empty()
    }

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
        self.note(text);
        let Some(rules) = self.next().map(|schema| schema.rules).filter(|rules| is_ruled(rules)) else { return };
        let faults = broken(rules, value);
        if faults.is_empty() || self.is_excepted() {
            return;
        }
        match self.open.last_mut() {
            // Of what is in a list or map AWS shows all, and says all demands on it.
            Some(Open::List { demands, .. } | Open::Map { value_demands: demands, .. }) => {
                *demands = Some(described(rules, value));
            }
            Some(Open::Struct { .. }) | None => {
                let (shown, path) = (format!("'{}'", text()), self.path());
                faults.iter().for_each(|fault| self.violate(&shown, &path, fault));
            }
        }
    }

    /// Notes what is in a list or a map, whose key is known already.
    fn note(&mut self, text: &dyn Fn() -> String) {
        match self.open.last_mut().filter(|_| self.notes) {
            Some(Open::List { texts, .. }) => texts.push(text()),
            Some(Open::Map { texts, key, .. }) => texts.push(format!("{key}={}", text())),
            Some(Open::Struct { .. }) | None => {}
        }
    }

    /// Whether the service itself checks the member at hand.
    fn is_excepted(&self) -> bool {
        let [Open::Struct { schema, member, .. }] = &self.open[..] else { return false };
        let name = |excepted: &&str| excepted.split_once('.') == Some((schema.name, schema.members[*member].name));
        self.style.except.iter().any(name)
    }

    /// All demands on what is in a list or a map.
    fn demanded(&self, mut demands: Vec<String>) -> String {
        if self.style.names_null {
            demands.push("Member must not be null".to_owned());
        }
        demands.join(", ")
    }

    /// Moves on to a list, map or blob, which is shown as `shown`, and checks its size.
    fn sized(&mut self, size: usize, shown: &dyn Fn() -> String) {
        self.note(shown);
        let Some(rules) = self.next().map(|schema| schema.rules).filter(|rules| is_ruled(rules)) else { return };
        for fault in broken(rules, &Value::Size(size)) {
            self.violate(&format!("'{}'", shown()), &self.path(), &fault);
        }
    }
}

/// A list or map that is itself in one, or a map that is too long: AWS prints all of it in the notation of its own
/// language, which is no help to anybody.
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
        self.note(&|| "{...}".to_owned());
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
        self.note(&|| elided(len));
        let rules = self.next().map(|schema| schema.rules).filter(|rules| is_ruled(rules));
        let faults = rules.map(|rules| broken(rules, &Value::Size(len))).unwrap_or_default();
        self.open.push(Open::List { element: schema.element, count: 0, faults, texts: Vec::new(), demands: None });
    }

    fn end_list(&mut self) {
        let Some(Open::List { faults, texts, demands, .. }) = self.open.pop() else { return };
        let demanded = demands.map(|all| format!("Member must satisfy constraint: [{}]", self.demanded(all)));
        for constraint in faults.into_iter().chain(demanded) {
            self.violate(&format!("'[{}]'", texts.join(", ")), &self.path(), &constraint);
        }
    }

    fn begin_map(&mut self, schema: &'static MapSchema, len: usize) {
        self.sized(len, &|| elided(len));
        let (key, texts) = (String::new(), Vec::new());
        self.open.push(Open::Map { schema, key, texts, key_demands: None, value_demands: None });
    }

    fn key(&mut self, text: &str) {
        let Some(Open::Map { schema, key, key_demands, .. }) = self.open.last_mut() else { return };
        text.clone_into(key);
        let (rules, value) = (schema.key.rules, Value::Text(text));
        if is_ruled(rules) && !broken(rules, &value).is_empty() {
            *key_demands = Some(described(rules, &value));
        }
    }

    fn end_map(&mut self) {
        let Some(Open::Map { texts, key_demands, value_demands, .. }) = self.open.pop() else { return };
        let about = [("Map keys", key_demands), ("Map value", value_demands)];
        for (what, demands) in about.into_iter().filter_map(|(what, demands)| Some((what, demands?))) {
            let constraint = format!("{what} must satisfy constraint: [{}]", self.demanded(demands));
            self.violate(&format!("'{{{}}}'", texts.join(", ")), &self.path(), &constraint);
        }
    }

    fn string(&mut self, value: &str) {
        self.scalar(&|| value.to_owned(), &Value::Text(value));
    }

    fn boolean(&mut self, value: bool) {
        self.note(&|| value.to_string());
        self.next();
    }

    fn long(&mut self, value: i64) {
        self.scalar(&|| value.to_string(), &Value::Number(value));
    }

    fn double(&mut self, value: f64) {
        self.scalar(&|| format!("{value:?}"), &Value::Fraction(value));
    }

    fn blob(&mut self, value: &[u8]) {
        let size = value.len();
        self.sized(size, &|| format!("java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]"));
    }

    fn timestamp(&mut self, _: Timestamp) {
        self.next();
    }
}
