use std::sync::Arc;

use tidegate_workers::{Next, Worker};

use crate::domain::Stream;
use crate::error::Error;
use crate::ops::replace_shard;
use crate::service::DynamoDb;

/// Splits the shards that are busy, each into two, until as many are open as may be.
pub struct Sharding(Arc<DynamoDb>);

impl Sharding {
    /// The sharding of a service's streams.
    pub fn new(dynamodb: Arc<DynamoDb>) -> Sharding {
        Sharding(dynamodb)
    }
}

impl Worker for Sharding {
    type Error = Error;

    fn name(&self) -> &'static str {
        "dynamodb sharding"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        for known in self.0.directory.all()? {
            let Some(stream) = &known.table.stream else { continue };
            let spare = Stream::MAX_OPEN.saturating_sub(stream.shards.len());
            for place in known.traffic.busy().take(spare) {
                // Both of one number but for its last bit: their identifiers differ.
                let first = self.0.env.random_u64();
                replace_shard(&self.0, &known.address, stream.shards[place].log, &[first, first ^ 1]).await?;
            }
        }
        Ok(Next::OnHint)
    }
}
