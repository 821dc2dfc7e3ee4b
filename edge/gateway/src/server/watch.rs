//! Which connections to give up: those that wait too long between requests, in the middle of a
//! request's head, or with an answer that their client does not take.
//!
//! One look a second over all connections instead of a timer for each: a timer would be armed and
//! disarmed several times a request, while this costs a request a handful of relaxed stores.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long the gateway waits for its clients.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two requests of a connection.
    pub idle: Duration,
    /// From the first byte of a request's head to its last.
    pub head: Duration,
    /// Between two pieces of a request's body.
    pub body: Duration,
    /// For the client to take any byte of an answer.
    pub write: Duration,
    /// For open requests to end when the server stops.
    pub stop: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            idle: Duration::from_secs(75),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            write: Duration::from_secs(30),
            stop: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// How often to look: often enough that the shortest limit is overrun by a quarter at most.
    pub(super) fn look_every(&self) -> Duration {
        let shortest = self.idle.min(self.head).min(self.write);
        (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}

/// The time of the last look, in milliseconds, shared by all connections of a server: nobody reads
/// a clock on the way of a request.
#[derive(Debug, Default)]
pub(super) struct CoarseTime(AtomicU64);

impl CoarseTime {
    pub(super) fn set(&self, monotonic: Duration) {
        self.0.store(u64::try_from(monotonic.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Since when no write is held up.
const FLOWING: u64 = u64::MAX;
/// Since when no head is being read.
const NO_HEAD: u64 = u64::MAX;

/// What one connection is doing, as far as its time limits care.
#[derive(Debug)]
pub(super) struct Progress {
    time: Arc<CoarseTime>,
    /// Requests that have a head and no answer yet.
    open: AtomicU32,
    idle_since: AtomicU64,
    head_since: AtomicU64,
    blocked_since: AtomicU64,
}

impl Progress {
    pub(super) fn new(time: Arc<CoarseTime>) -> Progress {
        let now = time.now();
        Progress {
            time,
            open: AtomicU32::new(0),
            idle_since: AtomicU64::new(now),
            head_since: AtomicU64::new(NO_HEAD),
            blocked_since: AtomicU64::new(FLOWING),
        }
    }

    /// A request's head has been read; the returned guard stands for the request.
    pub(super) fn request(self: &Arc<Self>) -> OpenRequest {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(NO_HEAD, Ordering::Relaxed);
        OpenRequest(Arc::clone(self))
    }

    fn read_some(&self) {
        let between_requests = self.open.load(Ordering::Relaxed) == 0;
        if between_requests && self.head_since.load(Ordering::Relaxed) == NO_HEAD {
            self.head_since.store(self.time.now(), Ordering::Relaxed);
        }
    }

    fn wrote(&self, blocked: bool) {
        if !blocked {
            self.blocked_since.store(FLOWING, Ordering::Relaxed);
        } else if self.blocked_since.load(Ordering::Relaxed) == FLOWING {
            self.blocked_since.store(self.time.now(), Ordering::Relaxed);
        }
    }

    /// Whether the connection has overrun a limit.
    pub(super) fn is_overdue(&self, patience: &Patience) -> bool {
        let now = self.time.now();
        let over = |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_millis();
        if over(self.blocked_since.load(Ordering::Relaxed), patience.write) {
            return true;
        }
        if self.open.load(Ordering::Relaxed) > 0 {
            return false;
        }
        match self.head_since.load(Ordering::Relaxed) {
            NO_HEAD => over(self.idle_since.load(Ordering::Relaxed), patience.idle),
            since => over(since, patience.head),
        }
    }
}

/// A request that has been read and not yet answered.
#[derive(Debug)]
pub(super) struct OpenRequest(Arc<Progress>);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.time.now(), Ordering::Relaxed);
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that notes its reads and writes.
pub(super) struct Watched<S> {
    inner: S,
    progress: Arc<Progress>,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, progress: Arc<Progress>) -> Watched<S> {
        Watched { inner, progress }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.progress.read_some();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.progress.wrote(polled.is_pending());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.progress.wrote(polled.is_pending());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience() -> Patience {
        let limit = Duration::from_secs;
        Patience { idle: limit(75), head: limit(30), body: limit(30), write: limit(20), stop: limit(10) }
    }

    #[test]
    fn each_phase_of_a_connection_has_its_own_limit() {
        let time = Arc::new(CoarseTime::default());
        let progress = Arc::new(Progress::new(time.clone()));
        let overdue_at = |second: u64| {
            time.set(Duration::from_secs(second));
            progress.is_overdue(&patience())
        };
        assert!(!overdue_at(75), "an idle connection may wait");
        assert!(overdue_at(76), "but not for ever");

        progress.read_some();
        assert!(!overdue_at(76 + 30), "a head may take its time");
        assert!(overdue_at(76 + 31));

        let request = progress.request();
        assert!(!overdue_at(10_000), "an open request waits for us, not we for it");
        drop(request);
        assert!(!overdue_at(10_075));
        assert!(overdue_at(10_076));

        let request = progress.request();
        progress.wrote(true);
        assert!(overdue_at(10_097), "an answer that is not taken");
        progress.wrote(false);
        assert!(!overdue_at(10_097));
        drop(request);
    }
}
