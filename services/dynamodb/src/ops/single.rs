//! Writes of a single item.

use std::sync::Arc;

use bytes::Bytes;
use tidegate_api_dynamodb::{ConsumedCapacity, ItemCollectionMetrics};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::collections::metrics;
use super::writing::{Cause, Write, Written, carried_trace, write_in_tx};
use crate::domain::{Key, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{Known, keys};
use crate::wire::{Kind, consumed_capacity};

/// Whether a parameter asks for the item as it was.
pub(crate) fn is_all_old(wish: Option<&str>) -> bool {
    wish == Some("ALL_OLD")
}

/// A write of one item in a transaction of its own.
pub(crate) struct Single<'a> {
    dynamodb: &'a DynamoDb,
    address: TableAddress,
    known: Arc<Known>,
    key: Key,
    write: Write,
    trace: Option<String>,
}

impl<'a> Single<'a> {
    /// The write, if it makes sense for the table as it is.
    pub(crate) fn new(
        dynamodb: &'a DynamoDb,
        call: &Call,
        table: Option<String>,
        write: Write,
    ) -> Result<Single<'a>, Error> {
        let address = dynamodb.address(call, table.as_deref())?;
        Single::at(dynamodb, call, address, write)
    }

    /// The same for a table's address.
    pub(crate) fn at(
        dynamodb: &'a DynamoDb,
        call: &Call,
        address: TableAddress,
        write: Write,
    ) -> Result<Single<'a>, Error> {
        let known = dynamodb.known(&address)?;
        let key = write.check(&known.table)?;
        Ok(Single { dynamodb, address, known, key, write, trace: carried_trace(call) })
    }

    /// The latch and key of the item.
    pub(crate) fn latch(&self) -> Bytes {
        keys::item(self.known.table.id, &self.key)
    }

    /// The item's latch and that of its collection, if the table bounds collections.
    fn latches(&self) -> Vec<Bytes> {
        let table = &self.known.table;
        let collection = table.bounds_collections().then(|| keys::collection(table.id, &self.key.partition));
        std::iter::once(self.latch()).chain(collection).collect()
    }

    /// Carries it out. Answered once it is durable, a refusal too.
    pub(crate) async fn run(&self) -> Result<Written, Error> {
        let Single { dynamodb, address, write, .. } = self;
        let cause = Cause { at: dynamodb.now(), trace: self.trace.as_deref(), expired: false };
        let transacted = dynamodb
            .transact(&self.latches(), async |tx: &mut Tx| {
                // Anew in each run: another table may have taken the name, or an index been added.
                let known = dynamodb.known(address)?;
                write_in_tx(tx, dynamodb, &known, write, cause, 1).await
            })
            .await?;
        let mut written = transacted.value;
        if let Some(paid) = written.paid.take() {
            paid.keep();
        }
        if let Some(second) = written.new.as_ref().and_then(|item| self.known.table.expiry(item)) {
            dynamodb.expires(second);
        }
        Ok(written)
    }

    /// What it consumed, if that was asked for.
    pub(crate) fn capacity(&self, wish: Option<&str>, written: &Written) -> Option<ConsumedCapacity> {
        consumed_capacity(wish, &self.address.name, &written.consumed, Kind::Plain)
    }

    /// The item's collection, if that was asked for and the table has local indexes.
    pub(crate) async fn metrics(&self, wish: Option<&str>) -> Result<Option<ItemCollectionMetrics>, Error> {
        metrics(self.dynamodb, &self.known.table, &self.key, wish).await
    }
}
