//! How an asynchronous invocation ended, and what its destinations and its dead letter are told.
//!
//! The documents are those of AWS's "Capturing records of Lambda asynchronous invocations".

use bytes::Bytes;
use serde_json::{Value, json};
use tidegate_ports::FunctionError;
use tidegate_types::Timestamp;

use super::event::EventRecord;

/// The most of an error's message that goes along with a dead letter, in bytes.
const ERROR_MESSAGE_BYTES: usize = 1024;

/// Why there will be no other attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
    /// The function has reserved a concurrency of zero: events are not tried at all.
    ZeroReservedConcurrency,
    /// The function was called again and again within one chain of events.
    RecursiveInvocationTerminated,
}

impl Condition {
    fn as_str(self) -> &'static str {
        match self {
            Condition::Success => "Success",
            Condition::RetriesExhausted => "RetriesExhausted",
            Condition::EventAgeExceeded => "EventAgeExceeded",
            Condition::ZeroReservedConcurrency => "ZeroReservedConcurrency",
            Condition::RecursiveInvocationTerminated => "RecursiveInvocationTerminated",
        }
    }
}

/// What the last attempt answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub payload: Bytes,
    pub error: Option<FunctionError>,
    pub executed_version: String,
    /// The trace, with the function in it.
    pub trace: String,
}

/// How an asynchronous invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub condition: Condition,
    /// How often the function was run.
    pub invocations: u32,
    /// What it answered, if it was run at all.
    pub answered: Option<Answered>,
    /// When that was: product time.
    pub at: Timestamp,
}

impl Ended {
    /// The document for a destination. Payloads stand in it as they are: no number loses a digit.
    pub(crate) fn document(&self, event: &EventRecord, function_arn: &str) -> Bytes {
        let context = json!({
            "requestId": event.request_id,
            "functionArn": function_arn,
            "condition": self.condition.as_str(),
            "approximateInvokeCount": self.invocations,
        });
        let mut document = format!(
            r#"{{"version":"1.0","timestamp":"{}","requestContext":{context},"requestPayload":{}"#,
            super::rfc3339(self.at),
            shown(&event.payload)
        );
        if let Some(Answered { payload, error, executed_version, .. }) = &self.answered {
            let mut context = json!({ "statusCode": 200, "executedVersion": executed_version });
            if let Some(error) = error {
                context["functionError"] = error.as_str().into();
            }
            document.push_str(&format!(r#","responseContext":{context},"responsePayload":{}"#, shown(payload)));
        }
        document.push('}');
        Bytes::from(document)
    }

    /// What a dead letter says beside the event: `RequestID`, `ErrorCode`, `ErrorMessage`.
    pub(crate) fn error_of_dead_letter(&self) -> (u16, String) {
        let message = self.answered.as_ref().and_then(|answered| {
            let payload: Value = serde_json::from_slice(&answered.payload).ok()?;
            Some(payload.get("errorMessage")?.as_str()?.to_owned())
        });
        let mut message = message.unwrap_or_else(|| self.condition.as_str().to_owned());
        let end = (0..=ERROR_MESSAGE_BYTES.min(message.len())).rev().find(|at| message.is_char_boundary(*at));
        message.truncate(end.unwrap_or(0));
        (200, message)
    }
}

/// A payload within a document: as it is, or as a text where it is no JSON.
fn shown(payload: &[u8]) -> String {
    let text = String::from_utf8_lossy(payload);
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => text.into_owned(),
        Err(_) => Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_holds_payloads_as_they_are() {
        let event = EventRecord {
            request_id: "r".to_owned(),
            function: "f".to_owned(),
            payload: Bytes::from_static(br#"{"n":12345678901234567890123}"#),
            trace: None,
            client_context: None,
        };
        let answered = Answered {
            payload: Bytes::from_static(b"no json"),
            error: Some(FunctionError::Unhandled),
            executed_version: "$LATEST".to_owned(),
            trace: String::new(),
        };
        let at = Timestamp::from_millis(1_573_755_365_568);
        let ended = Ended { condition: Condition::RetriesExhausted, invocations: 3, answered: Some(answered), at };
        let expected = concat!(
            r#"{"version":"1.0","timestamp":"2019-11-14T18:16:05.568Z","requestContext":{"requestId":"r","#,
            r#""functionArn":"arn","condition":"RetriesExhausted","approximateInvokeCount":3},"#,
            r#""requestPayload":{"n":12345678901234567890123},"responseContext":{"statusCode":200,"#,
            r#""executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":"no json"}"#,
        );
        assert_eq!(ended.document(&event, "arn"), expected);
    }
}
