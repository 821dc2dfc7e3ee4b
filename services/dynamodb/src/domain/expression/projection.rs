use std::collections::BTreeMap;

use super::ast::{Element, Path};
use super::parser::Parser;
use super::placeholders::Placeholders;
use crate::domain::{Item, Misuse, Value};

/// Which parts of an item are wanted: a tree of the paths, by attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    attributes: BTreeMap<String, Wanted>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    All,
    Fields(BTreeMap<String, Wanted>),
    Indexes(BTreeMap<usize, Wanted>),
}

/// Parses a projection.
///
/// # Errors
/// What is wrong with it, without the parameter's name.
pub fn parse_projection(text: &str, placeholders: &Placeholders) -> Result<Projection, Misuse> {
    let mut parser = Parser::new(text, placeholders)?;
    let mut paths: Vec<Path> = Vec::new();
    loop {
        let path = parser.path(&[])?;
        parser.check_apart(paths.iter(), &path);
        paths.push(path);
        if !parser.take(",") {
            break;
        }
    }
    parser.finish()?;
    Ok(Projection::of_paths(paths.iter()))
}

impl Projection {
    /// The projection on these paths. Where two overlap, the wider one counts.
    pub fn of_paths<'a>(paths: impl Iterator<Item = &'a Path>) -> Projection {
        let mut projection = Projection::default();
        for path in paths {
            let fresh = || chain(&path.rest);
            match projection.attributes.get_mut(&path.head) {
                Some(wanted) => wanted.add(&path.rest),
                None => {
                    projection.attributes.insert(path.head.clone(), fresh());
                }
            }
        }
        projection
    }

    /// The projection on whole attributes.
    pub fn of_attributes(names: impl IntoIterator<Item = String>) -> Projection {
        Projection { attributes: names.into_iter().map(|name| (name, Wanted::All)).collect() }
    }

    /// The names of the attributes of which anything is wanted.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    /// The names of the attributes of which a part is wanted.
    pub fn nested(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(|(_, wanted)| !matches!(wanted, Wanted::All)).map(|(name, _)| name.as_str())
    }

    /// What is wanted of an item.
    pub fn of(&self, item: &Item) -> Item {
        let part = |(name, wanted): (&String, &Wanted)| Some((name.clone(), wanted.of(item.get(name)?)?));
        self.attributes.iter().filter_map(part).collect()
    }
}

fn chain(rest: &[Element]) -> Wanted {
    match rest.split_first() {
        None => Wanted::All,
        Some((Element::Field(name), rest)) => Wanted::Fields([(name.clone(), chain(rest))].into()),
        Some((Element::Index(index), rest)) => Wanted::Indexes([(*index, chain(rest))].into()),
    }
}

impl Wanted {
    fn add(&mut self, rest: &[Element]) {
        match (self, rest.split_first()) {
            (Wanted::All, _) => {}
            (wanted, None) => *wanted = Wanted::All,
            (Wanted::Fields(fields), Some((Element::Field(name), rest))) => match fields.get_mut(name) {
                Some(wanted) => wanted.add(rest),
                None => {
                    fields.insert(name.clone(), chain(rest));
                }
            },
            (Wanted::Indexes(indexes), Some((Element::Index(index), rest))) => match indexes.get_mut(index) {
                Some(wanted) => wanted.add(rest),
                None => {
                    indexes.insert(*index, chain(rest));
                }
            },
            // A list here and a map there: the parser refuses that; one of the two finds nothing.
            (Wanted::Fields(_), _) | (Wanted::Indexes(_), _) => {}
        }
    }

    fn of(&self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Wanted::All, value) => Some(value.clone()),
            (Wanted::Fields(fields), Value::M(map)) => {
                let part = |(name, wanted): (&String, &Wanted)| Some((name.clone(), wanted.of(map.get(name)?)?));
                let found: BTreeMap<_, _> = fields.iter().filter_map(part).collect();
                (!found.is_empty()).then_some(Value::M(found))
            }
            (Wanted::Indexes(indexes), Value::L(list)) => {
                let part = |(index, wanted): (&usize, &Wanted)| wanted.of(list.get(*index)?);
                let found: Vec<_> = indexes.iter().filter_map(part).collect();
                (!found.is_empty()).then_some(Value::L(found))
            }
            _ => None,
        }
    }
}
