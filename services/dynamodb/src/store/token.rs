//! The token of a transaction that was carried out: for ten minutes the same request with the same
//! token is answered, not repeated.

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRecord {
    /// A digest of the request.
    pub digest: u64,
    /// When the transaction was carried out.
    pub at: Timestamp,
}

impl Stored for TokenRecord {
    const NAME: &'static str = "dynamodb transaction token";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.digest);
        to.timestamp(self.at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(TokenRecord { digest: from.fixed_u64()?, at: from.timestamp()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        assert_golden("01000000000000000105", &TokenRecord { digest: 1, at: Timestamp::from_millis(5) });
    }
}
