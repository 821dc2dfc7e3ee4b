//! A store that is looked at: its reads are measured, and its reads and commits wait for gates.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_store::{
    Batch, CommitError, Committed, Entry, Fold, Held, KeyRange, Latches, Order, Page, Record, Sequence, Snapshot,
    Space, Store, StoreError, Ticket,
};
use tokio::sync::watch;

/// The store.
pub struct Watched {
    pub store: Arc<dyn Store>,
    pub watch: Arc<Watch>,
}

/// What was seen, and the gates.
pub struct Watch {
    /// The most bytes that one scan has answered, and those of all together.
    pub largest: AtomicUsize,
    pub total: AtomicUsize,
    /// How many scans and commits have come to their gates.
    pub waiting: watch::Sender<usize>,
    pub scans: watch::Sender<bool>,
    pub commits: watch::Sender<bool>,
}

impl Watch {
    /// With both gates open.
    pub fn new() -> Arc<Watch> {
        Arc::new(Watch {
            largest: AtomicUsize::new(0),
            total: AtomicUsize::new(0),
            waiting: watch::Sender::new(0),
            scans: watch::Sender::new(true),
            commits: watch::Sender::new(true),
        })
    }

    async fn pass(&self, gate: &watch::Sender<bool>) {
        self.waiting.send_modify(|waiting| *waiting += 1);
        gate.subscribe().wait_for(|open| *open).await.unwrap();
    }

    /// Waits until so many stand at the gates.
    pub async fn stand(&self, count: usize) {
        self.waiting.subscribe().wait_for(|waiting| *waiting >= count).await.unwrap();
    }
}

struct WatchedView {
    view: Arc<dyn Snapshot>,
    watch: Arc<Watch>,
}

impl Snapshot for WatchedView {
    fn get<'a>(&'a self, space: Space, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        self.view.get(space, key)
    }

    fn scan<'a>(
        &'a self,
        space: Space,
        range: &'a KeyRange,
        order: Order,
        page: Page,
    ) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        async move {
            self.watch.pass(&self.watch.scans).await;
            let entries = self.view.scan(space, range, order, page).await?;
            let bytes = entries.iter().map(|entry| entry.key.len() + entry.record.value.len()).sum();
            self.watch.largest.fetch_max(bytes, Ordering::SeqCst);
            self.watch.total.fetch_add(bytes, Ordering::SeqCst);
            Ok(entries)
        }
        .boxed()
    }

    fn sequence(&self) -> Sequence {
        self.view.sequence()
    }
}

impl Store for Watched {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(WatchedView { view: self.store.snapshot()?, watch: self.watch.clone() }))
    }

    fn accepted(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        self.store.accepted()
    }

    fn submit(&self, batch: Batch) -> BoxFuture<'_, Result<Ticket, CommitError>> {
        self.store.submit(batch)
    }

    fn commit<'a>(&'a self, batch: Batch, held: Held) -> BoxFuture<'a, Result<Committed, CommitError>> {
        async move {
            self.watch.pass(&self.watch.commits).await;
            self.store.commit(batch, held).await
        }
        .boxed()
    }

    fn durable(&self, sequence: Sequence) -> BoxFuture<'_, Result<(), CommitError>> {
        self.store.durable(sequence)
    }

    fn attach(&self, fold: Arc<dyn Fold>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.attach(fold)
    }

    fn latches(&self) -> &Latches {
        self.store.latches()
    }
}
