use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// A code signing configuration. Its account, region and id are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRecord {
    /// When it was last written.
    pub modified_at: Timestamp,
    /// What its owner says of it.
    pub description: String,
    /// The versions of signing profiles that may sign.
    pub publishers: Vec<String>,
    /// Whether code that nobody of them signed is refused, rather than warned of.
    pub enforces: bool,
    /// What its owner sorts it by.
    pub tags: BTreeMap<String, String>,
}

impl Stored for SigningRecord {
    const NAME: &'static str = "lambda code signing config";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.modified_at);
        to.text(&self.description);
        to.list(self.publishers.iter(), |to, publisher| to.text(publisher));
        to.bool(self.enforces);
        to.list(self.tags.iter(), |to, (name, value)| {
            to.text(name);
            to.text(value);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let untagged = read_untagged(from)?;
        let tags: Vec<(String, String)> = from.list(|from| Ok((from.text()?, from.text()?)))?;
        Ok(SigningRecord { tags: tags.into_iter().collect(), ..untagged })
    }

    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            1 => read_untagged(from),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

/// The fields of version 1, which had no tags.
fn read_untagged(from: &mut Reader<'_>) -> Result<SigningRecord, DecodeError> {
    Ok(SigningRecord {
        modified_at: from.timestamp()?,
        description: from.text()?,
        publishers: from.list(Reader::text)?,
        enforces: from.bool()?,
        tags: BTreeMap::new(),
    })
}

/// Which code signing configuration a function has. The function is its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedByRecord {
    /// The configuration's ARN.
    pub config: String,
}

impl Stored for SignedByRecord {
    const NAME: &'static str = "lambda function's code signing config";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.config);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(SignedByRecord { config: from.text()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_reads_older};

    #[test]
    fn golden_bytes() {
        let record = SigningRecord {
            modified_at: Timestamp::from_millis(5),
            description: "d".to_owned(),
            publishers: vec!["p".to_owned()],
            enforces: true,
            tags: BTreeMap::from([("t".to_owned(), "v".to_owned())]),
        };
        assert_golden("02050164010170010101740176", &record);
        let untagged = SigningRecord { tags: BTreeMap::new(), ..record };
        assert_reads_older("0105016401017001", &untagged);
        assert_golden("010163", &SignedByRecord { config: "c".to_owned() });
    }
}
