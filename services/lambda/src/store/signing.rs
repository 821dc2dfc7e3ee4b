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
}

impl Stored for SigningRecord {
    const NAME: &'static str = "lambda code signing config";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.modified_at);
        to.text(&self.description);
        to.list(self.publishers.iter(), |to, publisher| to.text(publisher));
        to.bool(self.enforces);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(SigningRecord {
            modified_at: from.timestamp()?,
            description: from.text()?,
            publishers: from.list(Reader::text)?,
            enforces: from.bool()?,
        })
    }
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
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let record = SigningRecord {
            modified_at: Timestamp::from_millis(5),
            description: "d".to_owned(),
            publishers: vec!["p".to_owned()],
            enforces: true,
        };
        assert_golden("01050164010170 01".replace(' ', "").as_str(), &record);
        assert_golden("010163", &SignedByRecord { config: "c".to_owned() });
    }
}
