//! Every key of this crate.
//!
//! | space | key | record |
//! |---|---|---|
//! | map | `Fabric 1 mapping 0` | [`crate::stream::checkpoint::FollowingRecord`] |
//! | map | `Fabric 1 mapping 1 shard lanes lane` | [`crate::stream::checkpoint::CheckpointRecord`] |

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};
use uuid::Uuid;

/// What of `Root::Fabric` is this crate's.
const TAG: u8 = 1;
const FOLLOWING: u8 = 0;
const CHECKPOINT: u8 = 1;

fn of_mapping(mapping: Uuid) -> Key {
    let (high, low) = mapping.as_u64_pair();
    Key::new(Root::Fabric).u8(TAG).u64(high).u64(low)
}

pub(crate) fn everything_of(mapping: Uuid) -> Bytes {
    of_mapping(mapping).build()
}

pub(crate) fn following(mapping: Uuid) -> Bytes {
    of_mapping(mapping).u8(FOLLOWING).build()
}

pub(crate) fn checkpoints(mapping: Uuid) -> Bytes {
    of_mapping(mapping).u8(CHECKPOINT).build()
}

/// One of the lanes into which a shard is divided.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LaneName {
    pub shard: String,
    /// Into how many.
    pub lanes: u8,
    /// Which of them, from 0 on.
    pub lane: u8,
}

pub(crate) fn checkpoint(mapping: Uuid, name: &LaneName) -> Bytes {
    of_mapping(mapping).u8(CHECKPOINT).text(&name.shard).u8(name.lanes).u8(name.lane).build()
}

pub(crate) fn read_checkpoint(key: &[u8], mapping: Uuid) -> Result<LaneName, DecodeError> {
    let mut reader = KeyReader::after(key, &checkpoints(mapping))?;
    let name = LaneName { shard: reader.text()?, lanes: reader.u8()?, lane: reader.u8()? };
    reader.end()?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_key;

    #[test]
    fn golden_keys() {
        let mapping = Uuid::from_u128(0x0102);
        assert_key("06010000000000000000000000000000010200", &following(mapping));
        let name = LaneName { shard: "s".to_owned(), lanes: 2, lane: 1 };
        assert_key("060100000000000000000000000000000102017300010201", &checkpoint(mapping, &name));
        assert_eq!(read_checkpoint(&checkpoint(mapping, &name), mapping).unwrap(), name);
    }
}
