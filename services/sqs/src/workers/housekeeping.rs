use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tidegate_store::{Entry, KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Next, Worker};

use crate::domain::DEDUPLICATION_WINDOW_MS;
use crate::error::{Error, within_a_minute};
use crate::service::Sqs;
use crate::store::{AttemptRecord, DeletedQueueRecord, decode, keys};

/// How many records one step looks at.
const STEP: usize = 1000;

/// How often it looks while there is anything. What it removes is a few bytes each, and nobody is
/// misled by it meanwhile.
const PERIOD_MS: u64 = 5 * 60 * 1000;

/// Whether there is anything to remove one day. Without it the worker sleeps: a clock that is moved by
/// a day would otherwise stop every five minutes for nothing.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    known: AtomicBool,
    pub(crate) hint: Hint,
}

impl Leftovers {
    /// Notes that a record was committed that will have to be removed.
    pub(crate) fn note(&self) {
        if !self.known.swap(true, Ordering::SeqCst) {
            self.hint.give();
        }
    }
}

/// Removes records whose time has passed: receive attempts that cannot be repeated any more, and
/// names that have rested since their queue was deleted.
pub(crate) struct Housekeeping {
    sqs: Arc<Sqs>,
}

impl Housekeeping {
    pub(crate) fn new(sqs: Arc<Sqs>) -> Housekeeping {
        Housekeeping { sqs }
    }

    /// Removes what `is_over` says is over under a prefix. Returns whether there was anything at all.
    async fn sweep(&self, prefix: Bytes, is_over: impl Fn(&Entry) -> Result<bool, Error>) -> Result<bool, Error> {
        let snapshot = self.sqs.store.snapshot()?;
        let mut range = KeyRange::prefix(&prefix);
        let mut left = false;
        loop {
            let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = page.last() else { return Ok(left) };
            range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
            let mut over = Vec::new();
            for entry in &page {
                match is_over(entry)? {
                    true => over.push(entry),
                    false => left = true,
                }
            }
            self.remove(&over).await?;
        }
    }

    async fn remove(&self, entries: &[&Entry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let transacted = self.sqs.transact(&[], async |tx: &mut Tx| {
            for entry in entries {
                // It may have been written anew since it was looked at.
                let present = tx.get(Space::Map, &entry.key).await?;
                if present.is_some_and(|present| present.version == entry.record.version) {
                    tx.delete(Space::Map, entry.key.clone());
                }
            }
            Ok(())
        });
        transacted.await?;
        Ok(())
    }
}

fn attempt_is_over(entry: &Entry, now: Timestamp) -> Result<bool, Error> {
    let attempt: AttemptRecord = decode(Space::Map, &entry.key, &entry.record)?;
    Ok(attempt.made_at.plus_millis(DEDUPLICATION_WINDOW_MS) <= now)
}

fn rest_is_over(entry: &Entry, now: Timestamp) -> Result<bool, Error> {
    let deleted: DeletedQueueRecord = decode(Space::Map, &entry.key, &entry.record)?;
    Ok(!within_a_minute(deleted.deleted_at, now))
}

impl Worker for Housekeeping {
    type Error = Error;

    fn name(&self) -> &'static str {
        "sqs housekeeping"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let (now, leftovers) = (self.sqs.now(), &self.sqs.leftovers);
        // Before looking: what is committed from now on may be overlooked, and is a hint.
        leftovers.known.store(false, Ordering::SeqCst);
        let attempts = self.sweep(keys::attempts(), |entry| attempt_is_over(entry, now)).await?;
        let names = self.sweep(keys::deleted_queues(), |entry| rest_is_over(entry, now)).await?;
        if !attempts && !names {
            return Ok(Next::OnHint);
        }
        leftovers.known.store(true, Ordering::SeqCst);
        Ok(Next::At(now.plus_millis(PERIOD_MS)))
    }
}
