//! Matching request paths against the URI patterns of REST operations.

use std::cmp::Reverse;

/// How well a pattern fits, for choosing among several: first more parameters of the query string that
/// the pattern demands, then more literal path segments, then a longer path.
pub type Fit = (usize, usize, usize);

/// Whether `pattern`, such as `/functions/{Name}/code?List`, matches a path and its query string.
pub fn fit(pattern: &str, path: &str, query: &str) -> Option<Fit> {
    let (pattern, wanted) = pattern.split_once('?').unwrap_or((pattern, ""));
    let wanted: Vec<&str> = wanted.split('&').filter(|part| !part.is_empty()).collect();
    let has = |part: &&&str| query.split('&').any(|given| matches_parameter(part, given));
    if wanted.iter().filter(has).count() != wanted.len() {
        return None;
    }
    let (literals, segments) = fit_path(pattern, path)?;
    Some((wanted.len(), literals, segments))
}

/// A pattern's `list-type=2` wants that value, its `acl` any value or none.
fn matches_parameter(wanted: &str, given: &str) -> bool {
    match wanted.contains('=') {
        true => wanted == given,
        false => given.split('=').next() == Some(wanted),
    }
}

/// How many segments are literally equal, and how many there are, if the path matches at all.
fn fit_path(pattern: &str, path: &str) -> Option<(usize, usize)> {
    let trimmed = |text: &str| text.trim_start_matches('/').trim_end_matches('/').to_owned();
    let (pattern, path) = (trimmed(pattern), trimmed(path));
    let mut path_segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut literals = 0;
    let mut count = 0;
    for segment in pattern.split('/').filter(|segment| !segment.is_empty()) {
        count += 1;
        if segment.starts_with('{') && segment.ends_with("+}") {
            // A greedy label takes at least one segment, and all that are left.
            path_segments.next()?;
            return Some((literals, count));
        }
        let given = path_segments.next()?;
        if segment.starts_with('{') {
            continue;
        }
        if segment != given {
            return None;
        }
        literals += 1;
    }
    path_segments.next().is_none().then_some((literals, count))
}

/// The best of several fits, the first of equals.
pub fn best<F: Ord + Copy, T>(candidates: impl Iterator<Item = (F, T)>) -> Option<T> {
    candidates.enumerate().max_by_key(|(index, (fit, _))| (*fit, Reverse(*index))).map(|(_, (_, value))| value)
}
