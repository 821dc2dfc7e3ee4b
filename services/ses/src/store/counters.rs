use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// Into how many records the counters of a quarter of an hour are split: mails that are sent at once would
/// otherwise all write the same.
pub(crate) const SHARDS: u8 = 8;

/// A quarter of an hour, as `GetSendStatistics` has it.
const BUCKET_MS: u64 = 15 * 60 * 1000;

/// The quarter of an hour in which `at` is.
pub(crate) fn bucket_of(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis() / BUCKET_MS * BUCKET_MS)
}

/// What happened to mails within a quarter of an hour. Each recipient counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Recipients that were sent to.
    pub attempts: u64,
    /// Recipients that were reached.
    pub deliveries: u64,
    /// Recipients that bounced for good.
    pub bounces: u64,
    /// Recipients that bounced for now.
    pub transient: u64,
    /// Recipients that complained.
    pub complaints: u64,
    /// Mails that were rejected.
    pub rejects: u64,
}

impl Counters {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Counters) -> Counters {
        Counters {
            attempts: self.attempts + other.attempts,
            deliveries: self.deliveries + other.deliveries,
            bounces: self.bounces + other.bounces,
            transient: self.transient + other.transient,
            complaints: self.complaints + other.complaints,
            rejects: self.rejects + other.rejects,
        }
    }
}

impl Stored for Counters {
    const NAME: &'static str = "ses counters";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        for count in [self.attempts, self.deliveries, self.bounces, self.transient, self.complaints, self.rejects] {
            to.varint(count);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Counters {
            attempts: from.varint()?,
            deliveries: from.varint()?,
            bounces: from.varint()?,
            transient: from.varint()?,
            complaints: from.varint()?,
            rejects: from.varint()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        let counters = Counters { attempts: 300, deliveries: 2, bounces: 3, transient: 4, complaints: 5, rejects: 6 };
        assert_golden("01ac020203040506", &counters);
        assert_round_trip(&Counters::default());
    }

    #[test]
    fn quarters_of_an_hour() {
        assert_eq!(bucket_of(Timestamp::from_secs(899)), Timestamp::EPOCH);
        assert_eq!(bucket_of(Timestamp::from_secs(900)), Timestamp::from_secs(900));
    }
}
