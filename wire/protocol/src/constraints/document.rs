use tidegate_types::Timestamp;

use super::rules::{Value, broken};
use crate::schema::{ListSchema, MapSchema, Member, Rules, Schema, StructSchema};
use crate::shape::Writer;

/// Tells whether the documents within an input are what the schema wants: whatever lies deeper than the input's
/// own members. Those are headers and parameters, of which the service speaks in words of its own.
pub struct Documents {
    open: Vec<Open>,
    except: &'static [&'static str],
    is_broken: bool,
}

/// A structure, list or map that has been entered.
enum Open {
    Struct {
        schema: &'static StructSchema,
        present: Vec<bool>,
        member: usize,
    },
    /// Lists and the values of maps.
    Many(Schema),
}

impl Documents {
    /// A check that leaves these members, such as `Tag.Key`, to the service.
    pub fn new(except: &'static [&'static str]) -> Documents {
        Documents { open: Vec::new(), except, is_broken: false }
    }

    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Moves on to the next value, which breaks its rules or not.
    fn next(&mut self, value: Option<&Value<'_>>) {
        let Some(schema) = self.open.last().map(|open| match open {
            Open::Struct { schema, member, .. } => schema.members[*member].schema,
            Open::Many(schema) => *schema,
        }) else {
            return;
        };
        if let Some(value) = value {
            self.judge(schema.rules, value);
        }
    }

    fn judge(&mut self, rules: &Rules, value: &Value<'_>) {
        let mut structs = self.open.iter().rev().filter_map(|open| match open {
            Open::Struct { schema, member, .. } => Some((schema, &schema.members[*member])),
            Open::Many(_) => None,
        });
        // The first is the one around the value, the last is the input itself.
        let (Some((schema, member)), true) = (structs.next(), structs.next().is_some()) else { return };
        let is_broken = !self.is_excepted(schema, member) && !broken(rules, value).is_empty();
        self.is_broken |= is_broken;
    }

    fn is_excepted(&self, schema: &StructSchema, member: &Member) -> bool {
        self.except.iter().any(|excepted| excepted.split_once('.') == Some((schema.name, member.name)))
    }
}

impl Writer for Documents {
    fn begin_struct(&mut self, schema: &'static StructSchema) {
        self.next(None);
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
        let is_document = !self.open.is_empty();
        let mut absent = schema.members.iter().zip(present).filter(|(_, present)| !present);
        let is_missing = absent.any(|(member, _)| member.required && !self.is_excepted(schema, member));
        self.is_broken |= is_document && is_missing;
    }

    fn begin_list(&mut self, schema: &'static ListSchema, len: usize) {
        self.next(Some(&Value::Size(len)));
        self.open.push(Open::Many(schema.element));
    }

    fn end_list(&mut self) {
        self.open.pop();
    }

    fn begin_map(&mut self, schema: &'static MapSchema, len: usize) {
        self.next(Some(&Value::Size(len)));
        self.open.push(Open::Many(schema.value));
    }

    fn key(&mut self, _: &str) {}

    fn end_map(&mut self) {
        self.open.pop();
    }

    fn string(&mut self, value: &str) {
        self.next(Some(&Value::Text(value)));
    }

    fn boolean(&mut self, _: bool) {
        self.next(None);
    }

    fn long(&mut self, value: i64) {
        self.next(Some(&Value::Number(value)));
    }

    fn double(&mut self, value: f64) {
        self.next(Some(&Value::Fraction(value)));
    }

    fn blob(&mut self, value: &[u8]) {
        self.next(Some(&Value::Size(value.len())));
    }

    fn timestamp(&mut self, _: Timestamp) {
        self.next(None);
    }
}
