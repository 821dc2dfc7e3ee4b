use bytes::Bytes;
use tidegate_queue::{Lane, MessageKey, QueueId};
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_store::Position;
use tidegate_types::Timestamp;

/// What one receive of a FIFO queue handed out, under the id that the client gave it: a client that
/// lost the answer asks again with the same id and gets the same messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// When it was made.
    pub made_at: Timestamp,
    /// What it handed out, in order.
    pub messages: Vec<AttemptedMessage>,
}

/// One message of an [`AttemptRecord`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptedMessage {
    /// The queue's generation.
    pub generation: u32,
    /// The message's lane.
    pub lane: Bytes,
    /// Its place.
    pub position: u64,
    /// Its receive count after that receive.
    pub receive_count: u32,
}

impl AttemptedMessage {
    /// The message of `key`, received for the `receive_count`th time.
    pub fn new(key: &MessageKey, receive_count: u32) -> AttemptedMessage {
        AttemptedMessage {
            generation: key.generation,
            lane: key.lane.0.clone(),
            position: key.position.0,
            receive_count,
        }
    }

    /// Its key in `queue`.
    pub fn key(&self, queue: QueueId) -> MessageKey {
        MessageKey {
            queue,
            generation: self.generation,
            lane: Lane(self.lane.clone()),
            position: Position(self.position),
        }
    }
}

impl Stored for AttemptRecord {
    const NAME: &'static str = "sqs receive attempt";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.made_at);
        to.list(self.messages.iter(), |to, message| {
            to.u32(message.generation);
            to.bytes(&message.lane);
            to.varint(message.position);
            to.u32(message.receive_count);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let made_at = from.timestamp()?;
        let messages = from.list(|from| {
            Ok(AttemptedMessage {
                generation: from.u32()?,
                lane: from.bytes()?,
                position: from.varint()?,
                receive_count: from.u32()?,
            })
        })?;
        Ok(AttemptRecord { made_at, messages })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let message =
            AttemptedMessage { generation: 1, lane: Bytes::from_static(b"g"), position: 300, receive_count: 2 };
        let record = AttemptRecord { made_at: Timestamp::from_millis(5), messages: vec![message] };
        tidegate_record::testing::assert_golden("01050101 0167ac0202".replace(' ', "").as_str(), &record);
    }
}
