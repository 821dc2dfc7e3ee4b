use std::collections::BTreeMap;

use http::HeaderMap;

use crate::model::{Operation, ServiceModel};

/// The operations of a REST service as a tree of path segments, so that a look-up costs the path's
/// length and not the number of operations.
///
/// The most specific pattern wins: a literal segment before a label, a label before a greedy one. Among
/// operations that share a pattern the one wins that demands most of the query string and the headers.
#[derive(Debug, Default)]
pub struct Routes {
    root: Node,
}

/// What a request shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, still encoded. S3's must be in path style: `/bucket/key`.
    pub path: &'a str,
    /// The query string, still encoded.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
}

#[derive(Debug, Default)]
struct Node {
    literals: BTreeMap<&'static str, Node>,
    label: Option<Box<Node>>,
    /// The operations whose pattern ends here.
    ends: Vec<Leaf>,
    /// The operations whose pattern ends here with a greedy label, which takes all that is left.
    greedy: Vec<Leaf>,
}

#[derive(Debug)]
struct Leaf {
    /// Its index in the model.
    operation: usize,
    method: &'static str,
    /// The parameters of the query string that it demands: `list-type=2` wants that value, `acl` any.
    query: Vec<&'static str>,
    header: Option<&'static str>,
}

impl Routes {
    /// The tree of a model's operations.
    ///
    /// # Panics
    /// If a pattern goes on behind a greedy label, which no model of AWS's does.
    pub fn new(model: &ServiceModel) -> Routes {
        let mut routes = Routes::default();
        for (index, operation) in model.operations.iter().enumerate() {
            if !is_replaced(model, operation) {
                routes.root.insert(index, operation);
            }
        }
        routes
    }

    /// The index of the operation that is asked for.
    pub fn find(&self, asked: &Asked<'_>) -> Option<usize> {
        self.root.find(Some(asked.path.strip_prefix('/').unwrap_or(asked.path)), asked)
    }

    /// The same for requests that do not say which service they mean: only patterns that begin with a
    /// literal count, for any path at all is some bucket's.
    pub fn find_by_path_alone(&self, asked: &Asked<'_>) -> Option<usize> {
        let path = asked.path.strip_prefix('/')?;
        let (first, rest) = split(path);
        self.root.literals.get(first)?.find(rest, asked)
    }
}

/// Whether another operation took this one's place: S3's first ones for lifecycle and notifications have the
/// addresses of later ones, whose names begin as theirs do.
fn is_replaced(model: &ServiceModel, operation: &Operation) -> bool {
    model.operations.iter().any(|other| {
        (other.method, other.uri, other.header) == (operation.method, operation.uri, operation.header)
            && other.name != operation.name
            && other.name.starts_with(operation.name)
    })
}

/// The first segment, and what stands behind its slash, if there is one.
fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

impl Node {
    fn insert(&mut self, index: usize, operation: &Operation) {
        let (path, query) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
        let query = query.split('&').filter(|part| !part.is_empty()).collect();
        let leaf = Leaf { operation: index, method: operation.method, query, header: operation.header };
        let mut node = self;
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        while let Some(segment) = segments.next() {
            if segment.ends_with("+}") {
                assert!(segments.next().is_none(), "{} goes on behind a greedy label", operation.uri);
                node.greedy.push(leaf);
                return;
            }
            node = match segment.starts_with('{') {
                true => node.label.get_or_insert_default(),
                false => node.literals.entry(segment).or_default(),
            };
        }
        node.ends.push(leaf);
    }

    /// Finds the operation of the rest of a path. A slash at the end of a path is none: `/functions/` lists
    /// functions. In a greedy label it belongs to the value.
    fn find(&self, rest: Option<&str>, asked: &Asked<'_>) -> Option<usize> {
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else { return best(&self.ends, asked) };
        let (segment, behind) = split(rest);
        let literal = self.literals.get(segment).and_then(|node| node.find(behind, asked));
        let label = || self.label.as_ref().filter(|_| !segment.is_empty())?.find(behind, asked);
        literal.or_else(label).or_else(|| best(&self.greedy, asked))
    }
}

fn best(leaves: &[Leaf], asked: &Asked<'_>) -> Option<usize> {
    let fitting = leaves.iter().rev().filter(|leaf| leaf.fits(asked));
    fitting.max_by_key(|leaf| (leaf.query.len(), leaf.header.is_some())).map(|leaf| leaf.operation)
}

impl Leaf {
    fn fits(&self, asked: &Asked<'_>) -> bool {
        let given = |wanted: &&str| asked.query.split('&').any(|given| matches_parameter(wanted, given));
        self.method == asked.method
            && (self.query.is_empty() || !asked.query.is_empty())
            && self.query.iter().all(given)
            && self.header.is_none_or(|name| asked.headers.contains_key(name))
    }
}

fn matches_parameter(wanted: &str, given: &str) -> bool {
    match wanted.contains('=') {
        true => wanted == given,
        false => given.split('=').next() == Some(wanted),
    }
}
