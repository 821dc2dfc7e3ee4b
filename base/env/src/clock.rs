use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tidegate_types::Timestamp;
use tokio::sync::watch;

type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where time comes from. See the crate's page for what the three readings mean.
pub trait Clock: Send + Sync {
    /// Product time; never decreases.
    fn now(&self) -> Timestamp;
    /// The wall clock.
    fn real_now(&self) -> Timestamp;
    /// Time since an arbitrary start.
    fn monotonic(&self) -> Duration;
    /// Resolves when `now() >= due`.
    fn sleep_until(&self, due: Timestamp) -> Sleep<'_>;
    /// Resolves after `duration` of real time.
    fn sleep_real(&self, duration: Duration) -> Sleep<'_>;
}

/// The operating system's clock.
///
/// The wall clock may be set back while the server runs; product time then stands still until the
/// wall clock has caught up, because committed time never runs backwards.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    latest: AtomicU64,
}

impl SystemClock {
    /// A clock whose monotonic reading starts now.
    pub fn new() -> SystemClock {
        SystemClock { start: Instant::now(), latest: AtomicU64::new(0) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let wall = self.real_now().as_millis();
        Timestamp::from_millis(self.latest.fetch_max(wall, Ordering::Relaxed).max(wall))
    }

    fn real_now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since_epoch)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep_until(&self, due: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            // In a loop: the wall clock may be set back during the sleep.
            while self.now() < due {
                tokio::time::sleep(due.since(self.now())).await;
            }
        })
    }

    fn sleep_real(&self, duration: Duration) -> Sleep<'_> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The system's clock plus an offset that can be moved forward: `--virtual-clock` and `--ephemeral`.
#[derive(Debug)]
pub struct ShiftedClock {
    system: SystemClock,
    offset_millis: watch::Sender<u64>,
}

impl ShiftedClock {
    /// A clock that is `offset` ahead of the system's.
    pub fn new(offset: Duration) -> ShiftedClock {
        let millis = u64::try_from(offset.as_millis()).unwrap_or(u64::MAX);
        ShiftedClock { system: SystemClock::new(), offset_millis: watch::Sender::new(millis) }
    }

    /// Moves product time forward and wakes every sleeper whose time has come.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.offset_millis.send_modify(|offset| *offset = offset.saturating_add(by));
    }

    /// How far ahead of the system's clock product time is.
    pub fn offset(&self) -> Duration {
        Duration::from_millis(*self.offset_millis.borrow())
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        self.system.now().plus(self.offset())
    }

    fn real_now(&self) -> Timestamp {
        self.system.real_now()
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic()
    }

    fn sleep_until(&self, due: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            let mut moved = self.offset_millis.subscribe();
            loop {
                let now = self.now();
                if now >= due {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(due.since(now)) => {}
                    // The sender lives in `self`, so this cannot fail while we are borrowed.
                    _ = moved.changed() => {}
                }
            }
        })
    }

    fn sleep_real(&self, duration: Duration) -> Sleep<'_> {
        self.system.sleep_real(duration)
    }
}

/// A clock that stands still until a test moves it. All three readings follow the same hand.
#[derive(Debug)]
pub struct ManualClock {
    start: Timestamp,
    now: watch::Sender<Timestamp>,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> ManualClock {
        ManualClock { start, now: watch::Sender::new(start) }
    }

    /// Moves the hand forward.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = now.plus(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn real_now(&self) -> Timestamp {
        self.now()
    }

    fn monotonic(&self) -> Duration {
        self.now().since(self.start)
    }

    fn sleep_until(&self, due: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            let mut hand = self.now.subscribe();
            // The sender lives in `self`, so waiting ends only by reaching the time.
            let _reached = hand.wait_for(|now| *now >= due).await.is_ok();
        })
    }

    fn sleep_real(&self, duration: Duration) -> Sleep<'_> {
        let due = self.now().plus(duration);
        self.sleep_until(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn a_jump_of_the_shifted_clock_wakes_its_sleepers() {
        let clock = ShiftedClock::new(Duration::ZERO);
        let due = clock.now().plus(Duration::from_secs(86_400));
        let mut sleep = clock.sleep_until(due);
        assert!(sleep.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_secs(86_400));
        sleep.await;
        assert!(clock.now() >= due);
        assert!(clock.real_now() < due);
    }

    #[tokio::test]
    async fn the_manual_clock_stands_still_until_moved() {
        let clock = ManualClock::new(Timestamp::from_secs(10));
        let mut sleep = clock.sleep_until(Timestamp::from_secs(12));
        assert!(sleep.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        assert!(sleep.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        sleep.await;
        assert_eq!(clock.monotonic(), Duration::from_secs(2));
    }
}
