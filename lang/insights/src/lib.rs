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
//! A query may read more than its own events: those of the queries inside it (`join`, subqueries), and with `diff` an
//! earlier stretch of time. Its [`Query::readings`] say which, and [`Run::turn`] goes from one to the next.
//!
//! Left out, with an error that says so: `anomaly`, `relevantfields`.

mod aggregate;
mod discover;
mod error;
mod evaluation;
mod event;
mod expression;
mod extract;
mod functions;
mod grammar;
mod inputs;
mod lexer;
mod order;
mod plan;
mod row;
mod run;
mod shift;
mod sink;
mod sketch;
mod table;
mod template;
mod time;
mod value;
mod whole;

use std::sync::Arc;

pub use discover::fields;
pub use error::Malformed;
pub use event::Event;
pub use grammar::Source;
use grammar::{Parsed, ParsedInner};
use inputs::Purpose;
pub use inputs::{Lookup, Tables};
use plan::Plan;
pub use run::{Overflow, Results, Run, Settings, Statistics};
pub use shift::Shift;
pub use table::{NoTable, Table};

/// The longest query, in characters; the API's model says so as well.
pub const MAX_QUERY_CHARS: usize = 10_000;
/// How many rows a query gives without a `limit`.
pub const DEFAULT_LIMIT: usize = 10_000;
/// The most rows of a query, whatever its `limit`.
pub const MAX_LIMIT: usize = 100_000;

/// A query that was understood.
#[derive(Debug, Clone)]
pub struct Query {
    parts: Arc<Parts>,
}

/// What a query is made of.
#[derive(Debug)]
struct Parts {
    plan: Arc<Plan>,
    source: Option<Source>,
    /// Queries inside it, in the order in which they are run.
    inner: Vec<Inner>,
    lookups: Vec<Lookup>,
    shift: Option<Shift>,
}

#[derive(Debug)]
struct Inner {
    plan: Arc<Plan>,
    source: Option<Source>,
    purpose: Purpose,
}

/// Events that a query reads: first those of each query inside it, then its own, then earlier ones to compare with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<'q> {
    /// Which groups they are of, if the query says so itself.
    pub source: Option<&'q Source>,
    /// How much earlier than the query's own stretch of time.
    pub shift: Option<Shift>,
}

impl Query {
    /// Reads and plans a query.
    ///
    /// # Errors
    /// [`Malformed`], with the place.
    pub fn parse(text: &str) -> Result<Query, Malformed> {
        let Parsed { text, source, commands, inner, lookups } = grammar::parse(text)?;
        let plan_inner = |parsed: ParsedInner| {
            let plan = plan::plan(text, parsed.commands)?;
            if plan.shift.is_some() {
                return Err(Malformed::at("The diff command is not supported in subqueries", text, 0, text.len()));
            }
            let purpose = plan::purpose(parsed.asked, &plan);
            Ok(Inner { plan: Arc::new(plan), source: parsed.source, purpose })
        };
        let inner = inner.into_iter().map(plan_inner).collect::<Result<_, _>>()?;
        let plan = plan::plan(text, commands)?;
        let shift = plan.shift;
        Ok(Query { parts: Arc::new(Parts { plan: Arc::new(plan), source, inner, lookups, shift }) })
    }

    /// Which groups the query names by itself, if it does.
    pub fn source(&self) -> Option<&Source> {
        self.parts.source.as_ref()
    }

    /// What the query reads, in order: a run is given the events of each reading, and turned to the next.
    pub fn readings(&self) -> Vec<Reading<'_>> {
        self.parts.readings()
    }

    /// What the query asks of lookup tables.
    pub fn lookups(&self) -> &[Lookup] {
        &self.parts.lookups
    }

    /// Begins to take from lookup tables what the query asks of them.
    pub fn tables(&self, settings: Settings) -> Tables<'_> {
        Tables::new(&self.parts.lookups, &settings)
    }

    /// Begins to evaluate the query, which knows no tables.
    pub fn start(&self, settings: Settings) -> Run {
        self.start_with(settings, self.tables(settings))
    }

    /// Begins to evaluate the query with what it took of tables.
    pub fn start_with(&self, settings: Settings, tables: Tables<'_>) -> Run {
        Run::new(self.parts.clone(), settings, tables)
    }
}

impl Parts {
    fn readings(&self) -> Vec<Reading<'_>> {
        let inner = self.inner.iter().map(|inner| Reading { source: inner.source.as_ref(), shift: None });
        let own = Reading { source: self.source.as_ref(), shift: None };
        let earlier = self.shift.map(|shift| Reading { shift: Some(shift), ..own });
        inner.chain([own]).chain(earlier).collect()
    }
}
