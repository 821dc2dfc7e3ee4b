//! The platform's own lines, word for word as AWS writes them, as text and as JSON.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tidegate_types::Timestamp;

use crate::{FunctionSpec, Usage};

/// `2026-01-02T03:04:05.678Z`.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    format(at, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// `2026/01/02`, as the names of log streams start.
pub(super) fn day(at: Timestamp) -> String {
    format(at, "%Y/%m/%d")
}

fn format(at: Timestamp, pattern: &str) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    time.to_zoned(TimeZone::UTC).strftime(pattern).to_string()
}

/// How a phase ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    /// With the error's type.
    Error(String),
    Timeout,
}

impl Status {
    fn as_str(&self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Error(_) => "error",
            Status::Timeout => "timeout",
        }
    }

    fn text(&self) -> String {
        match self {
            Status::Success => String::new(),
            Status::Error(kind) => format!("Status: error\tError Type: {kind}\t"),
            Status::Timeout => "Status: timeout\t".to_owned(),
        }
    }
}

/// What is said at the end of an invocation.
#[derive(Debug, Clone)]
pub(crate) struct Report<'a> {
    pub request_id: &'a str,
    pub usage: Usage,
    pub memory_mb: u32,
    pub status: Status,
    /// The trace header, if traces are recorded.
    pub trace: Option<&'a str>,
}

impl Report<'_> {
    pub(super) fn text(&self) -> String {
        let Report { request_id, usage, memory_mb, status, .. } = self;
        let mut text = format!(
            "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {memory_mb} MB\tMax \
             Memory Used: {} MB\t",
            usage.duration_ms, usage.billed_ms, usage.max_memory_mb
        );
        if let Some(init) = usage.init_ms {
            text.push_str(&format!("Init Duration: {init:.2} ms\t"));
        }
        text.push_str(&status.text());
        if let Some((trace, segment, sampled)) = self.trace.and_then(trace_parts) {
            text.push_str(&format!("\nXRAY TraceId: {trace}\tSegmentId: {segment}\tSampled: {sampled}\t"));
        }
        text
    }

    pub(super) fn record(&self) -> Value {
        let mut metrics = json!({
            "durationMs": round(self.usage.duration_ms),
            "billedDurationMs": self.usage.billed_ms,
            "memorySizeMB": self.memory_mb,
            "maxMemoryUsedMB": self.usage.max_memory_mb,
        });
        if let Some(init) = self.usage.init_ms {
            metrics["initDurationMs"] = round(init).into();
        }
        let mut record = json!({ "requestId": self.request_id, "metrics": metrics, "status": self.status.as_str() });
        if let Status::Error(kind) = &self.status {
            record["errorType"] = kind.as_str().into();
        }
        if let Some(trace) = self.trace {
            record["tracing"] = tracing_record(trace);
        }
        record
    }
}

/// What is said at the end of a phase of starting that failed.
#[derive(Debug, Clone)]
pub(crate) struct InitReport {
    pub duration_ms: f64,
    pub phase: &'static str,
    pub status: Status,
}

impl InitReport {
    pub(super) fn text(&self) -> String {
        let InitReport { duration_ms, phase, status } = self;
        format!("INIT_REPORT Init Duration: {duration_ms:.2} ms\tPhase: {phase}\t{}", status.text())
    }

    pub(super) fn record(&self, spec: &FunctionSpec) -> Value {
        let mut record = json!({
            "initializationType": spec.init.as_str(),
            "phase": self.phase,
            "status": self.status.as_str(),
            "metrics": { "durationMs": round(self.duration_ms) },
        });
        if let Status::Error(kind) = &self.status {
            record["errorType"] = kind.as_str().into();
        }
        record
    }
}

pub(super) fn init_start_text(spec: &FunctionSpec) -> String {
    format!("INIT_START Runtime Version: {}\tRuntime Version ARN: {}", version(spec), version_arn(spec))
}

pub(super) fn init_start_record(spec: &FunctionSpec) -> Value {
    json!({
        "initializationType": spec.init.as_str(),
        "phase": "init",
        "runtimeVersion": version(spec),
        "runtimeVersionArn": version_arn(spec),
        "functionName": spec.name,
        "functionVersion": spec.version,
    })
}

pub(super) fn tracing_record(trace: &str) -> Value {
    let span = trace_parts(trace).map(|(_, segment, _)| segment.to_owned()).unwrap_or_default();
    json!({ "spanId": span, "type": "X-Amzn-Trace-Id", "value": trace })
}

/// As AWS names what it runs: `nodejs:20.v1`. Ours never changes under a function, so it stays `v1`.
fn version(spec: &FunctionSpec) -> String {
    let id = spec.runtime.id();
    match spec.runtime.version() {
        Some(version) => format!("{}:{version}.v1", id.split(|c: char| c.is_ascii_digit()).next().unwrap_or(id)),
        None => match id.split_once('.') {
            Some((name, version)) => format!("{name}:{version}.v1"),
            None => format!("{id}.v1"),
        },
    }
}

fn version_arn(spec: &FunctionSpec) -> String {
    format!("arn:aws:lambda:{}::runtime:{}", spec.region.as_str(), spec.runtime.id())
}

/// Milliseconds with three decimals, as the JSON records have them.
fn round(millis: f64) -> f64 {
    (millis * 1000.0).round() / 1000.0
}

/// The trace, its segment and whether it is sampled, of a trace header.
fn trace_parts(header: &str) -> Option<(&str, &str, bool)> {
    let part = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    Some((part("Root")?, part("Parent").unwrap_or_default(), part("Sampled") == Some("1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_worded_as_on_aws() {
        let report = Report {
            request_id: "r",
            usage: Usage { duration_ms: 1.234, billed_ms: 102, init_ms: Some(99.5), max_memory_mb: 64 },
            memory_mb: 128,
            status: Status::Success,
            trace: None,
        };
        assert_eq!(
            report.text(),
            "REPORT RequestId: r\tDuration: 1.23 ms\tBilled Duration: 102 ms\tMemory Size: 128 MB\tMax Memory Used: 64 \
             MB\tInit Duration: 99.50 ms\t"
        );
        let late = Report { status: Status::Timeout, ..report.clone() };
        assert!(late.text().ends_with("Init Duration: 99.50 ms\tStatus: timeout\t"));
        let traced = Report { trace: Some("Root=1-a-b;Parent=c;Sampled=1"), ..report };
        assert!(traced.text().ends_with("\nXRAY TraceId: 1-a-b\tSegmentId: c\tSampled: true\t"));
    }

    #[test]
    fn times_are_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(Timestamp::from_millis(1_700_000_000_001)), "2023-11-14T22:13:20.001Z");
        assert_eq!(day(Timestamp::from_millis(1_700_000_000_001)), "2023/11/14");
    }
}
