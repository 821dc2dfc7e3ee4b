use tidegate_record::{DecodeError, Reader, Stored, Writer};
use uuid::Uuid;

use super::queue::read_address;
use crate::domain::{AttributeValue, DeduplicationId, Md5Digest, Message, MessageAttribute, Origin};

impl Stored for Message {
    const NAME: &'static str = "sqs message";
    const VERSION: u8 = 1;

    fn size_hint(&self) -> usize {
        let attribute = |attribute: &MessageAttribute| match &attribute.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        self.body.len() + self.attributes.iter().map(|a| attribute(a) + 64).sum::<usize>() + 128
    }

    fn write(&self, to: &mut Writer) {
        to.array(self.id.as_bytes());
        to.text(&self.sender);
        to.text(&self.body);
        to.array(&self.body_md5.0);
        to.list(self.attributes.iter(), write_attribute);
        to.option(self.trace_header.as_deref(), Writer::text);
        to.option(self.deduplication_id.as_ref(), |to, id| to.text(id.as_str()));
        to.option(self.origin.as_ref(), |to, origin| {
            to.text(&origin.source.arn().to_string());
            to.u32(origin.receive_count);
            to.option(origin.first_received_at, Writer::timestamp);
        });
        to.u32(self.hops);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Message {
            id: Uuid::from_bytes(from.array()?),
            sender: from.text()?,
            body: from.text()?,
            body_md5: Md5Digest(from.array()?),
            attributes: from.list(read_attribute)?,
            trace_header: from.option(Reader::text)?,
            deduplication_id: from.option(|from| {
                DeduplicationId::parse(from.text()?).map_err(|_| from.malformed("not a deduplication id"))
            })?,
            origin: from.option(|from| {
                Ok(Origin {
                    source: read_address(from)?,
                    receive_count: from.u32()?,
                    first_received_at: from.option(Reader::timestamp)?,
                })
            })?,
            hops: from.u32()?,
        })
    }
}

fn write_attribute(to: &mut Writer, attribute: &MessageAttribute) {
    to.text(&attribute.name);
    to.text(&attribute.data_type);
    match &attribute.value {
        AttributeValue::Text(text) => {
            to.u8(1);
            to.text(text);
        }
        AttributeValue::Binary(bytes) => {
            to.u8(2);
            to.bytes(bytes);
        }
    }
}

fn read_attribute(from: &mut Reader<'_>) -> Result<MessageAttribute, DecodeError> {
    let (name, data_type) = (from.text()?, from.text()?);
    let value = match from.u8()? {
        1 => AttributeValue::Text(from.text()?),
        2 => AttributeValue::Binary(from.bytes()?),
        _ => return Err(from.malformed("an attribute of an unknown type")),
    };
    Ok(MessageAttribute { name, data_type, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{QueueAddress, QueueName, md5_of_body};
    use bytes::Bytes;
    use proptest::prelude::{any, proptest};
    use tidegate_record::testing::{assert_golden, assert_round_trip};
    use tidegate_types::{AccountId, Region, Timestamp};

    fn message(body: &str) -> Message {
        Message {
            id: Uuid::from_bytes([7; 16]),
            sender: "me".to_owned(),
            body: body.to_owned(),
            body_md5: md5_of_body(body),
            attributes: Vec::new(),
            trace_header: None,
            deduplication_id: None,
            origin: None,
            hops: 0,
        }
    }

    fn dead_letter() -> Message {
        let name = QueueName::parse("q").unwrap();
        let source = QueueAddress { account: AccountId::DEFAULT, region: Region::us_east_1(), name };
        let attribute = |name: &str, data_type: &str, value| MessageAttribute {
            name: name.to_owned(),
            data_type: data_type.to_owned(),
            value,
        };
        Message {
            attributes: vec![
                attribute("a", "String", AttributeValue::Text("t".to_owned())),
                attribute("b", "Binary", AttributeValue::Binary(Bytes::from_static(b"\0"))),
            ],
            trace_header: Some("Root=1".to_owned()),
            deduplication_id: Some(DeduplicationId::parse("d".to_owned()).unwrap()),
            origin: Some(Origin { source, receive_count: 3, first_received_at: Some(Timestamp::from_millis(5)) }),
            hops: 2,
            ..message("x")
        }
    }

    #[test]
    fn golden_bytes() {
        assert_golden(GOLDEN_PLAIN, &message("x"));
        assert_golden(GOLDEN_FULL, &dead_letter());
    }

    proptest! {
        #[test]
        fn any_body_round_trips(body in any::<String>()) {
            assert_round_trip(&message(&body));
        }
    }

    const GOLDEN_PLAIN: &str = "0107070707070707070707070707070707026d6501789dd4e461268c8034f5c8564e155c67a60000000000";
    const GOLDEN_FULL: &str = "0107070707070707070707070707070707026d6501789dd4e461268c8034f5c8564e155c67a602016106537472696e6701017401620642696e6172790201000106526f6f743d31010164012461726e3a6177733a7371733a75732d656173742d313a3030303030303030303030303a7103010502";
}
