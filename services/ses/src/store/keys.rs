//! Where everything of SES lies, all of it in the space of maps.

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};
use tidegate_types::{AccountId, Region, Timestamp};

const ROW: u8 = 1;
const SENT: u8 = 2;
const COUNTERS: u8 = 3;

/// Everything.
pub fn everything() -> Bytes {
    Key::new(Root::Ses).build()
}

/// Everything that has a name.
pub fn rows() -> Bytes {
    Key::new(Root::Ses).u8(ROW).build()
}

fn kind_of(account: AccountId, region: &Region, kind: u8) -> Key {
    Key::new(Root::Ses).u8(ROW).u64(account.as_u64()).text(region.as_str()).u8(kind)
}

/// One thing, by where it is, what it is and its name.
pub fn row(account: AccountId, region: &Region, kind: u8, name: &str) -> Bytes {
    kind_of(account, region, kind).text(name).build()
}

/// All things of a kind whose names begin so.
pub fn rows_from(account: AccountId, region: &Region, kind: u8, beginning: &str) -> Bytes {
    kind_of(account, region, kind).text_prefix(beginning).build()
}

/// Account, region, kind and name of a key made by [`row`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn parse_row(key: &[u8]) -> Result<(AccountId, Region, u8, String), DecodeError> {
    let mut reader = KeyReader::after(key, &rows())?;
    let (account, region) = place(&mut reader)?;
    let found = (account, region, reader.u8()?, reader.text()?);
    reader.end()?;
    Ok(found)
}

fn place(reader: &mut KeyReader<'_>) -> Result<(AccountId, Region), DecodeError> {
    let malformed = |what| DecodeError::Malformed { at: 0, what };
    let account = format!("{:012}", reader.u64()?).parse();
    let region = reader.text()?.parse();
    Ok((
        account.map_err(|_| malformed("an account of more than twelve digits"))?,
        region.map_err(|_| malformed("a region that is none"))?,
    ))
}

/// A mail that was sent, by when and its id.
pub fn sent(at: Timestamp, id: &str) -> Bytes {
    Key::new(Root::Ses).u8(SENT).timestamp(at).text(id).build()
}

/// All mails.
pub fn all_sent() -> Bytes {
    Key::new(Root::Ses).u8(SENT).build()
}

/// The first mail that is not before `at`.
pub fn sent_from(at: Timestamp) -> Bytes {
    Key::new(Root::Ses).u8(SENT).timestamp(at).build()
}

/// One shard of the counters of a quarter of an hour.
pub fn counters(bucket: Timestamp, account: AccountId, region: &Region, shard: u8) -> Bytes {
    let key = Key::new(Root::Ses).u8(COUNTERS).timestamp(bucket);
    key.u64(account.as_u64()).text(region.as_str()).u8(shard).build()
}

/// All counters.
pub fn all_counters() -> Bytes {
    Key::new(Root::Ses).u8(COUNTERS).build()
}

/// The first counters that are not before `bucket`.
pub fn counters_from(bucket: Timestamp) -> Bytes {
    Key::new(Root::Ses).u8(COUNTERS).timestamp(bucket).build()
}

/// The time and the place of counters.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn parse_counters(key: &[u8]) -> Result<(Timestamp, AccountId, Region), DecodeError> {
    let mut reader = KeyReader::after(key, &all_counters())?;
    let at = reader.timestamp()?;
    let (account, region) = place(&mut reader)?;
    reader.u8()?;
    reader.end()?;
    Ok((at, account, region))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_key;

    #[test]
    fn golden_keys() {
        let (account, region): (AccountId, Region) = ("000000000001".parse().unwrap(), "r".parse().unwrap());
        assert_key("1601000000000000000172000102610001", &row(account, &region, 2, "a"));
        assert_key("16010000000000000001720001026162", &rows_from(account, &region, 2, "ab"));
        assert_key("16020000000000000009610001", &sent(Timestamp::from_millis(9), "a"));
        assert_key(
            "160300000000000003e8000000000000000172000107",
            &counters(Timestamp::from_secs(1), account, &region, 7),
        );
        assert_eq!(parse_row(&row(account, &region, 2, "a")), Ok((account, region.clone(), 2, "a".to_owned())));
        let counted = counters(Timestamp::from_secs(1), account, &region, 7);
        assert_eq!(parse_counters(&counted), Ok((Timestamp::from_secs(1), account, region)));
    }
}
