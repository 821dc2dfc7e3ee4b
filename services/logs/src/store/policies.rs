use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::group::{read_texts, write_texts};

/// A resource policy. Its owner and name are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRecord {
    /// The document, as it was given.
    pub document: String,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl Stored for PolicyRecord {
    const NAME: &'static str = "logs resource policy";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.document);
        to.timestamp(self.updated_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(PolicyRecord { document: from.text()?, updated_at: from.timestamp()? })
    }
}

/// A destination: a name by which other accounts reach a target. Its owner and name are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationRecord {
    /// Where what is sent to it goes.
    pub target: String,
    /// The role by which it goes there.
    pub role: String,
    /// Who may send to it.
    pub policy: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

impl Stored for DestinationRecord {
    const NAME: &'static str = "logs destination";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.target);
        to.text(&self.role);
        to.option(self.policy.as_deref(), Writer::text);
        to.timestamp(self.created_at);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(DestinationRecord {
            target: from.text()?,
            role: from.text()?,
            policy: from.option(Reader::text)?,
            created_at: from.timestamp()?,
            tags: read_texts(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let updated_at = Timestamp::from_millis(5);
        assert_golden("01027b7d05", &PolicyRecord { document: "{}".to_owned(), updated_at });
        let destination = DestinationRecord {
            target: "t".to_owned(),
            role: "r".to_owned(),
            policy: Some("p".to_owned()),
            created_at: updated_at,
            tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        };
        assert_golden("0101740172010170050101610162", &destination);
    }
}
