use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// The store's own secret: handles from another store, or made up, are not taken for its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRecord(pub [u8; 32]);

impl Stored for SecretRecord {
    const NAME: &'static str = "sqs secret";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.array(&self.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.array().map(SecretRecord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        tidegate_record::testing::assert_golden(&format!("01{}", "09".repeat(32)), &SecretRecord([9; 32]));
    }
}
