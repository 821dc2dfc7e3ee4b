use bytes::Bytes;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_store::{Snapshot, Space, StoreError, Tx};

use super::keys;

/// The bytes of a piece of a zip file.
const PIECE_BYTES: usize = 1 << 20;

/// A zip file of code. Its owner (a function, a layer's version) and its SHA-256 are its key; its pieces lie in
/// the store like everything else, so that a backup holds them and nothing can be left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRecord {
    /// The bytes of the file.
    pub size: u64,
}

impl CodeRecord {
    fn pieces(self) -> u32 {
        // A zip file has 50 MB at most.
        self.size.div_ceil(PIECE_BYTES as u64) as u32
    }
}

impl Stored for CodeRecord {
    const NAME: &'static str = "lambda code";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.size);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(CodeRecord { size: from.varint()? })
    }
}

/// Keeps a zip file.
pub(crate) fn put_code(tx: &mut Tx, owner: u64, sha256: &[u8; 32], zip: &Bytes) {
    let record = CodeRecord { size: zip.len() as u64 };
    tx.put(Space::Map, keys::code(owner, sha256), record.encode());
    for piece in 0..record.pieces() {
        let from = piece as usize * PIECE_BYTES;
        let bytes = zip.slice(from..zip.len().min(from + PIECE_BYTES));
        tx.put(Space::Log, keys::code_piece(owner, sha256, piece), bytes);
    }
}

/// Forgets a zip file; nothing if there is none.
///
/// # Errors
/// The store's.
pub(crate) async fn delete_code(tx: &mut Tx, owner: u64, sha256: &[u8; 32]) -> Result<(), StoreError> {
    let key = keys::code(owner, sha256);
    let Some(found) = tx.get(Space::Map, &key).await? else { return Ok(()) };
    let record = decode(&key, &found.value)?;
    for piece in 0..record.pieces() {
        tx.delete(Space::Log, keys::code_piece(owner, sha256, piece));
    }
    tx.delete(Space::Map, key);
    Ok(())
}

/// A zip file, if it is there.
///
/// # Errors
/// The store's; [`StoreError::Corrupt`] if a piece is gone.
pub(crate) async fn read_code(
    snapshot: &dyn Snapshot,
    owner: u64,
    sha256: &[u8; 32],
) -> Result<Option<Bytes>, StoreError> {
    let key = keys::code(owner, sha256);
    let Some(found) = snapshot.get(Space::Map, &key).await? else { return Ok(None) };
    let record = decode(&key, &found.value)?;
    let mut zip = Vec::with_capacity(record.size as usize);
    for piece in 0..record.pieces() {
        let key = keys::code_piece(owner, sha256, piece);
        let gone = || StoreError::Corrupt { space: Space::Log, key: key.clone(), what: "it is gone".into() };
        zip.extend_from_slice(&snapshot.get(Space::Log, &key).await?.ok_or_else(gone)?.value);
    }
    Ok(Some(Bytes::from(zip)))
}

fn decode(key: &Bytes, value: &Bytes) -> Result<CodeRecord, StoreError> {
    let corrupt = |error: DecodeError| StoreError::Corrupt {
        space: Space::Map,
        key: key.clone(),
        what: error.to_string().into(),
    };
    CodeRecord::decode(value).map_err(corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        assert_golden("0105", &CodeRecord { size: 5 });
    }

    #[test]
    fn the_last_piece_may_be_short() {
        let pieces = |size| CodeRecord { size }.pieces();
        assert_eq!([0, 1, 1 << 20, (1 << 20) + 1].map(pieces), [0, 1, 1, 2]);
    }
}
