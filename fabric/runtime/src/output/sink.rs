use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use parking_lot::Mutex;
use tidegate_env::Env;
use tidegate_ports::{LogBatch, LogLines};
use tidegate_types::{AccountId, Region, Timestamp};
use tokio::sync::Notify;

/// Lines are gathered for this long before they are written, so that a busy function costs few commits.
const GATHER: Duration = Duration::from_millis(50);
/// Above this many bytes of unwritten lines, pipes are no longer read: functions wait with their output.
const MAX_PENDING_BYTES: usize = 8 << 20;
/// How long a failed write waits for its next try.
const RETRY: Duration = Duration::from_millis(500);
/// How often a write is tried once the server is stopping.
const LAST_TRIES: usize = 3;

/// A log stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StreamName {
    pub account: AccountId,
    pub region: Region,
    pub group: String,
    pub stream: String,
}

type Lines = Vec<(Timestamp, String)>;

#[derive(Default)]
struct Pending {
    streams: HashMap<Arc<StreamName>, Lines>,
    bytes: usize,
    /// Lines that are being written.
    writing: usize,
}

impl Pending {
    fn lines(&self) -> usize {
        self.writing + self.streams.values().map(Vec::len).sum::<usize>()
    }
}

/// Gathers the lines of all workers and writes them. One for each server; [`LogSink::run`] is its task.
pub(crate) struct LogSink {
    env: Env,
    lines: Arc<dyn LogLines>,
    pending: Mutex<Pending>,
    stopping: AtomicBool,
    /// There is something to write, or no reason to wait any longer.
    wake: Notify,
    /// Something was written.
    written: Notify,
}

impl LogSink {
    pub(crate) fn new(env: Env, lines: Arc<dyn LogLines>) -> Arc<LogSink> {
        Arc::new(LogSink {
            env,
            lines,
            pending: Mutex::default(),
            stopping: AtomicBool::new(false),
            wake: Notify::new(),
            written: Notify::new(),
        })
    }

    /// Takes a line. Never waits: who reads pipes asks [`LogSink::room`] first.
    pub(crate) fn push(&self, stream: &Arc<StreamName>, at: Timestamp, line: String) {
        let mut pending = self.pending.lock();
        pending.bytes += line.len();
        match pending.streams.get_mut(stream) {
            Some(lines) => lines.push((at, line)),
            None => {
                pending.streams.insert(stream.clone(), vec![(at, line)]);
            }
        }
        drop(pending);
        self.wake.notify_one();
    }

    /// Resolves when there is room for more lines.
    pub(crate) async fn room(&self) {
        self.until(|pending| pending.bytes < MAX_PENDING_BYTES).await;
    }

    /// How many lines are not durable yet.
    pub(crate) fn pending(&self) -> usize {
        self.pending.lock().lines()
    }

    /// Writes all that there is and ends [`LogSink::run`].
    pub(crate) async fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wake.notify_one();
        self.until(|pending| pending.lines() == 0).await;
    }

    async fn until(&self, fine: impl Fn(&Pending) -> bool) {
        loop {
            let mut written = std::pin::pin!(self.written.notified());
            // Registered before the look, so that no write goes by in between.
            written.as_mut().enable();
            if fine(&self.pending.lock()) {
                return;
            }
            written.await;
        }
    }

    /// Writes until [`LogSink::stop`].
    pub(crate) async fn run(self: Arc<Self>) {
        let mut failures = 0;
        loop {
            let stopping = self.stopping.load(Ordering::Acquire);
            if self.pending.lock().streams.is_empty() {
                if stopping {
                    return;
                }
                self.wake.notified().await;
            }
            if !self.stopping.load(Ordering::Acquire) {
                self.env.sleep_real(if failures == 0 { GATHER } else { RETRY }).await;
            }
            failures = if self.write_all().await { 0 } else { failures + 1 };
            if stopping && failures >= LAST_TRIES {
                self.give_up();
            }
        }
    }

    /// Writes what there is, each stream in a batch of its own, all at once so that they share a sync.
    async fn write_all(&self) -> bool {
        let streams = {
            let mut pending = self.pending.lock();
            let streams = std::mem::take(&mut pending.streams);
            pending.writing = streams.values().map(Vec::len).sum();
            streams
        };
        let results = join_all(streams.into_iter().map(|(name, lines)| self.write(name, lines))).await;
        let failed: Vec<_> = results.into_iter().flatten().collect();
        let mut pending = self.pending.lock();
        pending.writing = 0;
        let fine = failed.is_empty();
        for (name, mut lines) in failed {
            let newer = pending.streams.remove(&name).unwrap_or_default();
            lines.extend(newer);
            pending.streams.insert(name, lines);
        }
        pending.bytes = pending.streams.values().flatten().map(|(_, line)| line.len()).sum();
        drop(pending);
        self.written.notify_waiters();
        fine
    }

    /// Gives the lines back if they could not be written.
    async fn write(&self, name: Arc<StreamName>, lines: Lines) -> Option<(Arc<StreamName>, Lines)> {
        let batch = LogBatch {
            account: name.account,
            region: name.region.clone(),
            group: name.group.clone(),
            stream: name.stream.clone(),
            lines: lines.clone(),
        };
        match self.lines.write(batch).await {
            Ok(()) => {
                metrics::counter!("tidegate_function_log_lines_total").increment(lines.len() as u64);
                None
            }
            Err(error) => {
                tracing::warn!(group = name.group, %error, "a function's log could not be written yet");
                Some((name, lines))
            }
        }
    }

    fn give_up(&self) {
        let mut pending = self.pending.lock();
        let lost = pending.lines();
        if lost > 0 {
            tracing::error!(lines = lost, "functions' logs could not be written before the server stopped");
            metrics::counter!("tidegate_function_log_lines_lost_total").increment(lost as u64);
        }
        *pending = Pending::default();
        drop(pending);
        self.written.notify_waiters();
    }
}
