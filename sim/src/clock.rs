//! A clock that stands still until it is moved, and wakes its sleepers in an order that repeats.
//!
//! `tidegate_env::ManualClock` wakes them through a channel of tokio's, which does so in a random
//! order; good enough for a test of one part, not for a world that must repeat itself.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tidegate_env::Clock;
use tidegate_types::Timestamp;

/// The clock. All three readings follow the same hand.
pub struct SimClock {
    start: Timestamp,
    hand: Arc<Mutex<Hand>>,
}

struct Hand {
    now: Timestamp,
    /// By due time, then by the order in which they went to sleep.
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
    next: u64,
}

impl SimClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> SimClock {
        let hand = Hand { now: start, sleepers: BTreeMap::new(), next: 0 };
        SimClock { start, hand: Arc::new(Mutex::new(hand)) }
    }

    /// Moves the hand forward and wakes those whose time has come, the earliest first.
    pub fn advance(&self, by: Duration) {
        let due = {
            let mut hand = lock(&self.hand);
            hand.now = hand.now.plus(by);
            let first_later = hand.now.plus_millis(1);
            let later = hand.sleepers.split_off(&(first_later, 0));
            std::mem::replace(&mut hand.sleepers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    fn sleep(&self, due: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(Sleep { hand: self.hand.clone(), due, place: None })
    }
}

/// Nothing that panics while it holds the lock leaves the hand in an impossible state.
fn lock(hand: &Mutex<Hand>) -> MutexGuard<'_, Hand> {
    hand.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        lock(&self.hand).now
    }

    fn real_now(&self) -> Timestamp {
        self.now()
    }

    fn monotonic(&self) -> Duration {
        self.now().since(self.start)
    }

    fn sleep_until(&self, due: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.sleep(due)
    }

    fn sleep_real(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.sleep(self.now().plus(duration))
    }
}

struct Sleep {
    hand: Arc<Mutex<Hand>>,
    due: Timestamp,
    place: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (hand, due, place) = (self.hand.clone(), self.due, self.place);
        let mut hand = lock(&hand);
        if hand.now >= due {
            return Poll::Ready(());
        }
        let place = place.unwrap_or_else(|| {
            hand.next += 1;
            hand.next
        });
        hand.sleepers.insert((due, place), context.waker().clone());
        drop(hand);
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            lock(&self.hand).sleepers.remove(&(self.due, place));
        }
    }
}
