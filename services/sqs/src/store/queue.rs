use std::collections::BTreeMap;

use tidegate_queue::QueueId;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{Arn, Timestamp};

use crate::domain::{
    DeduplicationScope, Encryption, FifoSettings, FifoThroughputLimit, QueueAddress, QueueSettings, RedriveAllowPolicy,
    RedrivePermission, RedrivePolicy,
};

/// A queue: everything about it but its messages. Its name is its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRecord {
    /// The number under which its messages lie.
    pub id: QueueId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its settings were last changed.
    pub modified_at: Timestamp,
    /// When it was last purged.
    pub purged_at: Option<Timestamp>,
    /// No message of a FIFO queue is shown before this. It is the latest time that any message sent
    /// so far was delayed to when the queue's delay was last shortened, and keeps messages with the
    /// shorter delay from overtaking those with the longer.
    pub shown_not_before: Timestamp,
    /// How it behaves.
    pub settings: QueueSettings,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

impl Stored for QueueRecord {
    const NAME: &'static str = "sqs queue";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.id.0);
        to.timestamp(self.created_at);
        to.timestamp(self.modified_at);
        to.option(self.purged_at, Writer::timestamp);
        to.timestamp(self.shown_not_before);
        write_settings(to, &self.settings);
        to.list(self.tags.iter(), |to, (key, value)| {
            to.text(key);
            to.text(value);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(QueueRecord {
            id: QueueId(from.fixed_u64()?),
            created_at: from.timestamp()?,
            modified_at: from.timestamp()?,
            purged_at: from.option(Reader::timestamp)?,
            shown_not_before: from.timestamp()?,
            settings: read_settings(from)?,
            tags: from.list(|from| Ok((from.text()?, from.text()?)))?,
        })
    }
}

fn write_settings(to: &mut Writer, settings: &QueueSettings) {
    to.u32(settings.delay_seconds);
    to.u32(settings.maximum_message_bytes);
    to.u32(settings.retention_seconds);
    to.u32(settings.receive_wait_seconds);
    to.u32(settings.visibility_timeout_seconds);
    to.option(settings.policy.as_deref(), Writer::text);
    to.option(settings.redrive.as_ref(), |to, policy| {
        to.text(&policy.target.arn().to_string());
        to.u32(policy.max_receive_count);
    });
    to.option(settings.redrive_allow.as_ref(), |to, policy| write_permission(to, &policy.permission));
    write_encryption(to, &settings.encryption);
    to.option(settings.fifo, |to, fifo| {
        to.bool(fifo.content_based_deduplication);
        to.bool(fifo.deduplication_scope == DeduplicationScope::MessageGroup);
        to.bool(fifo.throughput_limit == FifoThroughputLimit::PerMessageGroupId);
    });
}

fn read_settings(from: &mut Reader<'_>) -> Result<QueueSettings, DecodeError> {
    Ok(QueueSettings {
        delay_seconds: from.u32()?,
        maximum_message_bytes: from.u32()?,
        retention_seconds: from.u32()?,
        receive_wait_seconds: from.u32()?,
        visibility_timeout_seconds: from.u32()?,
        policy: from.option(Reader::text)?,
        redrive: from
            .option(|from| Ok(RedrivePolicy { target: read_address(from)?, max_receive_count: from.u32()? }))?,
        redrive_allow: from.option(|from| Ok(RedriveAllowPolicy { permission: read_permission(from)? }))?,
        encryption: read_encryption(from)?,
        fifo: from.option(|from| {
            let per_group = |yes, group, queue| if yes { group } else { queue };
            Ok(FifoSettings {
                content_based_deduplication: from.bool()?,
                deduplication_scope: if from.bool()? {
                    DeduplicationScope::MessageGroup
                } else {
                    DeduplicationScope::Queue
                },
                throughput_limit: per_group(
                    from.bool()?,
                    FifoThroughputLimit::PerMessageGroupId,
                    FifoThroughputLimit::PerQueue,
                ),
            })
        })?,
    })
}

/// An address, as the ARN that it is written as.
pub(super) fn read_address(from: &mut Reader<'_>) -> Result<QueueAddress, DecodeError> {
    let arn = read_arn(from)?;
    QueueAddress::of_arn(&arn).ok_or_else(|| from.malformed("not the ARN of a queue"))
}

fn read_arn(from: &mut Reader<'_>) -> Result<Arn, DecodeError> {
    from.str()?.parse().map_err(|_| from.malformed("not an ARN"))
}

fn write_permission(to: &mut Writer, permission: &RedrivePermission) {
    match permission {
        RedrivePermission::AllowAll => to.u8(0),
        RedrivePermission::DenyAll => to.u8(1),
        RedrivePermission::ByQueue(sources) => {
            to.u8(2);
            to.list(sources.iter(), |to, source| to.text(&source.to_string()));
        }
    }
}

fn read_permission(from: &mut Reader<'_>) -> Result<RedrivePermission, DecodeError> {
    match from.u8()? {
        0 => Ok(RedrivePermission::AllowAll),
        1 => Ok(RedrivePermission::DenyAll),
        2 => from.list(read_arn).map(RedrivePermission::ByQueue),
        _ => Err(from.malformed("an unknown redrive permission")),
    }
}

fn write_encryption(to: &mut Writer, encryption: &Encryption) {
    match encryption {
        Encryption::Off => to.u8(0),
        Encryption::SqsManaged => to.u8(1),
        Encryption::Kms { key_id, reuse_seconds } => {
            to.u8(2);
            to.text(key_id);
            to.u32(*reuse_seconds);
        }
    }
}

fn read_encryption(from: &mut Reader<'_>) -> Result<Encryption, DecodeError> {
    match from.u8()? {
        0 => Ok(Encryption::Off),
        1 => Ok(Encryption::SqsManaged),
        2 => Ok(Encryption::Kms { key_id: from.text()?, reuse_seconds: from.u32()? }),
        _ => Err(from.malformed("an unknown kind of encryption")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::QueueName;
    use tidegate_record::testing::{assert_golden, assert_round_trip};
    use tidegate_types::{AccountId, Region};

    fn address(name: &str) -> QueueAddress {
        let name = QueueName::parse(name).unwrap();
        QueueAddress { account: AccountId::DEFAULT, region: Region::us_east_1(), name }
    }

    fn record(settings: QueueSettings) -> QueueRecord {
        QueueRecord {
            id: QueueId(0x0102),
            created_at: Timestamp::from_millis(1),
            modified_at: Timestamp::from_millis(2),
            purged_at: None,
            shown_not_before: Timestamp::EPOCH,
            settings,
            tags: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        }
    }

    #[test]
    fn golden_bytes() {
        assert_golden(GOLDEN_STANDARD, &record(QueueSettings::defaults(false)));
        assert_golden(GOLDEN_FIFO, &full_fifo());
    }

    fn full_fifo() -> QueueRecord {
        let mut settings = QueueSettings::defaults(true);
        settings.policy = Some("{}".to_owned());
        settings.redrive = Some(RedrivePolicy { target: address("d.fifo"), max_receive_count: 3 });
        settings.redrive_allow =
            Some(RedriveAllowPolicy { permission: RedrivePermission::ByQueue(vec![address("s.fifo").arn()]) });
        settings.encryption = Encryption::Kms { key_id: "key".to_owned(), reuse_seconds: 300 };
        settings.fifo = Some(FifoSettings {
            content_based_deduplication: true,
            deduplication_scope: DeduplicationScope::MessageGroup,
            throughput_limit: FifoThroughputLimit::PerMessageGroupId,
        });
        QueueRecord { purged_at: Some(Timestamp::from_millis(9)), ..record(settings) }
    }

    #[test]
    fn every_variant_round_trips() {
        for encryption in [Encryption::Off, Encryption::SqsManaged] {
            assert_round_trip(&record(QueueSettings { encryption, ..QueueSettings::defaults(false) }));
        }
        for permission in [RedrivePermission::AllowAll, RedrivePermission::DenyAll] {
            let redrive_allow = Some(RedriveAllowPolicy { permission });
            assert_round_trip(&record(QueueSettings { redrive_allow, ..QueueSettings::defaults(true) }));
        }
    }

    const GOLDEN_STANDARD: &str = "0100000000000001020102000000808040808c15001e000000010001016b0176";
    const GOLDEN_FIFO: &str = "010000000000000102010201090000808040808c15001e01027b7d012961726e3a6177733a7371733a75732d656173742d313a3030303030303030303030303a642e6669666f030102012961726e3a6177733a7371733a75732d656173742d313a3030303030303030303030303a732e6669666f02036b6579ac020101010101016b0176";
}
