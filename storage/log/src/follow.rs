use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_store::{Change, Fold, Position, Sequence, Snapshot, Space, StoreError};
use tokio::sync::watch;

use crate::{LogError, LogId, keys, logs};

/// The newest durable position of each log that somebody follows; of no other, so that a million
/// quiet logs cost nothing.
#[derive(Default)]
pub(crate) struct Tails {
    followed: Mutex<HashMap<LogId, watch::Sender<Option<Position>>>>,
}

impl Tails {
    pub(crate) fn follow(tails: &Arc<Tails>, log: LogId) -> Follower {
        let newest = tails.followed.lock().entry(log).or_default().subscribe();
        Follower { log, newest, tails: tails.clone() }
    }

    /// Notes that the log has at least this position, and wakes its followers if that is new.
    pub(crate) fn grown(&self, log: LogId, to: Position) {
        if let Some(newest) = self.followed.lock().get(&log) {
            newest.send_if_modified(|newest| newest.replace(to.max(newest.unwrap_or_default())) < Some(to));
        }
    }
}

impl Fold for Tails {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Log, keys::all_records())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        // A follower that comes after this look finds the records in the store: readers see a commit
        // before folds do.
        if self.followed.lock().is_empty() {
            return;
        }
        // Positions rise within a batch, so of each log the last one counts; most batches have one.
        let appended = changes.iter().filter(|change| change.value.is_some());
        let places = appended.filter_map(|change| keys::read_record(&change.key).ok());
        let newest: HashMap<_, _> = places.map(|(log, _, position)| (log, position)).collect();
        for (log, position) in newest {
            self.grown(log, position);
        }
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let followed: Vec<_> = self.followed.lock().keys().copied().collect();
            for log in followed {
                match logs::newest(snapshot, log).await {
                    Ok(Some(newest)) => self.grown(log, newest),
                    // A log that was dropped grows no more; whoever reads it is told so.
                    Ok(None) | Err(LogError::NoSuchLog(_)) => {}
                    Err(LogError::Store(error)) => return Err(error),
                    Err(other) => unreachable!("reading a view neither commits nor moves cursors: {other}"),
                }
            }
            Ok(())
        })
    }
}

/// Waits for a log to grow. Follow first, read to the end, then wait: what is appended in between is
/// not missed.
pub struct Follower {
    log: LogId,
    newest: watch::Receiver<Option<Position>>,
    tails: Arc<Tails>,
}

impl Follower {
    /// Resolves once a record at `from` or behind it has ever been durable. It may be gone again.
    pub async fn reached(&mut self, from: Position) {
        // The sender lives in `tails` for as long as this follower does.
        let _reached = self.newest.wait_for(|newest| *newest >= Some(from)).await.is_ok();
    }

    /// The newest position that was ever durable; `None` if there was none. At once, for the idle
    /// barrier: a reader whose cursor is not behind this has nothing left to do.
    pub fn newest(&self) -> Option<Position> {
        *self.newest.borrow()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut followed = self.tails.followed.lock();
        // This one's own receiver still counts.
        if followed.get(&self.log).is_some_and(|newest| newest.receiver_count() == 1) {
            followed.remove(&self.log);
        }
    }
}
