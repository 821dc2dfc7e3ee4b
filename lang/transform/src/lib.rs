//! The log transformers of CloudWatch Logs.
//!
//! A transformer is a row of processors, in JSON as `PutTransformer` and `PutAccountPolicy` take them:
//!
//! ```text
//! [ { "parseJSON": {} }, { "moveKeys": { "entries": [ { "source": "a.b", "target": "c" } ] } } ]
//! ```
//!
//! Pure and synchronous: [`Transformer::parse`] once, [`Transformer::apply`] for each event. The event's text goes
//! in and stays as it is; what comes out is a JSON object, or nothing if a parser could not read the text.
//!
//! The first processor is a parser, and everything works on the object that the parsers fill. A processor that
//! finds no value under its key, or one of another type, leaves the object alone: one odd event must not cost the
//! others their fields. An event that would become larger than [`MAX_EVENT_BYTES`] is not transformed at all.
//!
//! Every regular expression runs on the `regex` crate, which never backtracks: one search takes time in proportion to
//! the text times the size of the expression. Replacing all matches is a search for each, in the worst case the
//! square of the text, so expressions have a largest size and the fields that they replace in a longest length.
//!
//! Left out, with [`Malformed::NotServed`]: `parseToOCSF`, whose mappings AWS does not document.

mod apply;
mod config;
mod datetime;
mod grok;
mod parsers;
mod path;
mod room;
mod substitute;

use serde_json::Value;

use config::Step;

/// The most processors of a transformer.
pub const MAX_PROCESSORS: usize = 20;
/// The most of them that are parsers.
pub const MAX_PARSERS: usize = 5;
/// How many names a path has at most.
pub const MAX_DEPTH: usize = 3;
/// How large an event may become, as JSON: as large as CloudWatch Logs lets one be that is written.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// What is wrong with a transformer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// In words for its owner.
    #[error("{0}")]
    Wrong(String),
    /// A processor that AWS has and this crate has not.
    #[error("The {0} processor is not supported.")]
    NotServed(&'static str),
}

/// Where an event comes from: what `copyValue` finds under `@logGroupName` and its kin.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The group's name.
    pub group: &'a str,
    /// The stream's name.
    pub stream: &'a str,
    /// The account's number.
    pub account: &'a str,
    /// The region's name.
    pub region: &'a str,
}

/// A transformer that was understood.
#[derive(Debug, Clone)]
pub struct Transformer {
    steps: std::sync::Arc<[Step]>,
}

impl Transformer {
    /// Reads a transformer: a JSON array of processors.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(processors: &Value) -> Result<Transformer, Malformed> {
        Ok(Transformer { steps: config::steps(processors)?.into() })
    }

    /// What an event becomes; `None` if it stays as it is, because a parser could not read it or because it would
    /// become larger than [`MAX_EVENT_BYTES`].
    pub fn apply(&self, message: &str, source: Source<'_>) -> Option<String> {
        let mut event = apply::Event { message, source, fields: serde_json::Map::new() };
        for step in &*self.steps {
            apply::apply(step, &mut event)?;
        }
        Some(Value::Object(event.fields).to_string())
    }
}
