use futures::future::BoxFuture;
use tidegate_store::StoreError;
use tidegate_types::{AccountId, Region, Timestamp};

/// Output of something that runs, on its way into a log stream.
#[derive(Debug, Clone)]
pub struct LogBatch {
    /// Whose log group.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// The log group's name, such as `/aws/lambda/NAME`. It is created if it is not there.
    pub group: String,
    /// The log stream's name. It is created if it is not there.
    pub stream: String,
    /// The lines with their times, in any order.
    pub lines: Vec<(Timestamp, String)>,
}

/// Takes output in batches: what a function's workers write to, never on the way of an invocation.
pub trait LogLines: Send + Sync {
    /// Writes a batch. When this returns, it is durable. Empty lines and those older than their group
    /// keeps events are left out; a batch may be of any size.
    ///
    /// # Errors
    /// The store's.
    fn write(&self, batch: LogBatch) -> BoxFuture<'_, Result<(), StoreError>>;
}
