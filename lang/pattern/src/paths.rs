//! The fields that anybody asks for, as a tree of path segments.
//!
//! Only what is in the tree is taken out of an event; everything else is skipped. A path is split at its
//! points, and so is every key of an event, because AWS joins both and compares the results.

use std::collections::HashMap;

/// A field of an event, within one tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FieldId(pub u32);

#[derive(Debug, Clone, Default)]
struct Node {
    children: HashMap<Box<str>, u32>,
    /// How many want the value here.
    wanted: u32,
}

/// The tree. Node 0 is the event itself.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    nodes: Vec<Node>,
    free: Vec<u32>,
}

impl Default for Paths {
    fn default() -> Paths {
        Paths { nodes: vec![Node::default()], free: Vec::new() }
    }
}

pub(crate) const ROOT: u32 = 0;

impl Paths {
    /// Wants a field once more.
    pub fn want(&mut self, path: &str) -> FieldId {
        let mut at = ROOT;
        for segment in path.split('.') {
            at = match self.nodes[at as usize].children.get(segment) {
                Some(child) => *child,
                None => {
                    let child = self.create();
                    self.nodes[at as usize].children.insert(segment.into(), child);
                    child
                }
            };
        }
        self.nodes[at as usize].wanted += 1;
        FieldId(at)
    }

    fn create(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.nodes.push(Node::default());
            u32::try_from(self.nodes.len() - 1).expect("fewer than 2^32 fields fit into memory")
        })
    }

    /// Wants a field once less; what nobody wants is forgotten.
    pub fn release(&mut self, path: &str) {
        let mut trail = vec![ROOT];
        for segment in path.split('.') {
            let Some(child) = trail.last().and_then(|at| self.nodes[*at as usize].children.get(segment)) else {
                return;
            };
            trail.push(*child);
        }
        let segments: Vec<&str> = path.split('.').collect();
        let last = &mut self.nodes[trail[trail.len() - 1] as usize];
        last.wanted = last.wanted.saturating_sub(1);
        for (at, segment) in segments.iter().enumerate().rev() {
            let node = &self.nodes[trail[at + 1] as usize];
            if node.wanted > 0 || !node.children.is_empty() {
                break;
            }
            self.nodes[trail[at] as usize].children.remove(*segment);
            self.free.push(trail[at + 1]);
        }
    }

    /// The node below another for a key of an event.
    pub fn step(&self, from: u32, key: &str) -> Option<u32> {
        let children = |at: u32| &self.nodes[at as usize].children;
        if !key.as_bytes().contains(&b'.') {
            return children(from).get(key).copied();
        }
        key.split('.').try_fold(from, |at, segment| children(at).get(segment).copied())
    }

    /// Whether anybody wants the value here.
    pub fn is_wanted(&self, at: u32) -> bool {
        self.nodes[at as usize].wanted > 0
    }

    /// Whether anybody wants something below.
    pub fn has_below(&self, at: u32) -> bool {
        !self.nodes[at as usize].children.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_released_is_forgotten() {
        let mut paths = Paths::default();
        let field = paths.want("a.b");
        paths.want("a.b");
        paths.want("a.b.c");
        assert_eq!(paths.step(ROOT, "a.b"), Some(field.0));
        paths.release("a.b");
        paths.release("a.b.c");
        assert!(paths.is_wanted(field.0) && !paths.has_below(field.0));
        paths.release("a.b");
        assert!(!paths.has_below(ROOT));
        assert_eq!(paths.free.len(), 3);
        paths.want("x.y.z");
        assert_eq!(paths.nodes.len(), 4, "nodes are used again");
    }
}
