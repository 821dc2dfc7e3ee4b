use std::fmt::Display;
use std::future::Future;

use tidegate_types::Timestamp;

/// Background work that finds out by itself what is to be done.
pub trait Worker: Send + Sync + 'static {
    /// Why a run failed.
    type Error: Display + Send;

    /// What logs, metrics and the idle barrier call it: a fixed word or two, such as `sqs expiry`.
    fn name(&self) -> &'static str;

    /// Does one bounded piece of work; write it as `async fn`.
    ///
    /// It must be safe to run at any time, any number of times, and to be dropped at any await when
    /// the server stops without patience. It is never run twice at once.
    ///
    /// # Errors
    /// Whatever went wrong; the work is tried again after a pause.
    fn run_once(&self) -> impl Future<Output = Result<Next, Self::Error>> + Send;
}

/// When a worker wants to run again. A hint runs it in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At once: there is more to do.
    Again,
    /// Once product time has reached this.
    At(Timestamp),
    /// When it is told to.
    OnHint,
}

impl Next {
    /// At `due`, or when told to if there is none.
    pub fn at(due: Option<Timestamp>) -> Next {
        due.map_or(Next::OnHint, Next::At)
    }
}
