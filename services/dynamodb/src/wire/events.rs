//! A stream's records as functions get them: written as text at once, because a follower passes them on
//! and looks into few of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use tidegate_log::LogRecord;
use tidegate_types::Region;

use super::streams::{event_id, event_name, sequence_number};
use crate::domain::{Item, StreamView, Value, item_size};
use crate::store::ChangeRecord;

/// What the records of a stream have in common.
pub(crate) struct Source<'a> {
    pub arn: &'a str,
    pub region: &'a Region,
    pub view: StreamView,
}

/// An element of an event's `Records`.
pub(crate) fn record(source: &Source<'_>, log: u64, entry: &LogRecord, change: &ChangeRecord) -> Bytes {
    let mut to = Text(Vec::with_capacity(2 * entry.value.len() + 640));
    to.raw("{\"eventID\":\"");
    to.raw(&event_id(log, entry.position));
    to.raw("\",\"eventName\":\"");
    to.raw(event_name(change.kind));
    to.raw("\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\"awsRegion\":");
    to.string(source.region.as_str());
    // Functions get whole seconds, which the records of AWS's streams have too.
    to.raw(&format!(",\"dynamodb\":{{\"ApproximateCreationDateTime\":{},\"Keys\":", change.at.as_secs()));
    to.item(&change.keys);
    let mut size = item_size(&change.keys);
    for (name, image) in [(",\"NewImage\":", &change.new), (",\"OldImage\":", &change.old)] {
        if let Some(image) = image {
            size += item_size(image);
            to.raw(name);
            to.item(image);
        }
    }
    to.raw(",\"SequenceNumber\":\"");
    to.raw(&sequence_number(entry.position));
    to.raw(&format!("\",\"SizeBytes\":{size},\"StreamViewType\":\"{}\"}},\"eventSourceARN\":", source.view.name()));
    to.string(source.arn);
    if change.expired {
        to.raw(",\"userIdentity\":{\"type\":\"Service\",\"principalId\":\"dynamodb.amazonaws.com\"}");
    }
    to.raw("}");
    to.0.into()
}

/// JSON that grows.
struct Text(Vec<u8>);

impl Text {
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn string(&mut self, text: &str) {
        serde_json::to_writer(&mut self.0, text).expect("a text can be written to memory");
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.raw("\"");
        self.raw(&BASE64.encode(bytes));
        self.raw("\"");
    }

    fn list<T>(&mut self, elements: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Text, T)) {
        self.raw("[");
        for (place, element) in elements.into_iter().enumerate() {
            if place > 0 {
                self.raw(",");
            }
            write(self, element);
        }
        self.raw("]");
    }

    fn item(&mut self, item: &Item) {
        self.raw("{");
        for (place, (name, value)) in item.iter().enumerate() {
            if place > 0 {
                self.raw(",");
            }
            self.string(name);
            self.raw(":");
            self.value(value);
        }
        self.raw("}");
    }

    fn value(&mut self, value: &Value) {
        self.raw("{\"");
        self.raw(value.kind().name());
        self.raw("\":");
        match value {
            Value::S(text) => self.string(text),
            Value::N(number) => self.string(&number.to_string()),
            Value::B(bytes) => self.bytes(bytes),
            Value::Ss(set) => self.list(set, |to, text| to.string(text)),
            Value::Ns(set) => self.list(set, |to, number| to.string(&number.to_string())),
            Value::Bs(set) => self.list(set, |to, bytes| to.bytes(bytes)),
            Value::M(map) => self.item(map),
            Value::L(list) => self.list(list, Text::value),
            Value::Bool(truth) => self.raw(if *truth { "true" } else { "false" }),
            Value::Null => self.raw("true"),
        }
        self.raw("}");
    }
}
