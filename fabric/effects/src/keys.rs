//! Every key of this crate.
//!
//! | space | key | record |
//! |---|---|---|
//! | map | `Effects kind target` | [`crate::records::TargetRecord`] |
//!
//! The effects themselves are messages of `storage/queue`.

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};

pub(crate) fn target(kind: u8, name: &str) -> Bytes {
    Key::new(Root::Effects).u8(kind).text(name).build()
}

pub(crate) fn targets(kind: u8) -> Bytes {
    Key::new(Root::Effects).u8(kind).build()
}

pub(crate) fn read_target(key: &[u8], kind: u8) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, &targets(kind))?;
    let name = reader.text()?;
    reader.end()?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_target() {
        assert_eq!(read_target(&target(3, "a"), 3).unwrap(), "a");
        assert!(read_target(&target(3, "a"), 4).is_err());
    }
}
