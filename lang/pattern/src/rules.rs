//! Many patterns at once.

use std::collections::HashMap;
use std::hash::Hash;

use crate::Pattern;
use crate::branch::Branch;
use crate::error::EventError;
use crate::event::Event;
use crate::index::{BranchId, Index};
use crate::paths::Paths;

/// Patterns by the ids of their rules.
///
/// An event goes through once: its wanted fields are taken out, the [index](crate::index) names the few
/// alternatives that may match, and these are decided one by one. What cannot match costs nothing.
#[derive(Debug)]
pub struct Rules<Id> {
    paths: Paths,
    index: Index,
    branches: Vec<Option<Owned>>,
    free: Vec<BranchId>,
    rules: HashMap<Id, Vec<BranchId>>,
    /// The ids by the rules' numbers, which only grow.
    ids: HashMap<u64, Id>,
    next: u64,
}

/// An alternative and its rule's number.
#[derive(Debug)]
struct Owned {
    rule: u64,
    branch: Branch,
}

impl<Id> Default for Rules<Id> {
    fn default() -> Rules<Id> {
        Rules {
            paths: Paths::default(),
            index: Index::default(),
            branches: Vec::new(),
            free: Vec::new(),
            rules: HashMap::new(),
            ids: HashMap::new(),
            next: 0,
        }
    }
}

impl<Id: Clone + Eq + Hash> Rules<Id> {
    /// No rules.
    pub fn new() -> Rules<Id> {
        Rules::default()
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Adds a rule; one with the same id is replaced.
    pub fn insert(&mut self, id: Id, pattern: &Pattern) {
        self.remove(&id);
        let rule = self.next;
        self.next += 1;
        let mut branches = Vec::with_capacity(pattern.alternatives().len());
        for alternative in pattern.alternatives() {
            let branch = Branch::new(alternative, &mut self.paths);
            let at = self.free.pop().unwrap_or_else(|| {
                self.branches.push(None);
                BranchId::try_from(self.branches.len() - 1).expect("fewer than 2^32 patterns fit into memory")
            });
            self.index.insert(at, &branch);
            self.branches[at as usize] = Some(Owned { rule, branch });
            branches.push(at);
        }
        self.ids.insert(rule, id.clone());
        self.rules.insert(id, branches);
    }

    /// Removes a rule; `false` if there is none with this id.
    pub fn remove(&mut self, id: &Id) -> bool {
        let Some(branches) = self.rules.remove(id) else { return false };
        for at in branches {
            let Some(Owned { rule, branch }) = self.branches[at as usize].take() else { continue };
            self.index.remove(at, &branch);
            branch.wants.iter().for_each(|want| self.paths.release(&want.path));
            self.ids.remove(&rule);
            self.free.push(at);
        }
        true
    }

    /// The ids of the rules that an event matches, in the order in which they were added.
    ///
    /// # Errors
    /// [`EventError`] if the event is no JSON object.
    pub fn matches(&self, event: &[u8]) -> Result<Vec<&Id>, EventError> {
        let event = Event::read(event, &self.paths)?;
        let mut matched = Vec::new();
        for at in self.index.candidates(&event) {
            let Some(Owned { rule, branch }) = &self.branches[at as usize] else { continue };
            if matched.last() != Some(rule) && branch.matches(&event) {
                matched.push(*rule);
            }
        }
        matched.sort_unstable();
        matched.dedup();
        Ok(matched.iter().filter_map(|rule| self.ids.get(rule)).collect())
    }
}
