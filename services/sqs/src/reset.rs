//! Forgetting everything: what `POST /_tidegate/reset` asks for, between two tests.

use bytes::Bytes;
use tidegate_protocol::ProtocolId;
use tidegate_queue::drop_in_tx;
use tidegate_store::{Batch, KeyRange, Order, Page, Space, Tx};

use crate::error::Error;
use crate::ops::read_queue;
use crate::service::Sqs;
use crate::store::{Queue, keys};

/// Records removed in one commit.
const PAGE: Page = Page::of(1000);

impl Sqs {
    /// Deletes every queue of every account and region, and what is remembered of deleted queues, receive
    /// attempts and move tasks. Each queue goes in a transaction of its own; all are gone, durably, when
    /// this returns. The secret behind receipt handles stays.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`]; what was deleted until then stays deleted.
    pub async fn reset(&self) -> Result<(), Error> {
        for queue in self.directory.all()? {
            self.forget(&queue).await?;
        }
        for prefix in [keys::deleted_queues(), keys::attempts(), keys::move_tasks()] {
            self.clear(prefix).await?;
        }
        Ok(())
    }

    async fn forget(&self, queue: &Queue) -> Result<(), Error> {
        let address = &queue.address;
        self.transact(&[], async |tx: &mut Tx| {
            // It may have been deleted, or replaced by another, since the directory was read.
            if let Some(record) = read_queue(tx, address).await? {
                drop_in_tx(tx, record.id).await.map_err(|error| Error::of_queue(error, ProtocolId::AwsJson1_0))?;
                tx.delete(Space::Map, keys::queue(address));
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn clear(&self, prefix: Bytes) -> Result<(), Error> {
        let range = KeyRange::prefix(&prefix);
        loop {
            let entries = self.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, PAGE).await?;
            if entries.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new();
            entries.into_iter().for_each(|entry| batch.delete(Space::Map, entry.key));
            self.store.submit(batch).await?.durable().await?;
        }
    }
}
