use tidegate_types::Timestamp;

use crate::schema::{ListSchema, MapSchema, Member, StructSchema};
use crate::shape::Writer;

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
