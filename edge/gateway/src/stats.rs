//! What the gateway counts: requests by operation and status, their durations, connections, bodies.
//!
//! Own atomics rather than the `metrics` façade, because this lies on the way of every request:
//! the counters of an operation are found once, when the request is routed, and a histogram here is
//! a row of counters, not a list of samples that someone has to drain.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate_env::{Activity, Env, Report};
use tidegate_types::Timestamp;

/// The upper bounds of the duration histogram, in microseconds. Long polls last up to 20 s.
const BOUNDS_US: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
    20_000_000, 60_000_000,
];

/// The statuses that are counted by number; all others are counted as `other`.
const STATUSES: [u16; 12] = [200, 201, 204, 304, 400, 403, 404, 408, 413, 500, 501, 503];

/// The counters of one operation.
#[derive(Debug)]
pub struct OperationStats {
    service: &'static str,
    operation: &'static str,
    by_status: [AtomicU64; STATUSES.len() + 1],
    by_duration: [AtomicU64; BOUNDS_US.len() + 1],
    total_us: AtomicU64,
}

impl OperationStats {
    /// Counters at zero.
    pub fn new(service: &'static str, operation: &'static str) -> OperationStats {
        OperationStats {
            service,
            operation,
            by_status: Default::default(),
            by_duration: Default::default(),
            total_us: AtomicU64::new(0),
        }
    }

