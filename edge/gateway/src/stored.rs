//! The gateway's own records, in [`Space::Map`](tidegate_store::Space::Map) under [`Root::Server`]:
//!
//! | key | record |
//! |---|---|
//! | `1, access key id` | [`AccessKey`] |
//! | `2` | [`ClockOffset`] |

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, Reader, Root, Stored, Writer};
use tidegate_types::{AccountId, Timestamp};

const ACCESS_KEY: u8 = 1;
const CLOCK_OFFSET: u8 = 2;

/// The prefix of all access keys.
pub(crate) fn access_keys() -> Bytes {
    Key::new(Root::Server).u8(ACCESS_KEY).build()
}

/// Where one access key lies.
pub(crate) fn access_key(id: &str) -> Bytes {
    Key::new(Root::Server).u8(ACCESS_KEY).text(id).build()
}

/// Where the clock's offset lies.
pub(crate) fn clock_offset() -> Bytes {
    Key::new(Root::Server).u8(CLOCK_OFFSET).build()
}

/// A key with which requests are signed. The secret is stored as it is: verifying a signature needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    /// What signatures are made with.
    pub secret: String,
    /// The account whose root it belongs to.
    pub account: AccountId,
    /// When it was made: product time.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessKey({} of {})", self.id, self.account)
    }
}

impl Stored for AccessKey {
    const NAME: &'static str = "access key";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.id);
        to.text(&self.secret);
        to.text(&self.account.to_string());
        to.timestamp(self.created_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(AccessKey {
            id: from.text()?,
            secret: from.text()?,
            account: from.str()?.parse().map_err(|_| from.malformed("not an account"))?,
            created_at: from.timestamp()?,
        })
    }
}

/// How far product time is ahead of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// In milliseconds.
    pub millis: u64,
}

impl Stored for ClockOffset {
    const NAME: &'static str = "clock offset";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.millis);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(ClockOffset { millis: from.varint()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_key, to_hex};

    #[test]
    fn records_keep_their_bytes() {
        let key = AccessKey {
            id: "AKIAEXAMPLE".to_owned(),
            secret: "secret".to_owned(),
            account: "123456789012".parse().unwrap(),
            created_at: Timestamp::from_millis(1_764_000_000_000),
        };
        assert_golden("010b414b49414558414d504c45067365637265740c31323334353637383930313280d0dfb4ab33", &key);
        assert_golden("0180d0dfb4ab33", &ClockOffset { millis: 1_764_000_000_000 });
        assert_key("0201414b49410001", &access_key("AKIA"));
        assert_eq!(to_hex(&clock_offset()), "0202");
    }
}
