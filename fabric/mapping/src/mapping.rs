use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tidegate_ports::StartingPosition;
use tidegate_types::Arn;
use uuid::Uuid;

/// What is followed, what is called, and how: one mapping as its owner wants it now.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Which mapping. Never used again for another.
    pub id: Uuid,
    /// Raised by the owner with each change: the engine takes a mapping up anew when this differs.
    pub revision: u64,
    /// The queue or the stream.
    pub source: Arn,
    /// The function that is called: its ARN, with a version or an alias or without.
    pub function: Arn,
    /// The role whose permissions deliveries to a destination use.
    pub role: Option<Arn>,
    /// The most records of one call.
    pub batch_size: usize,
    /// For how long a batch may wait to become full: product time. Zero: not at all.
    pub window: Duration,
    /// Which records are wanted; everything, if there is none.
    pub filter: Option<Arc<dyn Filter>>,
    /// Whether the function says which records of a batch failed.
    pub partial_failures: bool,
    /// What only one kind of source has.
    pub kind: Kind,
}

/// What only one kind of source has.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A queue: messages are received, and deleted once they have been dealt with.
    Queue(QueueOptions),
    /// A stream: records are read in order, and a durable checkpoint says how far.
    Stream(StreamOptions),
}

/// How a queue is followed.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueueOptions {
    /// The most calls at once. `None`: the engine begins with five and follows the backlog.
    pub max_concurrency: Option<usize>,
}

/// How a stream is followed.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// Where to begin, the first time.
    pub start: StartingPosition,
    /// How many batches of one shard may be processed at once, from 1 on. Records with one key stay in order.
    pub parallelisation: u8,
    /// Whether a batch that failed is split in two.
    pub bisect: bool,
    /// How often a batch is tried again before it is given up; `None`: for as long as its records live.
    pub max_retries: Option<u32>,
    /// Records older than this are given up; `None`: never.
    pub max_age: Option<Duration>,
    /// Where what was given up is told of.
    pub on_failure: Option<Arn>,
    /// The length of tumbling windows, over which the function keeps a state.
    pub tumbling: Option<Duration>,
}

/// Which records of a source are wanted.
pub trait Filter: Send + Sync {
    /// Whether this one is: the JSON of a record as the function would get it, except that the body of a
    /// message is the JSON that it contains, if it contains any.
    fn admits(&self, record: &[u8]) -> bool;
}

impl fmt::Debug for dyn Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter")
    }
}

/// What became of the last call of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastResult {
    /// There was none since the engine started.
    #[default]
    Nothing,
    /// It went well.
    Ok,
    /// The function failed, or could not be run.
    CallFailed,
    /// There is no such queue or stream.
    NoSource,
    /// The source could not be read, or what became of a call could not be noted.
    SourceFailed,
}

/// How a mapping that the engine knows stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What the engine does with it.
    pub phase: Phase,
    /// What became of its last call.
    pub last: LastResult,
}

/// What the engine does with a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It looks for the place to begin.
    Starting,
    /// Whatever arrives at the source from now on reaches the function.
    Running,
    /// It waits for the calls that go on; nothing is read any more.
    Stopping,
    /// Nothing goes on.
    Stopped,
}
