use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// When a queue was deleted; kept for a minute where AWS's rule about recently deleted names is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedQueueRecord {
    /// When.
    pub deleted_at: Timestamp,
}

impl Stored for DeletedQueueRecord {
    const NAME: &'static str = "deleted sqs queue";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.deleted_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(DeletedQueueRecord { deleted_at: from.timestamp()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let deleted_at = Timestamp::from_millis(300);
        tidegate_record::testing::assert_golden("01ac02", &DeletedQueueRecord { deleted_at });
    }
}
