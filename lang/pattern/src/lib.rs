//! Event patterns: what the filters of Lambda's event source mappings, the rules of EventBridge and the filter
//! policies of SNS have in common.
//!
//! A pattern looks like the events that it matches, with a list of conditions in the place of each value:
//!
//! ```json
//! {"source": ["my.app"], "detail": {"state": [{"prefix": "run"}, "idle"], "load": [{"numeric": [">", 0.5]}]}}
//! ```
//!
//! [`Pattern::parse`] once, [`Pattern::matches_bytes`] for each event; [`Rules`] for many patterns at once.
//! Events are bytes, because only the fields that some pattern names are taken out of them, in one pass: a tree
//! of all values would cost more than the matching.
//!
//! AWS's matcher is open source (`aws/event-ruler`), and this crate agrees with it, also where it is odd; a
//! test compares with cases recorded from it. Where its guide and its matcher differ, the matcher decides.
//! `docs/services/patterns.md` says what is odd, and what differs.
//!
//! The modules, in the order in which a pattern goes through them: `reader` (tokens), `parse` and `condition`
//! (alternatives), `matcher` (one condition on one value, with `number`, `address`, `case`, `wildcard`), `paths`
//! and `event` (taking fields out of bytes), `branch` (an alternative on an event), `rules`, `index` and `keys` (many).

mod address;
mod branch;
mod case;
mod condition;
mod dialect;
mod error;
mod event;
mod index;
mod keys;
mod matcher;
mod number;
mod parse;
mod paths;
mod reader;
mod rules;
pub mod sns;
mod wildcard;

use branch::Branch;
pub use dialect::Dialect;
pub use error::{EventError, PatternError, Place};
use event::Event;
use parse::Alternative;
use paths::Paths;
pub use rules::Rules;

/// How many alternatives `$or` may multiply out to.
pub const MAX_COMBINATIONS: usize = 1000;
/// How deep an event may nest.
pub const MAX_DEPTH: usize = 1000;
/// From how many open places on wildcards are too complex; AWS does not tell its limit.
pub const MAX_WILDCARD_COMPLEXITY: usize = 10;
/// How many keys a filter policy may have at its top.
pub const SNS_MAX_KEYS: usize = 5;
/// How many combinations of values a filter policy may have.
pub const SNS_MAX_COMBINATIONS: usize = 150;

/// A pattern that was understood.
#[derive(Debug, Clone)]
pub struct Pattern {
    dialect: Dialect,
    alternatives: Vec<Alternative>,
    paths: Paths,
    branches: Vec<Branch>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] says what AWS says.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Pattern, PatternError> {
        let alternatives = parse::parse(text, dialect)?;
        let mut paths = Paths::default();
        let branches = alternatives.iter().map(|alternative| Branch::new(alternative, &mut paths)).collect();
        Ok(Pattern { dialect, alternatives, paths, branches })
    }

    /// Who the pattern is for.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether an event matches.
    ///
    /// # Errors
    /// [`EventError`] if the event is no JSON object.
    pub fn matches_bytes(&self, event: &[u8]) -> Result<bool, EventError> {
        let event = Event::read(event, &self.paths)?;
        Ok(self.branches.iter().any(|branch| branch.matches(&event)))
    }

    /// Whether an event that was parsed already matches. Anything but an object does not.
    ///
    /// Bytes are the better input: a parsed event has lost how its numbers were written, and keys that were
    /// there twice.
    pub fn matches(&self, event: &serde_json::Value) -> bool {
        event.is_object() && self.matches_bytes(event.to_string().as_bytes()).unwrap_or(false)
    }

    pub(crate) fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }
}
