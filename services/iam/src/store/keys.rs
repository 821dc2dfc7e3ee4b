//! Where everything of IAM lies, all of it in the space of maps. No region: IAM is of the account.

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};
use tidegate_types::AccountId;

const ENTITY: u8 = 1;
const USE: u8 = 2;
const ACCESS: u8 = 3;

/// The kind of the record that every change of an account rewrites.
pub const STAMP: u8 = 0;

/// Everything.
pub fn everything() -> Bytes {
    Key::new(Root::Iam).u8(ENTITY).build()
}

/// One entity, by account, kind and the key of its name.
pub fn entity(account: AccountId, kind: u8, name: &str) -> Bytes {
    Key::new(Root::Iam).u8(ENTITY).u64(account.as_u64()).u8(kind).text(name).build()
}

/// All last uses.
pub fn uses() -> Bytes {
    Key::new(Root::Iam).u8(USE).build()
}

/// When an access key or a role, by its unique id, was last used.
pub fn last_use(id: &str) -> Bytes {
    Key::new(Root::Iam).u8(USE).text(id).build()
}

/// The id of a key made by [`last_use`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn parse_use(key: &[u8]) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, &uses())?;
    let id = reader.text()?;
    reader.end()?;
    Ok(id)
}

/// All last accesses.
pub fn accesses() -> Bytes {
    Key::new(Root::Iam).u8(ACCESS).build()
}

/// When a user or a role, by its unique id, last asked a service for an operation; for any if that is empty.
pub fn access(id: &str, service: &str, operation: &str) -> Bytes {
    Key::new(Root::Iam).u8(ACCESS).text(id).text(service).text(operation).build()
}

/// Id, service and operation of a key made by [`access`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn parse_access(key: &[u8]) -> Result<(String, String, String), DecodeError> {
    let mut reader = KeyReader::after(key, &accesses())?;
    let found = (reader.text()?, reader.text()?, reader.text()?);
    reader.end()?;
    Ok(found)
}

/// The record that every change of an account rewrites.
pub fn stamp(account: AccountId) -> Bytes {
    entity(account, STAMP, "")
}

/// Account, kind and name of a key made by [`entity`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn parse(key: &[u8]) -> Result<(AccountId, u8, String), DecodeError> {
    let mut reader = KeyReader::after(key, &everything())?;
    let account = format!("{:012}", reader.u64()?);
    let account =
        account.parse().map_err(|_| DecodeError::Malformed { at: 0, what: "an account of more than twelve digits" })?;
    let found = (account, reader.u8()?, reader.text()?);
    reader.end()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_key;

    #[test]
    fn golden_keys() {
        let account: AccountId = "000000000001".parse().unwrap();
        assert_key("1801000000000000000102610001", &entity(account, 2, "a"));
        assert_key("18010000000000000001000001", &stamp(account));
        assert_key("18024100 01".replace(' ', "").as_str(), &last_use("A"));
        assert_eq!(parse_use(&last_use("A")), Ok("A".to_owned()));
        assert_eq!(parse(&entity(account, 2, "a")), Ok((account, 2, "a".to_owned())));
    }
}
