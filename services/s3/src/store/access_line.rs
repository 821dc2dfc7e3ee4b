use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// A line of a bucket's access log that is not in an object yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLineRecord {
    /// The line, without its end.
    pub line: String,
}

impl Stored for AccessLineRecord {
    const NAME: &'static str = "line of an access log";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.line);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(AccessLineRecord { line: from.text()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        assert_golden("0103612062", &AccessLineRecord { line: "a b".to_owned() });
    }
}
