//! What runs beside the requests.

mod imports;

use std::sync::Arc;

use bytes::Bytes;
use tidegate_store::{KeyRange, Order, Page, Space, StoreError, TransactError, Tx, transact};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

pub(crate) use imports::Imports;

use crate::service::Ses;
use crate::store::keys;

/// For how long mails' facts and counters are kept: `GetSendStatistics` shows the last two weeks.
pub(crate) const KEPT_MS: u64 = 14 * 24 * 60 * 60 * 1000;

/// How often old ones are looked for.
const EVERY_MS: u64 = 6 * 60 * 60 * 1000;

/// Records that are removed in one transaction.
const AT_ONCE: usize = 500;

/// Forgets what is older than two weeks.
pub(crate) struct Trim(pub(crate) Arc<Ses>);

impl Trim {
    /// Removes some of what lies before `end`. Returns whether there may be more.
    async fn remove(&self, start: Bytes, end: Bytes) -> Result<bool, StoreError> {
        let removed = transact(&*self.0.store, &[], async |tx: &mut Tx| -> Result<usize, StoreError> {
            let range = KeyRange::between(start.clone(), end.clone());
            let page = tx.scan(Space::Map, &range, Order::Ascending, Page::of(AT_ONCE)).await?;
            page.iter().for_each(|entry| tx.delete(Space::Map, entry.key.clone()));
            Ok(page.len())
        });
        match removed.await {
            Ok(removed) => Ok(removed.value == AT_ONCE),
            Err(TransactError::Refused(error)) => Err(error),
            Err(TransactError::Commit(error)) => Err(StoreError::Unavailable { reason: error.to_string().into() }),
        }
    }
}

impl Worker for Trim {
    type Error = StoreError;

    fn name(&self) -> &'static str {
        "ses trimming"
    }

    async fn run_once(&self) -> Result<Next, StoreError> {
        let now = self.0.env.now();
        let before = now.minus_millis(KEPT_MS);
        let sent = self.remove(keys::all_sent(), keys::sent_from(before)).await?;
        let counters = self.remove(keys::all_counters(), keys::counters_from(before)).await?;
        Ok(if sent || counters { Next::Again } else { Next::At(next(now)) })
    }
}

fn next(now: Timestamp) -> Timestamp {
    now.plus_millis(EVERY_MS)
}
