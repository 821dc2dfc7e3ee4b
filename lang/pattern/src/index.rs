//! Which alternatives an event may match.
//!
//! Each alternative is filed under the values of *one* of its fields: under a key for each condition, so that a
//! value that meets the condition always has the key. The field is the one whose keys are least crowded, and so
//! ten thousand rules of one source lie under their detail types. A key that gets crowded all the same files its
//! alternatives under a second field as well, and so on; the whole is a tree that asks about one field at a time.
//!
//! | condition | key |
//! |---|---|
//! | text, number, `true` | itself |
//! | prefix, suffix, with or without case | its text; a value is looked up by its head of each length in use |
//! | ignoring case | the text in one case |
//! | wildcard | its first literal as a prefix, or its last as a suffix, or four bytes of another anywhere |
//! | range, network | the aligned blocks of binary prefixes that make it up: at most 126, one for a network |
//! | `exists: true`, `anything-but` | that the field is there |
//! | `exists: false` | none: such a field is not filed under |
//!
//! What is found is only a candidate, and is then decided exactly. So a key may be a hash without a look at what
//! was hashed, keys may promise too much, and nothing here knows of arrays or absence. The rejected alternative
//! is AWS's: one automaton over all fields and bytes, whose states multiply with the values of a rule.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::branch::Branch;
use crate::event::Event;
use crate::keys::{Key, Probe, is_weak, keys, look_up};
use crate::paths::FieldId;

/// An alternative's number among the rules.
pub(crate) type BranchId = u32;

/// From how many alternatives on a key is crowded.
const CROWDED: usize = 8;
/// How many fields are asked about at most.
const MAX_LEVELS: u32 = 4;
/// A field with more keys is not asked about below the first: its alternative would be filed too often.
const MAX_KEYS_BELOW: usize = 4;

/// Keys are hashes already.
#[derive(Debug, Default, Clone)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only numbers are hashed")
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// The alternatives of all rules.
#[derive(Debug, Default)]
pub(crate) struct Index {
    level: Level,
    /// What can be filed nowhere: decided for every event.
    always: Vec<BranchId>,
}

/// Alternatives by the keys of one field each.
#[derive(Debug, Default)]
struct Level {
    slots: HashMap<u64, Slot, BuildHasherDefault<Ready>>,
    /// How the values of a field are to be looked up, and how many keys want it.
    probes: HashMap<FieldId, Vec<(Probe, u32)>>,
    /// The field that an alternative is filed under.
    filed: HashMap<BranchId, FieldId>,
}

#[derive(Debug, Default)]
struct Slot {
    here: Vec<BranchId>,
    below: Option<Box<Level>>,
    count: usize,
}

impl Index {
    pub fn insert(&mut self, id: BranchId, branch: &Branch) {
        if !self.level.insert(id, branch, &mut Vec::new()) {
            self.always.push(id);
        }
    }

    pub fn remove(&mut self, id: BranchId, branch: &Branch) {
        if !self.level.remove(id, branch) {
            self.always.retain(|other| *other != id);
        }
    }

    /// Each alternative that may match, once.
    pub fn candidates(&self, event: &Event<'_>) -> Vec<BranchId> {
        let mut found = self.always.clone();
        self.level.collect(event, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Level {
    /// Files an alternative; `false` if it has no field to be filed under.
    fn insert(&mut self, id: BranchId, branch: &Branch, used: &mut Vec<FieldId>) -> bool {
        let below = !used.is_empty();
        let choice = branch
            .wants
            .iter()
            .filter(|want| !used.contains(&want.field))
            .filter_map(|want| Some((want, keys(want)?)))
            .filter(|(_, keys)| !below || (keys.len() <= MAX_KEYS_BELOW && !is_weak(keys)))
            .min_by_key(|(_, keys)| (is_weak(keys), self.crowd(keys), keys.len()));
        let Some((want, keys)) = choice else { return false };
        self.filed.insert(id, want.field);
        used.push(want.field);
        for key in &keys {
            let probes = self.probes.entry(want.field).or_default();
            match probes.iter_mut().find(|(probe, _)| *probe == key.probe) {
                Some((_, count)) => *count += 1,
                None => probes.push((key.probe, 1)),
            }
            self.slots.entry(key.hash).or_default().insert(id, branch, used);
        }
        used.pop();
        true
    }

    fn crowd(&self, keys: &[Key]) -> usize {
        keys.iter().filter_map(|key| self.slots.get(&key.hash)).map(|slot| slot.count).sum()
    }

    fn remove(&mut self, id: BranchId, branch: &Branch) -> bool {
        let Some(field) = self.filed.remove(&id) else { return false };
        let want = branch.wants.iter().find(|want| want.field == field);
        for key in want.and_then(keys).unwrap_or_default() {
            if let Some(probes) = self.probes.get_mut(&field) {
                if let Some((_, count)) = probes.iter_mut().find(|(probe, _)| *probe == key.probe) {
                    *count -= 1;
                }
                probes.retain(|(_, count)| *count > 0);
            }
            if self.slots.get_mut(&key.hash).is_some_and(|slot| slot.remove(id, branch)) {
                self.slots.remove(&key.hash);
            }
        }
        if self.probes.get(&field).is_some_and(Vec::is_empty) {
            self.probes.remove(&field);
        }
        true
    }

    fn collect(&self, event: &Event<'_>, found: &mut Vec<BranchId>) {
        for occurrence in event.all() {
            let Some(probes) = self.probes.get(&occurrence.field) else { continue };
            let mut folded = None;
            for (probe, _) in probes {
                look_up(occurrence, *probe, &mut folded, &mut |hash| {
                    let Some(slot) = self.slots.get(&hash) else { return };
                    found.extend_from_slice(&slot.here);
                    if let Some(below) = &slot.below {
                        below.collect(event, found);
                    }
                });
            }
        }
    }
}

impl Slot {
    fn insert(&mut self, id: BranchId, branch: &Branch, used: &mut Vec<FieldId>) {
        self.count += 1;
        let deep = self.here.len() >= CROWDED && used.len() < MAX_LEVELS as usize;
        if !(deep && self.below.get_or_insert_default().insert(id, branch, used)) {
            self.here.push(id);
        }
    }

    /// Whether nothing is left.
    fn remove(&mut self, id: BranchId, branch: &Branch) -> bool {
        let deep = self.below.as_mut().is_some_and(|below| below.remove(id, branch));
        let before = self.here.len();
        if !deep && let Some(at) = self.here.iter().position(|other| *other == id) {
            self.here.swap_remove(at);
        }
        // Two keys of one field may be the same: the second finds nothing.
        if deep || self.here.len() < before {
            self.count -= 1;
        }
        if self.below.as_ref().is_some_and(|below| below.filed.is_empty()) {
            self.below = None;
        }
        self.here.is_empty() && self.below.is_none()
    }
}
