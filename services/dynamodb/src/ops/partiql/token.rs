//! The token with which a selection goes on: which partition it had come to, and behind which item.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use tidegate_record::{DecodeError, Key as KeyBuilder, KeyReader, Stored};

use crate::domain::{Item, Misuse};
use crate::store::ItemRecord;

/// Where a selection goes on.
pub(super) struct Position {
    /// The partition among those that the statement names.
    pub partition: u32,
    /// Behind this item.
    pub last: Item,
}

fn invalid() -> Misuse {
    Misuse::new("Invalid NextToken")
}

/// The token of a position in the statement of this digest.
pub(super) fn token(digest: u64, position: &Position) -> String {
    let key = ItemRecord::from(&position.last).encode();
    let whole = KeyBuilder::suffix().u64(digest).u32(position.partition).bytes(&key).build();
    BASE64.encode(whole)
}

/// The position of a token.
///
/// # Errors
/// A token that is none, or of another statement.
pub(super) fn position(digest: u64, token: &str) -> Result<Position, Misuse> {
    let whole = BASE64.decode(token).map_err(|_| invalid())?;
    let read = || {
        let mut reader = KeyReader::after(&whole, &[])?;
        let (made_for, partition, item) = (reader.u64()?, reader.u32()?, reader.bytes()?);
        reader.end()?;
        let record = ItemRecord::decode(&item.into())?;
        Ok::<_, DecodeError>((made_for, Position { partition, last: record.0.into_owned() }))
    };
    match read() {
        Ok((made_for, position)) if made_for == digest => Ok(position),
        Ok(_) | Err(_) => Err(invalid()),
    }
}
