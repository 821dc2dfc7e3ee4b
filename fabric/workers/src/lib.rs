//! Supervised reconcilers: background work that cannot be lost, because it is never handed over.
//!
//! A [`Worker`] takes no input. It looks at what is stored, does one bounded, idempotent piece of
//! what is missing, and says when to look again ([`Next`]). It runs when it is started, when
//! somebody gives a [`Hint`], and when the time it named has come. A hint carries nothing and may
//! be lost or doubled without harm; a channel of jobs could be neither.
//!
//! The [`Supervisor`] owns the tasks: no worker outlives it. An error or a panic is counted, logged
//! and tried again after a bounded, growing pause of *real* time (the disk does not recover sooner
//! because a test moved the clock), and never stops the worker. Due times are *product* time.
//!
//! Workers are part of the idle barrier: one that runs, that was hinted, whose time has come or that
//! failed and will try again is busy; one that sleeps until a later time is waiting.
//!
//! Metrics: `tidegate_worker_runs_total{worker}` and
//! `tidegate_worker_failures_total{worker, reason}`.

mod backoff;
mod hint;
mod state;
mod supervisor;
mod worker;

pub use hint::Hint;
pub use supervisor::Supervisor;
pub use worker::{Next, Worker};
