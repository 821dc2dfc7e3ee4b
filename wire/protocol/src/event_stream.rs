//! `application/vnd.amazon.eventstream`: answers that go on, one message after the other.
//!
//! A message is its lengths, the checksum of these, headers, a payload, and the checksum of all. Payloads
//! are JSON here: that is what the services that stream speak.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{BoxStream, StreamExt};
use parking_lot::Mutex;

use crate::aws_json::JsonWriter;
use crate::decode::DecodeError;
use crate::rest::{PartsBody, RestWriter};
use crate::schema::StructSchema;
use crate::service::ServiceError;
use crate::shape::{Reader, Shape, Writer};

/// The content type of answers that go on.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// The type of a header's value that is a text.
const TEXT: u8 = 7;

/// One event: its name in the service's model, and what it says.
#[derive(Debug)]
pub struct StreamEvent {
    /// The member of the stream's union, such as `sessionUpdate`.
    pub name: &'static str,
    /// What it says.
    pub shape: Box<dyn Shape>,
}

/// The events of an answer that goes on. An error is the last of them.
type Events = BoxStream<'static, Result<StreamEvent, ServiceError>>;

/// An operation's output that is a stream of events, which an error ends.
///
/// In awsJson the first message is the answer itself, which has no other members. In the REST protocols
/// there is none: what the answer has besides its events stands in its head.
pub struct EventStream {
    events: Mutex<Option<Events>>,
    /// The output's other members.
    head: Option<Box<dyn Shape>>,
}

impl EventStream {
    /// An output of these events.
    pub fn new(events: Events) -> EventStream {
        EventStream { events: Mutex::new(Some(events)), head: None }
    }

    /// The same for a REST service: the output's members that travel in headers and the status. The member
    /// that stands for the events must be absent in it.
    #[must_use]
    pub fn headed(mut self, head: impl Shape) -> EventStream {
        self.head = Some(Box::new(head));
        self
    }

    /// The messages, to be sent as they come; `None` if they were taken before.
    pub fn messages(&self) -> Option<BoxStream<'static, Bytes>> {
        let events = self.events.lock().take()?;
        let rest = events.map(|event| match event {
            Ok(event) => event_message(&event),
            Err(error) => exception_message(&error),
        });
        if self.head.is_some() {
            return Some(rest.boxed());
        }
        let first = message(&[(":message-type", "event"), (":event-type", "initial-response"), JSON], b"{}");
        Some(futures::stream::once(async { first }).chain(rest).boxed())
    }
}

const JSON: (&str, &str) = (":content-type", "application/json");
const BYTES: (&str, &str) = (":content-type", "application/octet-stream");

/// An event's members are its payload, or one of them is.
fn event_message(event: &StreamEvent) -> Bytes {
    let mut writer = RestWriter::new(JsonWriter::of_rest());
    event.shape.write(&mut writer);
    let (content, payload) = match writer.finish().body {
        PartsBody::Document(document) => (JSON, document),
        PartsBody::Raw(bytes) => (BYTES, bytes),
        PartsBody::None => (JSON, Bytes::from_static(b"{}")),
    };
    message(&[(":message-type", "event"), (":event-type", event.name), content], &payload)
}

fn exception_message(error: &ServiceError) -> Bytes {
    let mut writer = JsonWriter::default();
    writer.begin_object();
    writer.name("message");
    writer.string(&error.message);
    writer.end_object();
    message(&[(":message-type", "exception"), (":exception-type", error.shape.code), JSON], &writer.finish())
}

fn message(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let mut packed = BytesMut::new();
    for (name, value) in headers {
        packed.put_u8(u8::try_from(name.len()).expect("our headers have short names"));
        packed.put_slice(name.as_bytes());
        packed.put_u8(TEXT);
        packed.put_u16(u16::try_from(value.len()).expect("our headers have short values"));
        packed.put_slice(value.as_bytes());
    }
    // Two lengths and a checksum before the headers, a checksum behind the payload.
    let total = 12 + packed.len() + payload.len() + 4;
    let mut message = BytesMut::with_capacity(total);
    message.put_u32(u32::try_from(total).expect("a message is below 4 GiB"));
    message.put_u32(u32::try_from(packed.len()).expect("our headers are short"));
    message.put_u32(crc32fast::hash(&message));
    message.put_slice(&packed);
    message.put_slice(payload);
    message.put_u32(crc32fast::hash(&message));
    message.freeze()
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}

impl Shape for EventStream {
    fn schema(&self) -> &'static StructSchema {
        self.head.as_ref().map_or_else(|| ().schema(), |head| head.schema())
    }

    /// No request is a stream of events that we read.
    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        <()>::read(reader)?;
        Ok(EventStream::new(futures::stream::empty().boxed()))
    }

    fn write(&self, writer: &mut dyn Writer) {
        match &self.head {
            Some(head) => head.write(writer),
            None => ().write(writer),
        }
    }

    fn event_stream(&self) -> Option<&EventStream> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ErrorShape, Fault};
    use futures::executor::block_on;

    /// The headers and payload of a message whose lengths and checksums are right.
    fn opened(message: &[u8]) -> (Vec<(String, String)>, String) {
        let number = |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap());
        assert_eq!(number(0) as usize, message.len());
        assert_eq!(number(8), crc32fast::hash(&message[..8]));
        assert_eq!(number(message.len() - 4), crc32fast::hash(&message[..message.len() - 4]));
        let text = |from: usize, to: usize| String::from_utf8(message[from..to].to_vec()).unwrap();
        let (mut headers, mut at) = (Vec::new(), 12);
        let end = 12 + number(4) as usize;
        while at < end {
            let value = at + 1 + usize::from(message[at]);
            assert_eq!(message[value], TEXT);
            let length = usize::from(u16::from_be_bytes([message[value + 1], message[value + 2]]));
            headers.push((text(at + 1, value), text(value + 3, value + 3 + length)));
            at = value + 3 + length;
        }
        (headers, text(at, message.len() - 4))
    }

    #[test]
    fn a_stream_begins_with_its_answer_and_ends_with_its_error() {
        let timeout = ErrorShape::new("SessionTimeoutException", 400, Fault::Sender);
        let events = vec![
            Ok(StreamEvent { name: "sessionUpdate", shape: Box::new(()) }),
            Err(ServiceError::new(timeout, "over")),
        ];
        let stream = EventStream::new(futures::stream::iter(events).boxed());
        let messages: Vec<Bytes> = block_on(stream.messages().unwrap().collect());
        let found: Vec<_> = messages.iter().map(|message| opened(message)).collect();
        let kind = |at: usize| (found[at].0[0].1.as_str(), found[at].0[1].1.as_str(), found[at].1.as_str());
        assert_eq!(kind(0), ("event", "initial-response", "{}"));
        assert_eq!(kind(1), ("event", "sessionUpdate", "{}"));
        assert_eq!(kind(2), ("exception", "SessionTimeoutException", r#"{"message":"over"}"#));
        assert!(stream.messages().is_none(), "only once");
    }
}
