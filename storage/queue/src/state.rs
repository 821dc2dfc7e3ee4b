//! One queue in memory: its index behind a mutex, and those who wait for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tidegate_types::Timestamp;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::QueueId;
use crate::index::Index;

/// When each queue is next due. One entry for each queue: its time may be early, then the timer
/// looks, finds nothing to do, and arms it anew.
#[derive(Default)]
pub(crate) struct Timers {
    dues: Mutex<BTreeSet<(Timestamp, QueueId)>>,
    /// Told when an earlier time than all others appears.
    pub earlier: Notify,
}

impl Timers {
    fn arm(&self, queue: QueueId, old: Timestamp, due: Timestamp) {
        let mut dues = self.dues.lock();
        dues.remove(&(old, queue));
        dues.insert((due, queue));
        if dues.first() == Some(&(due, queue)) {
            self.earlier.notify_one();
        }
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.dues.lock().first().map(|(due, _)| *due)
    }

    /// Takes the queues that are due.
    pub(crate) fn take_due(&self, now: Timestamp) -> Vec<QueueId> {
        let mut dues = self.dues.lock();
        let later = match now.as_millis().checked_add(1) {
            Some(next) => dues.split_off(&(Timestamp::from_millis(next), QueueId(0))),
            None => BTreeSet::new(),
        };
        std::mem::replace(&mut *dues, later).into_iter().map(|(_, queue)| queue).collect()
    }
}

/// See the module's page.
pub(crate) struct QueueState {
    pub id: QueueId,
    memory: Mutex<Memory>,
    timers: Arc<Timers>,
    tokens: AtomicU64,
    line: Arc<Notify>,
    in_line: AtomicUsize,
    /// Held while entries are read from disk into the index.
    pub reading: tokio::sync::Mutex<()>,
    /// Held while expired messages are deleted.
    pub expiring: tokio::sync::Mutex<crate::expire::Pass>,
}

struct Memory {
    index: Index,
    armed: Timestamp,
}

impl QueueState {
    pub(crate) fn new(id: QueueId, index: Index, timers: Arc<Timers>) -> QueueState {
        QueueState {
            id,
            memory: Mutex::new(Memory { index, armed: Timestamp::MAX }),
            timers,
            tokens: AtomicU64::new(0),
            line: Arc::default(),
            in_line: AtomicUsize::new(0),
            reading: tokio::sync::Mutex::default(),
            expiring: tokio::sync::Mutex::default(),
        }
    }

    /// Uses the index; then wakes whom the change concerns and arms the timer if it is needed earlier.
    pub(crate) fn with<T>(&self, body: impl FnOnce(&mut Index) -> T) -> T {
        let (value, wakes) = {
            let mut memory = self.memory.lock();
            let value = body(&mut memory.index);
            if let Some(due) = memory.index.next_due().filter(|due| *due < memory.armed) {
                self.timers.arm(self.id, memory.armed, due);
                memory.armed = due;
            }
            (value, memory.index.take_wakes())
        };
        self.wake(wakes);
        value
    }

    /// Arms the timer for whatever is due next.
    pub(crate) fn arm_anew(&self) {
        self.memory.lock().armed = Timestamp::MAX;
        self.with(|_| ());
    }

    /// Arms the timer for `due` and nothing earlier.
    pub(crate) fn retry_at(&self, due: Timestamp) {
        let mut memory = self.memory.lock();
        self.timers.arm(self.id, memory.armed, due);
        memory.armed = Timestamp::EPOCH;
    }

    /// A mark for one consumer's reservations, never used again.
    pub(crate) fn next_token(&self) -> u64 {
        self.tokens.fetch_add(1, Ordering::Relaxed)
    }

    fn wake(&self, count: usize) {
        // Nobody in line now means that whoever comes next gets in line before looking.
        for _ in 0..count.min(self.in_line.load(Ordering::SeqCst)) {
            self.line.notify_one();
        }
    }

    /// Wakes everybody: the queue is gone.
    pub(crate) fn wake_all(&self) {
        self.line.notify_waiters();
    }

    /// Gets in line.
    pub(crate) fn join(&self) -> std::pin::Pin<Box<OwnedNotified>> {
        let mut place = Box::pin(self.line.clone().notified_owned());
        place.as_mut().enable();
        place
    }

    pub(crate) fn joined(&self) {
        self.in_line.fetch_add(1, Ordering::SeqCst);
    }

    /// Leaves the line. `owing`: after a wake-up that may have been for a message that is still there.
    pub(crate) fn left(&self, owing: bool) {
        self.in_line.fetch_sub(1, Ordering::SeqCst);
        if owing && self.memory.lock().index.has_ready() {
            self.wake(1);
        }
    }
}
