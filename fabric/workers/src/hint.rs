use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Tells a worker that there may be something to do. Cheap enough for a commit thread; many hints
/// before the worker gets to run are one.
#[derive(Debug, Clone, Default)]
pub struct Hint(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Given and not yet taken: the idle barrier must see it, and `Notify` does not show its permit.
    pending: AtomicBool,
    notify: Notify,
}

impl Hint {
    /// A hint that nobody waits for yet: it can be given to a fold before its worker exists.
    pub fn new() -> Hint {
        Hint::default()
    }

    /// Lets the worker run soon.
    pub fn give(&self) {
        // In this order: whoever is woken finds the flag set, so a set flag always has a run ahead.
        self.0.pending.store(true, Ordering::SeqCst);
        self.0.notify.notify_one();
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.0.pending.load(Ordering::SeqCst)
    }

    /// Before a run: whatever was hinted so far, the run will see.
    pub(crate) fn clear(&self) {
        self.0.pending.store(false, Ordering::SeqCst);
    }

    pub(crate) async fn given(&self) {
        self.0.notify.notified().await;
    }
}
