use tidegate_types::Timestamp;
use uuid::Uuid;

use super::message_attribute::RawAttribute;
use super::{
    AttributeError, DeduplicationId, FifoSettings, GroupId, IdError, Md5Digest, MessageAttribute, QueueAddress,
    QueueSettings, check_attributes, has_only_allowed_characters, md5_of_body,
};

/// The most bytes of a message, and of all messages of one batch together.
pub const MAX_MESSAGE_BYTES: usize = 1_048_576;

/// The longest delay.
pub const MAX_DELAY_SECONDS: u32 = 900;

/// A message as it lies in a queue. Its group is the lane that it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What the sender was told that it is called.
    pub id: Uuid,
    /// Who sent it.
    pub sender: String,
    /// What was sent.
    pub body: String,
    /// The digest of the body.
    pub body_md5: Md5Digest,
    /// In order of name.
    pub attributes: Vec<MessageAttribute>,
    /// The trace that it belongs to.
    pub trace_header: Option<String>,
    /// In FIFO queues.
    pub deduplication_id: Option<DeduplicationId>,
    /// Which queue it was a dead letter of.
    pub origin: Option<Origin>,
    /// How many resources its event has passed through.
    pub hops: u32,
}

/// Where a dead letter came from, and what had become of it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The queue that gave it up.
    pub source: QueueAddress,
    /// How often it had been received. AWS goes on counting in the dead-letter queue.
    pub receive_count: u32,
    /// When it had first been received.
    pub first_received_at: Option<Timestamp>,
}

/// A message that somebody wants to send, as it was written.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Empty if none was given.
    pub body: String,
    /// Its own delay.
    pub delay_seconds: Option<i32>,
    /// Its attributes.
    pub attributes: Vec<RawAttribute>,
    /// The system attributes that senders may give.
    pub system_attributes: Vec<RawAttribute>,
    /// What makes two sends one.
    pub deduplication_id: Option<String>,
    /// Its group.
    pub group_id: Option<String>,
}

/// A message that a queue takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its body.
    pub body: String,
    /// The digest of the body.
    pub body_md5: Md5Digest,
    /// In order of name.
    pub attributes: Vec<MessageAttribute>,
    /// The trace header that the sender gave as a system attribute.
    pub trace_header: Option<String>,
    /// Its group; always there in a FIFO queue.
    pub group: Option<GroupId>,
    /// Its deduplication id, given or made of the body; there in a FIFO queue only.
    pub deduplication: Option<DeduplicationId>,
    /// For how long it is hidden at first.
    pub delay_seconds: u32,
}

/// Why a queue does not take a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum MessageError {
    #[error("a message without a body")]
    NoBody,
    #[error("the body has characters that are not allowed")]
    BodyCharacters,
    #[error("the message is larger than {limit} bytes")]
    TooLarge { limit: u32 },
    #[error("a delay of {0} seconds")]
    DelayOutOfRange(i32),
    #[error("{parameter} is not for this kind of queue")]
    NotForThisQueue { parameter: &'static str, value: String },
    #[error("a message for a FIFO queue needs a group")]
    NoGroup,
    #[error("a message for this FIFO queue needs a deduplication id")]
    NoDeduplicationId,
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    #[error("there is no system attribute {name}")]
    UnknownSystemAttribute { name: String },
    #[error("system attribute {name} is not a non-empty String")]
    MalformedSystemAttribute { name: String },
}

