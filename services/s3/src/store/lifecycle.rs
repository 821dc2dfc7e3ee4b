use bytes::Bytes;
use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// How far lifecycle has come: the last midnight whose run was begun, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleRecord {
    /// The midnight, in days since 1970.
    pub day: u64,
    /// Where the run is; `None`: it is done.
    pub place: Option<LifecyclePlace>,
}

/// A place in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifecyclePlace {
    /// In which bucket.
    pub bucket: String,
    /// What it looks at there.
    pub stage: LifecycleStage,
    /// Behind which key of the store; empty at the beginning.
    pub behind: Bytes,
    /// How many older versions of the last key it has seen.
    pub newer: u32,
}

/// What a run looks at, in this order: a deletion may hide nothing any more once older versions are gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LifecycleStage {
    /// Older versions.
    #[default]
    Older,
    /// The newest ones.
    Newest,
    /// Uploads in parts.
    Uploads,
}

impl Stored for LifecycleRecord {
    const NAME: &'static str = "progress of lifecycle";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.day);
        to.option(self.place.as_ref(), |to, place| {
            to.text(&place.bucket);
            to.u8(match place.stage {
                LifecycleStage::Older => 0,
                LifecycleStage::Newest => 1,
                LifecycleStage::Uploads => 2,
            });
            to.bytes(&place.behind);
            to.varint(u64::from(place.newer));
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(LifecycleRecord {
            day: from.varint()?,
            place: from.option(|from| {
                Ok(LifecyclePlace {
                    bucket: from.text()?,
                    stage: match from.u8()? {
                        0 => LifecycleStage::Older,
                        1 => LifecycleStage::Newest,
                        2 => LifecycleStage::Uploads,
                        _ => return Err(from.malformed("an unknown stage of lifecycle")),
                    },
                    behind: Bytes::copy_from_slice(&from.bytes()?),
                    newer: from.u32()?,
                })
            })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        let place = LifecyclePlace {
            bucket: "b".to_owned(),
            stage: LifecycleStage::Newest,
            behind: Bytes::from_static(&[7]),
            newer: 2,
        };
        assert_golden("010501016201010702", &LifecycleRecord { day: 5, place: Some(place.clone()) });
        assert_round_trip(&LifecycleRecord { day: 0, place: None });
        for stage in [LifecycleStage::Older, LifecycleStage::Uploads] {
            assert_round_trip(&LifecycleRecord { day: 1, place: Some(LifecyclePlace { stage, ..place.clone() }) });
        }
    }
}
