use bytes::Bytes;
use tidegate_queue::QueueId;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// The queue of a target. Its kind and its name are its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TargetRecord {
    pub queue: QueueId,
}

impl Stored for TargetRecord {
    const NAME: &'static str = "effect target";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.queue.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(TargetRecord { queue: QueueId(from.fixed_u64()?) })
    }
}

/// An effect, as its queue keeps it: the target is the queue's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EffectRecord {
    pub raised_at: Timestamp,
    pub failures: u32,
    pub body: Bytes,
}

impl Stored for EffectRecord {
    const NAME: &'static str = "effect";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.raised_at);
        to.u32(self.failures);
        to.bytes(&self.body);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(EffectRecord { raised_at: from.timestamp()?, failures: from.u32()?, body: from.bytes()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        assert_golden("010000000000000102", &TargetRecord { queue: QueueId(0x0102) });
        let body = Bytes::from_static(b"{}");
        assert_golden("010503027b7d", &EffectRecord { raised_at: Timestamp::from_millis(5), failures: 3, body });
    }
}
