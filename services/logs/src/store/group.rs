use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::GroupId;

/// A group. Account, region and name are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// The number under which its streams lie.
    pub id: GroupId,
    /// When it was created.
    pub created_at: Timestamp,
    /// For how many days it keeps events; `None` is for ever.
    pub retention_days: Option<u32>,
    /// What it is for.
    pub class: GroupClass,
    /// The key by which its owner wants it encrypted.
    pub kms_key: Option<String>,
    /// Whether it refuses to be deleted.
    pub is_protected: bool,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

/// What a group is for; it decides about nothing here but what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupClass {
    /// Everything.
    Standard,
    /// Seldom read.
    InfrequentAccess,
    /// Kept for a day, to be delivered elsewhere.
    Delivery,
}

impl GroupRecord {
    /// For how long it keeps events.
    pub fn keeps_ms(&self) -> Option<u64> {
        self.retention_days.map(|days| u64::from(days) * 86_400_000)
    }

    /// The time before which events have outlived it at `now`.
    pub fn cutoff_ms(&self, now: Timestamp) -> u64 {
        self.keeps_ms().map_or(0, |keeps| now.minus_millis(keeps).as_millis())
    }
}

impl Stored for GroupRecord {
    const NAME: &'static str = "log group";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.id.0);
        to.timestamp(self.created_at);
        to.option(self.retention_days, Writer::u32);
        to.u8(match self.class {
            GroupClass::Standard => 0,
            GroupClass::InfrequentAccess => 1,
            GroupClass::Delivery => 2,
        });
        to.option(self.kms_key.as_deref(), Writer::text);
        to.bool(self.is_protected);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(GroupRecord {
            id: GroupId(from.fixed_u64()?),
            created_at: from.timestamp()?,
            retention_days: from.option(Reader::u32)?,
            class: match from.u8()? {
                0 => GroupClass::Standard,
                1 => GroupClass::InfrequentAccess,
                2 => GroupClass::Delivery,
                _ => return Err(from.malformed("an unknown class of groups")),
            },
            kms_key: from.option(Reader::text)?,
            is_protected: from.bool()?,
            tags: read_texts(from)?,
        })
    }
}

pub(super) fn write_texts(to: &mut Writer, texts: &BTreeMap<String, String>) {
    to.list(texts.iter(), |to, (key, value)| {
        to.text(key);
        to.text(value);
    });
}

pub(super) fn read_texts(from: &mut Reader<'_>) -> Result<BTreeMap<String, String>, DecodeError> {
    from.list(|from| Ok((from.text()?, from.text()?)))
}

/// How much a group holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupSizeRecord {
    /// The size of its events.
    pub bytes: u64,
}

impl Stored for GroupSizeRecord {
    const NAME: &'static str = "size of a log group";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.bytes);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(GroupSizeRecord { bytes: from.varint()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        let group = GroupRecord {
            id: GroupId(0x0102),
            created_at: Timestamp::from_millis(3),
            retention_days: Some(400),
            class: GroupClass::InfrequentAccess,
            kms_key: Some("k".to_owned()),
            is_protected: true,
            tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        };
        assert_golden("010000000000000102030190030101016b010101610162", &group);
        for class in [GroupClass::Standard, GroupClass::Delivery] {
            assert_round_trip(&GroupRecord { class, retention_days: None, kms_key: None, ..group.clone() });
        }
        assert_golden("01ac02", &GroupSizeRecord { bytes: 300 });
    }
}
