//! What subscribers get: gzip-compressed JSON in Base64.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tidegate_logfilter::{Kind, Pattern};
use tidegate_types::Timestamp;

use super::batch::Event;
use super::cut::EventId;

/// The most bytes of messages in one delivery, so that even text that does not compress stays below what
/// queues and functions take.
const DELIVERY_BYTES: usize = 512 * 1024;

/// What surrounds the events of a delivery.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The account that owns the group.
    pub owner: &'a str,
    /// The group.
    pub group: &'a str,
    /// The stream.
    pub stream: &'a str,
    /// The subscription filter.
    pub filter: &'a str,
    /// Whether that is the account's.
    pub is_of_account: bool,
    /// Fields of the system that go along with each event.
    pub system_fields: &'a [(&'a str, &'a str)],
}

/// The deliveries for those of these events that match, `batch` being what tells their ids from others'.
pub fn data_messages(envelope: Envelope<'_>, pattern: &Pattern, events: &[Event], batch: u64) -> Vec<String> {
    let mut messages = Vec::new();
    let (mut log_events, mut bytes) = (Vec::new(), 0);
    for (index, event) in (0..).zip(events) {
        let Some(extracted) = pattern.matches(&event.message) else { continue };
        if bytes + event.size() > DELIVERY_BYTES && !log_events.is_empty() {
            messages.push(data_message(envelope, std::mem::take(&mut log_events)));
            bytes = 0;
        }
        bytes += event.size();
        let id = EventId { timestamp: event.timestamp, position: batch, index }.text();
        let mut shown = json!({ "id": id, "timestamp": event.timestamp, "message": event.message });
        if pattern.kind() == Kind::Fields || !envelope.system_fields.is_empty() {
            let fields = extracted.values().into_iter().filter(|_| pattern.kind() == Kind::Fields);
            let fields = fields.map(|(name, value)| (name.trim_start_matches('$').to_owned(), Value::String(value)));
            let known = envelope.system_fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
            shown["extractedFields"] = Value::Object(fields.chain(known).collect());
        }
        log_events.push(shown);
    }
    if !log_events.is_empty() {
        messages.push(data_message(envelope, log_events));
    }
    messages
}

fn data_message(envelope: Envelope<'_>, log_events: Vec<Value>) -> String {
    let mut message = json!({
        "messageType": "DATA_MESSAGE",
        "owner": envelope.owner,
        "logGroup": envelope.group,
        "logStream": envelope.stream,
        "subscriptionFilters": [envelope.filter],
        "logEvents": log_events,
    });
    if envelope.is_of_account {
        message["policyLevel"] = "ACCOUNT_LEVEL_POLICY".into();
    }
    packed(&message)
}

/// What a destination gets when a filter is made for it, to see whether it can be reached.
pub fn control_message(now: Timestamp) -> String {
    packed(&json!({
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [{
            "id": "",
            "timestamp": now.as_millis(),
            "message": "CWL CONTROL MESSAGE: Checking health of destination.",
        }],
    }))
}

fn packed(document: &Value) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(document.to_string().as_bytes()).expect("writing to memory does not fail");
    STANDARD.encode(encoder.finish().expect("writing to memory does not fail"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    fn unpacked(message: &str) -> Value {
        let mut text = String::new();
        GzDecoder::new(&STANDARD.decode(message).unwrap()[..]).read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    const ENVELOPE: Envelope<'_> = Envelope {
        owner: "000000000000",
        group: "g",
        stream: "s",
        filter: "f",
        is_of_account: false,
        system_fields: &[],
    };

    fn event(message: &str) -> Event {
        Event::new(5, message.to_owned())
    }

    #[test]
    fn what_matches_is_packed() {
        let pattern = Pattern::parse("[ip, bytes]").unwrap();
        let messages = data_messages(ENVELOPE, &pattern, &[event("only"), event("1.2.3.4 7")], 9);
        let shown = unpacked(&messages[0]);
        assert_eq!(shown["messageType"], "DATA_MESSAGE");
        assert_eq!(shown["subscriptionFilters"], json!(["f"]));
        assert_eq!(shown["logEvents"][0]["message"], "1.2.3.4 7");
        assert_eq!(shown["logEvents"][0]["extractedFields"], json!({ "ip": "1.2.3.4", "bytes": "7" }));
        assert_eq!(messages.len(), 1);
        assert_eq!(unpacked(&control_message(Timestamp::EPOCH))["messageType"], "CONTROL_MESSAGE");
    }

    #[test]
    fn much_text_makes_several_deliveries_and_no_match_none() {
        let all = Pattern::parse("").unwrap();
        let large = event(&"x".repeat(300 * 1024));
        assert_eq!(data_messages(ENVELOPE, &all, &[large.clone(), large.clone(), large], 1).len(), 3);
        assert_eq!(data_messages(ENVELOPE, &Pattern::parse("absent").unwrap(), &[event("x")], 1), Vec::<String>::new());
    }
}
