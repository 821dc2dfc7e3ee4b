use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// When a version gets another version of its runtime. The function and the qualifier are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeManagementRecord {
    /// `Auto`, `FunctionUpdate` or `Manual`.
    pub update_on: String,
    /// The runtime's version, where it is chosen by hand.
    pub version_arn: Option<String>,
}

impl Stored for RuntimeManagementRecord {
    const NAME: &'static str = "lambda runtime management";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.update_on);
        to.option(self.version_arn.as_deref(), Writer::text);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(RuntimeManagementRecord { update_on: from.text()?, version_arn: from.option(Reader::text)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let record = RuntimeManagementRecord { update_on: "A".to_owned(), version_arn: Some("v".to_owned()) };
        assert_golden("010141010176", &record);
    }
}
