//! A log event, as the caller has it.

use std::sync::Arc;

/// What a run is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// When it was received, in milliseconds since the epoch.
    pub ingestion_ms: i64,
    /// The raw message.
    pub message: String,
    /// `account:group`.
    pub log: Arc<str>,
    /// The stream's name.
    pub log_stream: Arc<str>,
    /// What `GetLogRecord` finds the event by.
    pub ptr: String,
}

impl Event {
    /// Whether a Lambda function wrote it, whose lines have fields of their own.
    pub(crate) fn is_from_lambda(&self) -> bool {
        self.log.split_once(':').is_some_and(|(_, group)| group.starts_with("/aws/lambda/"))
    }
}
