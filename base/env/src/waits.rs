use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// The requests that are open only because they wait for something to happen: long polls.
///
/// Whoever holds a request open must say so, for two reasons: the idle barrier must not take a
/// consumer's long poll for work, and a server that stops must not sit out its twenty seconds.
#[derive(Debug)]
pub struct Waits {
    count: Arc<AtomicU64>,
    over: watch::Sender<bool>,
}

/// One request that waits, until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it says that the request no longer waits"]
pub struct Wait(Arc<AtomicU64>);

impl Default for Waits {
    fn default() -> Waits {
        Waits { count: Arc::default(), over: watch::Sender::new(false) }
    }
}

impl Waits {
    /// A request begins to wait. Drop the guard as soon as it has something to do again.
    pub fn begin(&self) -> Wait {
        self.count.fetch_add(1, Ordering::SeqCst);
        Wait(Arc::clone(&self.count))
    }

    /// How many requests wait now.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Resolves when the server is about to stop: a waiting request answers as if its time were up.
    pub async fn over(&self) {
        let mut over = self.over.subscribe();
        // The sender lives in `self`, so waiting ends only by the signal.
        let _set = over.wait_for(|over| *over).await.is_ok();
    }

    /// Ends all waiting, from now on.
    pub fn end_all(&self) {
        self.over.send_replace(true);
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn waits_are_counted_and_ended() {
        let waits = Waits::default();
        let first = waits.begin();
        let second = waits.begin();
        assert_eq!(waits.count(), 2);
        drop((first, second));
        assert_eq!(waits.count(), 0);
        let mut over = Box::pin(waits.over());
        assert!(over.as_mut().now_or_never().is_none());
        waits.end_all();
        over.await;
        waits.over().await;
    }
}
