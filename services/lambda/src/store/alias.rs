use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// A name for a version, or for two with weights. The function and the name are its key.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasRecord {
    /// Changes with each change.
    pub revision: String,
    /// The version: 0 is `$LATEST`.
    pub version: u64,
    /// What its owner says of it.
    pub description: String,
    /// Other versions and the share of invocations that each gets, in billionths.
    pub routing: BTreeMap<u64, u32>,
}

/// A whole, in the parts in which shares are kept.
pub const WHOLE: u32 = 1_000_000_000;

impl Stored for AliasRecord {
    const NAME: &'static str = "lambda alias";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.revision);
        to.varint(self.version);
        to.text(&self.description);
        to.list(self.routing.iter(), |to, (version, share)| {
            to.varint(*version);
            to.u32(*share);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(AliasRecord {
            revision: from.text()?,
            version: from.varint()?,
            description: from.text()?,
            routing: from.list(|from| Ok((from.varint()?, from.u32()?)))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let (revision, description) = ("r".to_owned(), "d".to_owned());
        let record = AliasRecord { revision, version: 2, description, routing: BTreeMap::from([(3, 5)]) };
        assert_golden("0101720201640103 05".replace(' ', "").as_str(), &record);
    }
}
