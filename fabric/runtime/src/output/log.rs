use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tidegate_env::Env;
use tidegate_types::Timestamp;

use super::platform::{self, InitReport, Report, Status};
use super::{LogSink, StreamName};
use crate::endpoint::Telemetry;
use crate::{FunctionSpec, LogFormat, LogLevel};

/// How much of the end of a log `LogType=Tail` shows, in bytes.
const TAIL_BYTES: usize = 4096;

/// Whose line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Function,
    Extension,
}

/// The log of one environment: one stream, from its start to its end.
pub(crate) struct Log {
    env: Env,
    sink: Arc<LogSink>,
    spec: Arc<FunctionSpec>,
    stream: Arc<StreamName>,
    telemetry: Arc<Telemetry>,
    /// The end of the running invocation's log, while somebody wants it.
    tail: Mutex<Option<String>>,
}

impl Log {
    /// A log in a stream of its own.
    pub(crate) fn new(env: &Env, sink: &Arc<LogSink>, spec: &Arc<FunctionSpec>) -> Arc<Log> {
        let mut id = [0; 16];
        env.fill_random(&mut id);
        let stream = format!("{}/[{}]{}", platform::day(env.now()), spec.version, hex::encode(id));
        let stream =
            StreamName { account: spec.account, region: spec.region.clone(), group: spec.log_group.clone(), stream };
        Arc::new(Log {
            env: env.clone(),
            sink: sink.clone(),
            spec: spec.clone(),
            stream: Arc::new(stream),
            telemetry: Arc::default(),
            tail: Mutex::default(),
        })
    }

    /// The stream's name.
    pub(crate) fn stream(&self) -> &str {
        &self.stream.stream
    }

    /// Who takes its lines besides the log group.
    pub(crate) fn telemetry(&self) -> &Arc<Telemetry> {
        &self.telemetry
    }

    /// Resolves when there is room for more lines.
    pub(crate) async fn room(&self) {
        self.sink.room().await;
    }

    /// A line of the function or of an extension.
    pub(crate) fn line(&self, origin: Origin, at: Option<Timestamp>, line: String) {
        let at = at.unwrap_or_else(|| self.env.now());
        let kind = match origin {
            Origin::Function => "function",
            Origin::Extension => "extension",
        };
        self.telemetry.publish(kind, at, || Value::String(line.clone()));
        self.write(at, line);
    }

    /// Every event ends with an end of line, as on AWS: filters and subscribers see it.
    fn write(&self, at: Timestamp, mut line: String) {
        line.push('\n');
        if let Some(tail) = self.tail.lock().as_mut() {
            tail.push_str(&line);
            // Cut now and then, so that a talkative function costs no more memory than two tails.
            if tail.len() > 2 * TAIL_BYTES {
                *tail = last_bytes(tail, TAIL_BYTES).to_owned();
            }
        }
        self.sink.push(&self.stream, at, line);
    }

    /// A line of the platform, in the log's form. `text` is absent where the text form says nothing.
    fn platform(&self, kind: &'static str, level: LogLevel, text: Option<String>, record: impl Fn() -> Value) {
        let at = self.env.now();
        self.telemetry.publish(kind, at, &record);
        match self.spec.log_format {
            LogFormat::Text => {
                if let Some(text) = text {
                    self.write(at, text);
                }
            }
            LogFormat::Json { system, .. } if level >= system => {
                self.write(at, json!({ "time": platform::rfc3339(at), "type": kind, "record": record() }).to_string());
            }
            LogFormat::Json { .. } => {}
        }
    }

    /// The environment starts.
    pub(crate) fn init_start(&self) {
        let spec = &self.spec;
        self.platform("platform.initStart", LogLevel::Info, Some(platform::init_start_text(spec)), || {
            platform::init_start_record(spec)
        });
    }

    /// The runtime asked for its first invocation, or failed to.
    pub(crate) fn init_done(&self, status: &Status) {
        let level = if *status == Status::Success { LogLevel::Debug } else { LogLevel::Warn };
        self.platform("platform.initRuntimeDone", level, None, || {
            json!({
                "initializationType": self.spec.init.as_str(),
                "phase": "init",
                "status": if *status == Status::Success { "success" } else { "error" },
            })
        });
    }

    /// What starting took. The text form says it only when it failed.
    pub(crate) fn init_report(&self, report: &InitReport) {
        let failed = report.status != Status::Success;
        self.platform("platform.initReport", LogLevel::Info, failed.then(|| report.text()), || {
            report.record(&self.spec)
        });
    }

    /// An invocation starts.
    pub(crate) fn start(&self, request_id: &str, tail: bool, trace: Option<&str>) {
        *self.tail.lock() = tail.then(String::new);
        let version = &self.spec.version;
        let text = format!("START RequestId: {request_id} Version: {version}");
        self.platform("platform.start", LogLevel::Info, Some(text), || {
            let mut record = json!({ "requestId": request_id, "version": version });
            if let Some(trace) = trace {
                record["tracing"] = platform::tracing_record(trace);
            }
            record
        });
    }

    /// An extension registered or failed to.
    pub(crate) fn extension(&self, name: &str, state: &str, events: &[&str], error: Option<&str>) {
        let mut text = format!("EXTENSION\tName: {name}\tState: {state}\tEvents: [{}]", events.join(","));
        if let Some(error) = error {
            text.push_str(&format!("\tError Type: {error}"));
        }
        self.platform(
            "platform.extension",
            LogLevel::Info,
            Some(text),
            || json!({ "name": name, "state": state, "events": events }),
        );
    }

    /// Something that the platform found wrong with the running invocation.
    pub(crate) fn fault(&self, text: String) {
        self.platform("platform.fault", LogLevel::Warn, Some(text.clone()), || Value::String(text.clone()));
    }

    /// The runtime is done with an invocation. Gives the tail if it was asked for.
    pub(crate) fn end(&self, report: &Report<'_>) -> Option<Bytes> {
        let request_id = report.request_id;
        let end = format!("END RequestId: {request_id}");
        self.platform("platform.runtimeDone", LogLevel::Debug, Some(end), || {
            let mut record = report.record();
            record["metrics"] = json!({ "durationMs": record["metrics"]["durationMs"] });
            record
        });
        self.platform("platform.report", LogLevel::Info, Some(report.text()), || report.record());
        let tail = self.tail.lock().take()?;
        Some(Bytes::copy_from_slice(last_bytes(&tail, TAIL_BYTES).as_bytes()))
    }
}

/// The last bytes of a text, from the start of a character on.
fn last_bytes(text: &str, limit: usize) -> &str {
    let mut from = text.len().saturating_sub(limit);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

#[cfg(test)]
mod tests {
    use super::last_bytes;

    #[test]
    fn a_tail_starts_with_a_whole_character() {
        for (text, limit, tail) in [("abc", 4, "abc"), ("abc", 2, "bc"), ("aéc", 2, "c"), ("aéc", 3, "éc"), ("", 1, "")]
        {
            assert_eq!(last_bytes(text, limit), tail, "{text}");
        }
    }
}