    /// Counts one answered request.
    pub fn record(&self, status: u16, duration: Duration) {
        let slot = STATUSES.iter().position(|&counted| counted == status).unwrap_or(STATUSES.len());
        self.by_status[slot].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.iter().position(|&bound| micros <= bound).unwrap_or(BOUNDS_US.len());
        self.by_duration[bucket].fetch_add(1, Ordering::Relaxed);
        self.total_us.fetch_add(micros, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.by_duration.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    fn write_statuses(&self, out: &mut String) -> std::fmt::Result {
        let OperationStats { service, operation, .. } = self;
        for (slot, counter) in self.by_status.iter().enumerate() {
            let count = counter.load(Ordering::Relaxed);
            if count > 0 {
                let status = STATUSES.get(slot).map_or_else(|| "other".to_owned(), u16::to_string);
                writeln!(
                    out,
                    "tidegate_requests_total{{service=\"{service}\",operation=\"{operation}\",status=\"{status}\"}} {count}"
                )?;
            }
        }
        Ok(())
    }

    fn write_durations(&self, out: &mut String) -> std::fmt::Result {
        let labels = format!("service=\"{}\",operation=\"{}\"", self.service, self.operation);
        let name = "tidegate_request_duration_seconds";
        let mut cumulative = 0;
        for (bound, counter) in BOUNDS_US.iter().zip(&self.by_duration) {
            cumulative += counter.load(Ordering::Relaxed);
            writeln!(out, "{name}_bucket{{{labels},le=\"{}\"}} {cumulative}", seconds(*bound))?;
        }
        let count = self.count();
        writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}")?;
        writeln!(out, "{name}_sum{{{labels}}} {}", seconds(self.total_us.load(Ordering::Relaxed)))?;
        writeln!(out, "{name}_count{{{labels}}} {count}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of durations for a dashboard")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// The gateway's gauges.
pub struct Stats {
    env: Env,
    connections: AtomicU64,
    /// Calls of services that are not answered yet.
    open: AtomicU64,
    panics: AtomicU64,
}

impl Stats {
    pub(crate) fn new(env: Env) -> Stats {
        Stats { env, connections: AtomicU64::new(0), open: AtomicU64::new(0), panics: AtomicU64::new(0) }
    }

    pub(crate) fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// A request of a service begins; it ends when the guard is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> OpenCall {
        self.open.fetch_add(1, Ordering::SeqCst);
        OpenCall(Arc::clone(self))
    }

    /// Writes everything in Prometheus' text format.
    ///
    /// # Errors
    /// None: writing to a `String` does not fail.
    pub(crate) fn write<'a>(
        &self,
        operations: impl Iterator<Item = &'a OperationStats> + Clone,
        body_bytes: usize,
        out: &mut String,
    ) -> std::fmt::Result {
        let used = operations.filter(|operation| operation.count() > 0);
        writeln!(out, "# HELP tidegate_requests_total Requests answered.\n# TYPE tidegate_requests_total counter")?;
        used.clone().try_for_each(|operation| operation.write_statuses(out))?;
        writeln!(out, "# HELP tidegate_request_duration_seconds From the request's head to its answer.")?;
        writeln!(out, "# TYPE tidegate_request_duration_seconds histogram")?;
        used.clone().try_for_each(|operation| operation.write_durations(out))?;
        for (name, help, value) in [
            ("connections", "Open connections.", self.connections.load(Ordering::Relaxed)),
            ("requests_open", "Requests that are not answered yet.", self.open.load(Ordering::Relaxed)),
            ("requests_waiting", "Open long polls.", self.env.waits().count()),
            ("request_body_bytes", "Bytes of request bodies held.", body_bytes as u64),
        ] {
            writeln!(out, "# HELP tidegate_{name} {help}\n# TYPE tidegate_{name} gauge\ntidegate_{name} {value}")?;
        }
        let panics = self.panics.load(Ordering::Relaxed);
        writeln!(out, "# HELP tidegate_panics_total Requests that ended in a bug.")?;
        writeln!(out, "# TYPE tidegate_panics_total counter\ntidegate_panics_total {panics}")
    }
}

/// The idle barrier's question: a long poll does not move by itself.
impl Activity for Stats {
    fn report(&self, _now: Timestamp, report: &mut Report) {
        // Waiting first: a poll that begins to wait in between makes us busy for one more look,
        // the other way round it could hide an open request.
        let waiting = self.env.waits().count();
        report.busy("request", self.open.load(Ordering::SeqCst).saturating_sub(waiting));
    }
}

/// A request of a service that is not answered yet.
pub(crate) struct OpenCall(Arc<Stats>);

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_status_and_duration() {
        let operation = OperationStats::new("sqs", "SendMessage");
        operation.record(200, Duration::from_micros(90));
        operation.record(200, Duration::from_micros(400));
        operation.record(418, Duration::from_secs(100));
        let mut text = String::new();
        Stats::new(Env::real()).write([&operation].into_iter(), 7, &mut text).unwrap();
        for line in [
            r#"tidegate_requests_total{service="sqs",operation="SendMessage",status="200"} 2"#,
            r#"tidegate_requests_total{service="sqs",operation="SendMessage",status="other"} 1"#,
            r#"tidegate_request_duration_seconds_bucket{service="sqs",operation="SendMessage",le="0.0001"} 1"#,
            r#"tidegate_request_duration_seconds_bucket{service="sqs",operation="SendMessage",le="0.0005"} 2"#,
            r#"tidegate_request_duration_seconds_bucket{service="sqs",operation="SendMessage",le="60"} 2"#,
            r#"tidegate_request_duration_seconds_bucket{service="sqs",operation="SendMessage",le="+Inf"} 3"#,
            r#"tidegate_request_duration_seconds_count{service="sqs",operation="SendMessage"} 3"#,
            "tidegate_request_body_bytes 7",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_long_poll_is_not_busy() {
        let env = Env::real();
        let stats = Arc::new(Stats::new(env.clone()));
        let busy = || {
            let mut report = Report::default();
            stats.report(env.now(), &mut report);
            report.busy.iter().map(|busy| busy.count).sum::<u64>()
        };
        let (first, _second) = (stats.request(), stats.request());
        assert_eq!(busy(), 2);
        let wait = env.waits().begin();
        assert_eq!(busy(), 1);
        drop((wait, first));
        assert_eq!(busy(), 1);
    }
}
