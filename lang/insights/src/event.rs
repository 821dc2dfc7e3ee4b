//! A log event, as the caller has it.

use std::sync::Arc;

/// What a run is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// When it was received, in milliseconds since the epoch.
    pub ingestion_ms: i64,
    /// The message, as it may be seen.
    pub message: String,
    /// The message, if parts of that are masked: what `unmask` shows.
    pub unmasked: Option<String>,
    /// What a transformer made of it: where fields are discovered instead.
    pub transformed: Option<String>,
    /// `account:group`.
    pub log: Arc<str>,
    /// The stream's name.
    pub log_stream: Arc<str>,
    /// What `GetLogRecord` finds the event by.
    pub ptr: String,
}

impl Event {
    /// What keeping it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        let more = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Event>() + self.message.len() + self.ptr.len() + more(&self.unmasked) + more(&self.transformed)
    }

    /// Whether a Lambda function wrote it, whose lines have fields of their own.
    pub(crate) fn is_from_lambda(&self) -> bool {
        self.log.split_once(':').is_some_and(|(_, group)| group.starts_with("/aws/lambda/"))
    }
}
