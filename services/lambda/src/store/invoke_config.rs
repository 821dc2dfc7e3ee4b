use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// How events are tried that nobody waits for. The function and the qualifier are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeConfigRecord {
    /// When it was last written.
    pub modified_at: Timestamp,
    /// How many attempts follow the first; two if it is not said.
    pub max_retries: Option<u32>,
    /// How long an event may wait, in seconds; six hours if it is not said.
    pub max_age: Option<u32>,
    /// Who is told of what went well.
    pub on_success: Option<String>,
    /// Who is told of what failed.
    pub on_failure: Option<String>,
}

impl Stored for InvokeConfigRecord {
    const NAME: &'static str = "lambda event invoke config";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.modified_at);
        to.option(self.max_retries, Writer::u32);
        to.option(self.max_age, Writer::u32);
        to.option(self.on_success.as_deref(), Writer::text);
        to.option(self.on_failure.as_deref(), Writer::text);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(InvokeConfigRecord {
            modified_at: from.timestamp()?,
            max_retries: from.option(Reader::u32)?,
            max_age: from.option(Reader::u32)?,
            on_success: from.option(Reader::text)?,
            on_failure: from.option(Reader::text)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let record = InvokeConfigRecord {
            modified_at: Timestamp::from_millis(5),
            max_retries: Some(1),
            max_age: None,
            on_success: Some("s".to_owned()),
            on_failure: None,
        };
        assert_golden("0105010100010173 00".replace(' ', "").as_str(), &record);
    }
}
