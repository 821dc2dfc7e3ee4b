use std::sync::Arc;

use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_workers::{Next, Worker};

use super::damage;
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{corrupt, keys};

/// The most that one step deletes, so that sweeping never holds up the commits of others.
const STEP: Page = Page { entries: 500, bytes: 4 * 1024 * 1024 };

/// Reclaims what deleted tables, indexes and times to live left. Nobody can reach it any more: what
/// comes later under the same name has another number.
pub struct Sweep(Arc<DynamoDb>);

impl Sweep {
    /// The sweep of a service.
    pub fn new(dynamodb: Arc<DynamoDb>) -> Sweep {
        Sweep(dynamodb)
    }
}

impl Worker for Sweep {
    type Error = Error;

    fn name(&self) -> &'static str {
        "dynamodb sweep"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let all = KeyRange::prefix(&keys::all_garbage());
        let first = self.0.store.snapshot()?.scan(Space::Map, &all, Order::Ascending, Page::of(1)).await?;
        let Some(first) = first.into_iter().next() else { return Ok(Next::OnHint) };
        let garbage = keys::read_garbage(&first.key).map_err(|error| corrupt(Space::Map, &first.key, &error))?;
        let (range, key) = (&KeyRange::prefix(&garbage.prefix()), &first.key);
        let step = self
            .0
            .transact(&[], async |tx: &mut Tx| {
                let (entries, damaged) = damage::scan_in_tx(tx, range, STEP).await?;
                if entries.is_empty() && damaged.is_none() {
                    tx.delete(Space::Map, key.clone());
                }
                // What cannot be read can be deleted.
                entries
                    .into_iter()
                    .map(|entry| entry.key)
                    .chain(damaged.clone())
                    .for_each(|key| tx.delete(Space::Map, key));
                Ok(damaged)
            })
            .await?;
        damage::passed_over(self.name(), step.value.as_slice());
        Ok(Next::Again)
    }
}
