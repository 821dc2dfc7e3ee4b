//! Every key of this crate. These lie in the log space: written once, read in order, trimmed from the front.
//!
//! | key | record |
//! |---|---|
//! | `Mail 1 position` | [`crate::records::EntryRecord`]: a line of the list |
//! | `Mail 2 id` | [`crate::records::MessageRecord`] |
//! | `Mail 3 id piece` | a piece of a large MIME |
//!
//! and in the map, because it changes:
//!
//! | key | record |
//! |---|---|
//! | `Mail 4 id` | [`crate::records::JourneyRecord`]: how far a relay has got with it |

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};

const ENTRY: u8 = 1;
const MESSAGE: u8 = 2;
const PIECE: u8 = 3;
const JOURNEY: u8 = 4;

pub(crate) fn entries() -> Bytes {
    Key::new(Root::Mail).u8(ENTRY).build()
}

pub(crate) fn entry(position: u64) -> Bytes {
    Key::new(Root::Mail).u8(ENTRY).u64(position).build()
}

pub(crate) fn read_entry(key: &[u8]) -> Result<u64, DecodeError> {
    let mut reader = KeyReader::after(key, &entries())?;
    let position = reader.u64()?;
    reader.end()?;
    Ok(position)
}

pub(crate) fn messages() -> Bytes {
    Key::new(Root::Mail).u8(MESSAGE).build()
}

pub(crate) fn read_message(key: &[u8]) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, &messages())?;
    let id = reader.text()?;
    reader.end()?;
    Ok(id)
}

pub(crate) fn message(id: &str) -> Bytes {
    Key::new(Root::Mail).u8(MESSAGE).text(id).build()
}

pub(crate) fn all_pieces() -> Bytes {
    Key::new(Root::Mail).u8(PIECE).build()
}

pub(crate) fn read_piece(key: &[u8]) -> Result<(String, u32), DecodeError> {
    let mut reader = KeyReader::after(key, &all_pieces())?;
    let (id, piece) = (reader.text()?, reader.u32()?);
    reader.end()?;
    Ok((id, piece))
}

pub(crate) fn piece(id: &str, piece: u32) -> Bytes {
    Key::new(Root::Mail).u8(PIECE).text(id).u32(piece).build()
}

pub(crate) fn journeys() -> Bytes {
    Key::new(Root::Mail).u8(JOURNEY).build()
}

pub(crate) fn journey(id: &str) -> Bytes {
    Key::new(Root::Mail).u8(JOURNEY).text(id).build()
}

pub(crate) fn read_journey(key: &[u8]) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, &journeys())?;
    let id = reader.text()?;
    reader.end()?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_key;

    #[test]
    fn golden_keys() {
        assert_key("08010000000000000102", &entry(0x0102));
        assert_key("080261620001", &message("ab"));
        assert_key("08036162000100000007", &piece("ab", 7));
        assert_key("080461620001", &journey("ab"));
        assert_eq!(read_entry(&entry(7)), Ok(7));
        assert_eq!(read_message(&message("ab")).unwrap(), "ab");
        assert_eq!(read_piece(&piece("ab", 7)).unwrap(), ("ab".to_owned(), 7));
        assert!(read_entry(&message("a")).is_err());
        assert_eq!(read_journey(&journey("ab")).unwrap(), "ab");
    }
}
