//! CloudWatch Logs Insights: queries over log events.
//!
//! A query is a row of commands joined by `|`:
//!
//! ```text
//! parse @message "user=*, took *ms" as user, took
//! | filter took > 100 and @logStream like /api/
//! | stats count(*) as n, pct(took, 95) by bin(5m), user
//! | sort n desc | limit 20
//! ```
//!
//! Pure and synchronous, in three steps. [`Query::parse`] reads the text and plans it, or says with a position what
//! is wrong, as AWS's `MalformedQueryException` does. [`Query::start`] gives a [`Run`]; events are pushed into it
//! one by one, in any order and from any number of log groups. [`Run::finish`] gives the rows.
//!
//! Nothing is kept that the answer does not need: rows go through the commands as they come; a sort with a limit
//! keeps that many rows, statistics keep one state for each group, distinct counts and percentiles are sketches
//! beyond a few thousand values (AWS calls its own approximate as well). What is kept is counted, and a run that
//! needs more than its [`Settings::memory_bytes`] ends with [`Overflow`] instead of growing.
//!
//! Events have AWS's system fields (`@timestamp`, `@message`, `@logStream`, `@log`, `@ingestionTime`, `@ptr`), the
//! fields of a message that is JSON (`a.b.0.c`), and those of Lambda's report lines (`@duration`, `@type`, …).
//!
//! Left out, with an error that says so: `diff`, `anomaly`, `join`, `lookup` and subqueries.

mod aggregate;
mod discover;
mod error;
mod event;
mod expression;
mod extract;
mod functions;
mod grammar;
mod lexer;
mod order;
mod plan;
mod row;
mod run;
mod sink;
mod sketch;
mod template;
mod time;
mod value;

pub use discover::fields;
pub use error::Malformed;
pub use event::Event;
pub use grammar::Source;
use plan::Plan;
pub use run::{Overflow, Results, Run, Settings, Statistics};

/// The longest query, in characters; the API's model says so as well.
pub const MAX_QUERY_CHARS: usize = 10_000;
/// How many rows a query gives without a `limit`.
pub const DEFAULT_LIMIT: usize = 10_000;
/// The most rows of a query, whatever its `limit`.
pub const MAX_LIMIT: usize = 100_000;

/// A query that was understood.
#[derive(Debug, Clone)]
pub struct Query {
    plan: std::sync::Arc<Plan>,
    source: Option<Source>,
}

impl Query {
    /// Reads and plans a query.
    ///
    /// # Errors
    /// [`Malformed`], with the place.
    pub fn parse(text: &str) -> Result<Query, Malformed> {
        let mut parsed = grammar::parse(text)?;
        let source = parsed.source.take();
        Ok(Query { plan: std::sync::Arc::new(plan::plan(parsed)?), source })
    }

    /// Which groups the query names by itself, if it does.
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Begins to evaluate the query.
    pub fn start(&self, settings: Settings) -> Run {
        Run::new(self.plan.clone(), settings)
    }
}
