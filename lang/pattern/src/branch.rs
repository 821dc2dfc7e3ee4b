//! Whether an event meets one alternative, with the arrays' consistency.
//!
//! AWS takes the fields in the order of their names. A value of the next field goes with those so far if no
//! array would have to be at two elements at once, and a field is absent if no value of it goes with those so
//! far. Trying all combinations would take exponential time; but all that matters of a combination is at which
//! elements it holds those arrays that a later field lies in. So we keep the set of these *holds*, and there are
//! never more of them than elements in the arrays that two fields share.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Element, Event, Occurrence};
use crate::matcher::Matcher;
use crate::parse::Alternative;
use crate::paths::{FieldId, Paths};

/// An alternative, for the events of one tree of paths.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    /// In Java's order of the paths.
    pub wants: Vec<Want>,
}

/// What is wanted of a field.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    pub path: Box<str>,
    pub field: FieldId,
    /// One of them must hold.
    pub matchers: Vec<Matcher>,
}

impl Want {
    fn accepts(&self, occurrence: &Occurrence<'_>) -> bool {
        self.matchers.iter().any(|matcher| matcher.matches(&occurrence.value))
    }

    /// Whether the field may be absent.
    pub fn accepts_absence(&self) -> bool {
        self.matchers.contains(&Matcher::Absent)
    }
}

/// Arrays, and the elements they are held at; sorted.
type Hold = Vec<Element>;

impl Branch {
    /// Makes it ready for a tree, which then wants its fields.
    pub fn new(alternative: &Alternative, paths: &mut Paths) -> Branch {
        let mut wants: Vec<Want> = alternative
            .iter()
            .map(|(path, matchers)| Want {
                path: path.as_str().into(),
                field: paths.want(path),
                matchers: matchers.clone(),
            })
            .collect();
        wants.sort_by(|left, right| left.path.encode_utf16().cmp(right.path.encode_utf16()));
        Branch { wants }
    }

    /// Whether the event meets it.
    pub fn matches(&self, event: &Event<'_>) -> bool {
        if event.is_flat() || self.wants.len() == 1 {
            return self.wants.iter().all(|want| {
                let values = event.of(want.field);
                values.iter().any(|value| want.accepts(value)) || (values.is_empty() && want.accepts_absence())
            });
        }
        self.matches_within_arrays(event)
    }

    fn matches_within_arrays(&self, event: &Event<'_>) -> bool {
        // A field that no value meets decides quickly.
        let hopeless =
            |want: &Want| !want.accepts_absence() && !event.of(want.field).iter().any(|value| want.accepts(value));
        if self.wants.iter().any(hopeless) {
            return false;
        }
        let last = self.last_fields(event);
        let mut holds = BTreeSet::from([Hold::new()]);
        for (at, want) in self.wants.iter().enumerate() {
            let values = event.of(want.field);
            let all = Placed::new(event, values.iter());
            let accepted = Placed::new(event, values.iter().filter(|value| want.accepts(value)));
            let mut next = BTreeSet::new();
            let mut keep = |mut hold: Hold| {
                hold.retain(|(array, _)| last.get(array).is_some_and(|last| *last > at));
                next.insert(hold);
            };
            for hold in &holds {
                accepted.consistent(hold, |elements| {
                    keep(merged(hold, elements));
                    true
                });
                if want.accepts_absence() && !all.any_consistent(hold) {
                    keep(hold.clone());
                }
            }
            if next.is_empty() {
                return false;
            }
            holds = next;
        }
        true
    }

    /// For each array the last of our fields that lies in it.
    fn last_fields(&self, event: &Event<'_>) -> BTreeMap<u32, usize> {
        let mut last = BTreeMap::new();
        for (at, want) in self.wants.iter().enumerate() {
            for occurrence in event.of(want.field) {
                last.extend(event.elements(occurrence).map(|(array, _)| (array, at)));
            }
        }
        last
    }
}

/// The elements of some values, in order, so that those which go with a hold are found without trying all.
struct Placed {
    /// Each from the outermost array inwards.
    values: Vec<Hold>,
}

impl Placed {
    fn new<'a, 'e: 'a>(event: &Event<'e>, values: impl Iterator<Item = &'a Occurrence<'e>>) -> Placed {
        let mut values: Vec<Hold> = values
            .map(|value| {
                let mut elements: Hold = event.elements(value).collect();
                elements.reverse();
                elements
            })
            .collect();
        values.sort_unstable();
        values.dedup();
        Placed { values }
    }

    fn any_consistent(&self, hold: &Hold) -> bool {
        let mut found = false;
        self.consistent(hold, |_| {
            found = true;
            false
        });
        found
    }

    /// Visits what goes with a hold until the visitor has had enough.
    fn consistent(&self, hold: &Hold, mut visit: impl FnMut(&Hold) -> bool) {
        let mut rest = self.values.as_slice();
        while let Some(first) = rest.first() {
            // All that begin with the same array lie together, and so do those in one element of it.
            let array = first.first().map(|(array, _)| *array);
            let length = rest.partition_point(|value| value.first().map(|(array, _)| *array) <= array);
            let (mut group, after) = rest.split_at(length);
            rest = after;
            if let Some(element) = array.and_then(|array| held(hold, array)) {
                let start = group.partition_point(|value| value[0].1 < element);
                let end = group.partition_point(|value| value[0].1 <= element);
                group = &group[start..end];
            }
            for value in group {
                if value.iter().all(|(array, element)| held(hold, *array).is_none_or(|held| held == *element))
                    && !visit(value)
                {
                    return;
                }
            }
        }
    }
}

fn held(hold: &Hold, array: u32) -> Option<u32> {
    hold.binary_search_by_key(&array, |(array, _)| *array).ok().map(|at| hold[at].1)
}

fn merged(hold: &Hold, elements: &Hold) -> Hold {
    let mut merged: Hold = hold.iter().chain(elements).copied().collect();
    merged.sort_unstable();
    merged.dedup();
    merged
}
