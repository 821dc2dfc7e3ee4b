//! What runs a function's code: a process of this machine or a container.

use crate::container::Container;
use crate::process::Process;

/// What runs a function's code.
pub(crate) enum Worker {
    Process(Process),
    Container(Container),
}

impl Worker {
    /// Its runtime has asked for work.
    pub(super) fn has_started(&mut self) {
        match self {
            Worker::Process(_) => {}
            Worker::Container(container) => container.has_started(),
        }
    }

    /// Resolves when it has ended, with AWS's words for how. May be asked again and again.
    pub(super) async fn ended(&mut self) -> String {
        match self {
            Worker::Process(process) => process.ended().await,
            Worker::Container(container) => container.ended().await,
        }
    }

    /// What is wrong with what was to be started, if it ended like this before its runtime spoke.
    pub(super) fn unstartable(&self, how: &str) -> Option<String> {
        match self {
            Worker::Process(_) => None,
            Worker::Container(container) => container.unstartable(how),
        }
    }

    /// How much memory it uses, in bytes.
    pub(super) fn memory(&self) -> u64 {
        match self {
            Worker::Process(process) => process.memory(),
            Worker::Container(container) => container.memory(),
        }
    }

    /// Whether so much memory is too much. The engine sees to a container's limit itself.
    pub(super) fn is_beyond(&self, used: u64, limit: u64) -> bool {
        matches!(self, Worker::Process(_)) && used > limit
    }

    /// The most memory that it has used itself, in bytes.
    pub(super) fn peak_memory(&self) -> u64 {
        match self {
            Worker::Process(process) => process.peak_memory(),
            Worker::Container(container) => container.peak_memory(),
        }
    }

    /// Whether extensions run within it, so that its end is theirs.
    pub(super) fn holds_extensions(&self) -> bool {
        matches!(self, Worker::Container(_))
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        match self {
            Worker::Process(process) => process.terminate(),
            Worker::Container(container) => container.terminate(),
        }
    }

    /// Ends it and all that it started.
    pub(super) async fn kill(&mut self) {
        match self {
            Worker::Process(process) => process.kill().await,
            Worker::Container(container) => container.kill().await,
        }
    }
}