impl Draft {
    /// The bytes that count against the limit of a message: body and attributes, not system attributes.
    pub fn bytes(&self) -> usize {
        let attribute = |raw: &RawAttribute| {
            let (text, binary) = (raw.text.as_ref().map_or(0, String::len), raw.binary.as_ref().map_or(0, |b| b.len()));
            raw.name.len() + raw.data_type.as_ref().map_or(0, String::len) + text + binary
        };
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// What a FIFO queue demands of each message of a batch before it looks at any of them.
    ///
    /// # Errors
    /// [`MessageError::NoDeduplicationId`], [`MessageError::NoGroup`].
    pub fn check_fifo_parameters(&self, fifo: FifoSettings) -> Result<(), MessageError> {
        if self.deduplication_id.is_none() && !fifo.content_based_deduplication {
            return Err(MessageError::NoDeduplicationId);
        }
        if self.group_id.as_ref().is_none_or(String::is_empty) {
            return Err(MessageError::NoGroup);
        }
        Ok(())
    }

    /// The message, as a queue with these settings takes it.
    ///
    /// # Errors
    /// [`MessageError`] if it does not.
    pub fn check(self, settings: &QueueSettings) -> Result<Outgoing, MessageError> {
        let digest = md5_of_body(&self.body);
        self.check_digested(digest, settings)
    }

    /// As [`Draft::check`], for a body of which the digest is known already.
    ///
    /// # Errors
    /// As there.
    pub fn check_digested(self, body_md5: Md5Digest, settings: &QueueSettings) -> Result<Outgoing, MessageError> {
        let bytes = self.bytes();
        if self.body.is_empty() {
            return Err(MessageError::NoBody);
        }
        let attributes = check_attributes(self.attributes)?;
        let trace_header = trace_header(self.system_attributes)?;
        if bytes > settings.maximum_message_bytes as usize {
            return Err(MessageError::TooLarge { limit: settings.maximum_message_bytes });
        }
        if !has_only_allowed_characters(&self.body) {
            return Err(MessageError::BodyCharacters);
        }
        let delay_seconds = delay(self.delay_seconds, settings)?;
        let (group, deduplication) = match settings.fifo {
            Some(fifo) => {
                let (group, id) = fifo_ids(fifo, &self.body, self.group_id, self.deduplication_id)?;
                (Some(group), Some(id))
            }
            None => (standard_group(self.group_id, self.deduplication_id)?, None),
        };
        Ok(Outgoing { body: self.body, body_md5, attributes, trace_header, group, deduplication, delay_seconds })
    }
}

impl Outgoing {
    /// The message to be stored.
    pub fn into_message(self, id: Uuid, sender: String, trace_header: Option<String>, hops: u32) -> Message {
        Message {
            id,
            sender,
            body: self.body,
            body_md5: self.body_md5,
            attributes: self.attributes,
            trace_header: self.trace_header.or(trace_header),
            deduplication_id: self.deduplication,
            origin: None,
            hops,
        }
    }
}

fn delay(own: Option<i32>, settings: &QueueSettings) -> Result<u32, MessageError> {
    let Some(seconds) = own else { return Ok(settings.delay_seconds) };
    let in_range = u32::try_from(seconds).ok().filter(|seconds| *seconds <= MAX_DELAY_SECONDS);
    match (in_range, settings.fifo) {
        (None, _) => Err(MessageError::DelayOutOfRange(seconds)),
        // AWS takes a delay of zero here, and means the queue's own by it.
        (Some(0), Some(_)) => Ok(settings.delay_seconds),
        (Some(_), Some(_)) => {
            Err(MessageError::NotForThisQueue { parameter: "DelaySeconds", value: seconds.to_string() })
        }
        (Some(seconds), None) => Ok(seconds),
    }
}

fn fifo_ids(
    fifo: FifoSettings,
    body: &str,
    group: Option<String>,
    id: Option<String>,
) -> Result<(GroupId, DeduplicationId), MessageError> {
    let group = group.filter(|group| !group.is_empty()).ok_or(MessageError::NoGroup)?;
    let id = match id {
        Some(id) => DeduplicationId::parse(id)?,
        None if fifo.content_based_deduplication => DeduplicationId::of_content(body),
        None => return Err(MessageError::NoDeduplicationId),
    };
    Ok((GroupId::parse(group)?, id))
}

/// A group in a standard queue makes it a fair queue: its tenant's messages take turns with others'.
fn standard_group(group: Option<String>, id: Option<String>) -> Result<Option<GroupId>, MessageError> {
    if let Some(value) = id {
        return Err(MessageError::NotForThisQueue { parameter: "MessageDeduplicationId", value });
    }
    Ok(group.map(GroupId::parse).transpose()?)
}

fn trace_header(raw: Vec<RawAttribute>) -> Result<Option<String>, MessageError> {
    let mut header = None;
    for attribute in raw {
        let name = attribute.name;
        if name != "AWSTraceHeader" {
            return Err(MessageError::UnknownSystemAttribute { name });
        }
        let is_string = attribute.data_type.as_deref() == Some("String");
        match attribute.text.filter(|text| is_string && !text.is_empty() && has_only_allowed_characters(text)) {
            Some(text) => header = Some(text),
            None => return Err(MessageError::MalformedSystemAttribute { name }),
        }
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Setting;

    fn draft(body: &str) -> Draft {
        Draft { body: body.to_owned(), ..Draft::default() }
    }

    fn standard() -> QueueSettings {
        QueueSettings::defaults(false)
    }

    fn fifo(content_based: bool) -> QueueSettings {
        QueueSettings::of_new_queue(true, &[Setting::ContentBasedDeduplication(content_based)]).unwrap()
    }

    #[test]
    fn a_standard_queue_takes_a_group_and_no_deduplication_id() {
        let grouped = Draft { group_id: Some("tenant".to_owned()), ..draft("x") };
        assert_eq!(grouped.check(&standard()).unwrap().group.unwrap().as_str(), "tenant");
        let deduplicated = Draft { deduplication_id: Some("d".to_owned()), ..draft("x") };
        let refused = MessageError::NotForThisQueue { parameter: "MessageDeduplicationId", value: "d".to_owned() };
        assert_eq!(deduplicated.check(&standard()), Err(refused));
    }

    #[test]
    fn a_fifo_queue_demands_a_group_and_an_id() {
        let grouped = Draft { group_id: Some("g".to_owned()), ..draft("x") };
        assert_eq!(draft("x").check(&fifo(true)), Err(MessageError::NoGroup));
        assert_eq!(grouped.clone().check(&fifo(false)), Err(MessageError::NoDeduplicationId));
        let by_content = grouped.clone().check(&fifo(true)).unwrap();
        assert_eq!(by_content.deduplication, Some(DeduplicationId::of_content("x")));
        let delayed = Draft { delay_seconds: Some(1), ..grouped.clone() };
        assert!(matches!(delayed.check(&fifo(true)), Err(MessageError::NotForThisQueue { .. })));
        assert!(Draft { delay_seconds: Some(0), ..grouped }.check(&fifo(true)).is_ok());
    }

    #[test]
    fn sizes_and_delays_have_limits() {
        let small = standard().with(&[Setting::MaximumMessageSize(1024)]).unwrap();
        assert!(draft(&"x".repeat(1024)).check(&small).is_ok());
        assert_eq!(draft(&"x".repeat(1025)).check(&small), Err(MessageError::TooLarge { limit: 1024 }));
        assert!(draft(&"x".repeat(MAX_MESSAGE_BYTES)).check(&standard()).is_ok());
        assert_eq!(draft("").check(&standard()), Err(MessageError::NoBody));
        assert_eq!(draft("\0").check(&standard()), Err(MessageError::BodyCharacters));
        for delay_seconds in [-1, 901] {
            let late = Draft { delay_seconds: Some(delay_seconds), ..draft("x") };
            assert_eq!(late.check(&standard()), Err(MessageError::DelayOutOfRange(delay_seconds)));
        }
    }
}
