//! The texts of an input, by the names that the model has for them.

use std::collections::BTreeMap;

use tidegate_types::Timestamp;

use crate::schema::{ListSchema, MapSchema, StructSchema};
use crate::shape::{Shape, Writer};

/// What an input says at its top: texts, lists of texts, and pairs (maps of texts, and lists of structures
/// with a key and a value, which is how services write tags, in a structure of their own or not). For services with
/// so many operations that what each needs is a table of names rather than functions over their types.
#[derive(Debug, Default)]
pub struct Members {
    texts: BTreeMap<&'static str, Vec<String>>,
    pairs: BTreeMap<&'static str, Vec<(String, String)>>,
    /// The texts of structures at the top, by both names.
    within: BTreeMap<(&'static str, &'static str), Vec<String>>,
    /// The member of a structure at the top whose list is being read.
    list: &'static str,
    /// Where the walk is.
    depth: usize,
    top: &'static str,
    inner: &'static str,
    key: Option<String>,
}

impl Members {
    /// The members of an input.
    pub fn of(input: &dyn Shape) -> Members {
        let mut members = Members::default();
        input.write(&mut members);
        members
    }

    /// A text, or a whole number as one; `None` if it is absent, or neither.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name)?.first().map(String::as_str)
    }

    /// A list of texts.
    pub fn list(&self, name: &str) -> &[String] {
        self.texts.get(name).map_or(&[], Vec::as_slice)
    }

    /// The texts of a member of a structure at the top: one, or those of a list.
    pub fn within(&self, name: &'static str, inner: &'static str) -> &[String] {
        self.within.get(&(name, inner)).map_or(&[], Vec::as_slice)
    }

    /// Pairs, such as tags.
    pub fn pairs(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.get(name).into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A text with each `{Name}` filled in from the member of that name. An absent one leaves nothing.
    pub fn fill(&self, template: &str) -> String {
        let (mut filled, mut rest) = (String::with_capacity(template.len() + 32), template);
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
            filled.push_str(before);
            filled.push_str(self.text(name).unwrap_or_default());
            rest = after;
        }
        filled.push_str(rest);
        filled
    }
}

impl Writer for Members {
    fn begin_struct(&mut self, _: &'static StructSchema) {
        self.depth += 1;
    }

    fn member(&mut self, schema: &'static StructSchema, index: usize) {
        let name = schema.members[index].name;
        if self.depth == 1 {
            (self.top, self.inner) = (name, "");
        } else {
            self.inner = name;
        }
    }

    fn end_struct(&mut self) {
        self.depth -= 1;
    }

    fn begin_list(&mut self, _: &'static ListSchema, _: usize) {
        self.list = if self.depth == 2 { self.inner } else { "" };
        self.depth += 1;
        self.inner = "";
        self.key = None;
    }

    fn end_list(&mut self) {
        self.depth -= 1;
        self.list = "";
    }

    fn begin_map(&mut self, _: &'static MapSchema, _: usize) {
        self.depth += 1;
        (self.list, self.inner) = ("", "");
    }

    fn key(&mut self, key: &str) {
        self.key = Some(key.to_owned());
    }

    fn end_map(&mut self) {
        self.depth -= 1;
        self.key = None;
    }

    fn string(&mut self, value: &str) {
        match (self.depth, self.inner) {
            (1, _) => drop(self.texts.insert(self.top, vec![value.to_owned()])),
            (2, "") => match self.key.take() {
                Some(key) => self.pairs.entry(self.top).or_default().push((key, value.to_owned())),
                None => self.texts.entry(self.top).or_default().push(value.to_owned()),
            },
            (2, inner) => self.within.entry((self.top, inner)).or_default().push(value.to_owned()),
            (3, "") if !self.list.is_empty() => {
                self.within.entry((self.top, self.list)).or_default().push(value.to_owned());
            }
            (3 | 4, "Key" | "key") => self.key = Some(value.to_owned()),
            (3 | 4, "Value" | "value") => {
                if let Some(key) = self.key.take() {
                    self.pairs.entry(self.top).or_default().push((key, value.to_owned()));
                }
            }
            _ => {}
        }
    }

    fn boolean(&mut self, _: bool) {}

    fn long(&mut self, value: i64) {
        if self.depth == 1 {
            self.texts.insert(self.top, vec![value.to_string()]);
        }
    }

    fn double(&mut self, _: f64) {}

    fn blob(&mut self, _: &[u8]) {}

    fn timestamp(&mut self, _: Timestamp) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Kind, Member, Schema};

    static TEXTS: ListSchema = ListSchema { element: Schema::STRING, entry_name: "member" };
    static LISTS: MapSchema =
        MapSchema { key: Schema::STRING, value: Schema::of(Kind::List(&TEXTS)), key_name: "key", value_name: "value" };
    static INNER: StructSchema = StructSchema {
        name: "Inner",
        members: &[
            Member::new("Names", Schema::of(Kind::List(&TEXTS))),
            Member::new("Filters", Schema::of(Kind::Map(&LISTS))),
        ],
    };
    static OUTER: StructSchema =
        StructSchema { name: "Outer", members: &[Member::new("Inner", Schema::of(Kind::Struct(&INNER)))] };

    #[test]
    fn what_comes_after_a_list_is_not_of_it() {
        let mut members = Members::default();
        members.begin_struct(&OUTER);
        members.member(&OUTER, 0);
        members.begin_struct(&INNER);
        members.member(&INNER, 0);
        members.begin_list(&TEXTS, 1);
        members.string("one");
        members.end_list();
        members.member(&INNER, 1);
        members.begin_map(&LISTS, 1);
        members.key("a");
        members.string("two");
        members.end_map();
        members.end_struct();
        members.end_struct();
        assert_eq!(members.within("Inner", "Names"), ["one"]);
    }

    #[test]
    fn templates_are_filled_in() {
        let texts = BTreeMap::from([("RoleName", vec!["worker".to_owned()])]);
        let members = Members { texts, ..Members::default() };
        for (template, expected) in [
            ("role/{RoleName}", "role/worker"),
            ("*", "*"),
            ("a{None}b", "ab"),
            ("{RoleName}:{RoleName}", "worker:worker"),
        ] {
            assert_eq!(members.fill(template), expected);
        }
    }
}
