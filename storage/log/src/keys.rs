//! Every key of this crate.
//!
//! | space | key | record |
//! |---|---|---|
//! | map | `Log 1 log` | [`crate::records::Meta`]: the current generation |
//! | map | `Log 2 log` | [`crate::records::Place`]: the watermark |
//! | map | `Log 3 log name` | [`crate::records::Place`]: a cursor |
//! | map | `Log 4 log generation` | [`crate::records::Place`]: garbage, and from where on |
//! | log | `Log log generation position` | what the appender wrote |

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};
use tidegate_store::{KeyRange, Position};

use crate::LogId;

const META: u8 = 1;
const WATERMARK: u8 = 2;
const CURSOR: u8 = 3;
const GARBAGE: u8 = 4;

pub(crate) fn meta(log: LogId) -> Bytes {
    Key::new(Root::Log).u8(META).u64(log.0).build()
}

pub(crate) fn all_metas() -> Bytes {
    Key::new(Root::Log).u8(META).build()
}

pub(crate) fn read_meta(key: &[u8]) -> Result<LogId, DecodeError> {
    let mut reader = KeyReader::after(key, &all_metas())?;
    let log = LogId(reader.u64()?);
    reader.end()?;
    Ok(log)
}

pub(crate) fn watermark(log: LogId) -> Bytes {
    Key::new(Root::Log).u8(WATERMARK).u64(log.0).build()
}

pub(crate) fn cursor(log: LogId, name: &str) -> Bytes {
    Key::new(Root::Log).u8(CURSOR).u64(log.0).text(name).build()
}

pub(crate) fn cursors(log: LogId) -> Bytes {
    Key::new(Root::Log).u8(CURSOR).u64(log.0).build()
}

pub(crate) fn read_cursor(key: &[u8], log: LogId) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, &cursors(log))?;
    let name = reader.text()?;
    reader.end()?;
    Ok(name)
}

pub(crate) fn garbage(log: LogId, generation: u32) -> Bytes {
    Key::new(Root::Log).u8(GARBAGE).u64(log.0).u32(generation).build()
}

pub(crate) fn all_garbage() -> Bytes {
    Key::new(Root::Log).u8(GARBAGE).build()
}

pub(crate) fn read_garbage(key: &[u8]) -> Result<(LogId, u32), DecodeError> {
    let mut reader = KeyReader::after(key, &all_garbage())?;
    let parts = (LogId(reader.u64()?), reader.u32()?);
    reader.end()?;
    Ok(parts)
}

/// All records of all logs.
pub(crate) fn all_records() -> Bytes {
    Key::new(Root::Log).build()
}

/// What a record's position is written behind.
pub(crate) fn records(log: LogId, generation: u32) -> Bytes {
    Key::new(Root::Log).u64(log.0).u32(generation).build()
}

/// The records of a generation from a position on.
pub(crate) fn records_from(log: LogId, generation: u32, from: Position) -> KeyRange {
    let prefix = Key::new(Root::Log).u64(log.0).u32(generation);
    let start = prefix.clone().u64(from.0).build();
    KeyRange::prefix_from(prefix.as_ref(), start)
}

pub(crate) fn read_record(key: &[u8]) -> Result<(LogId, u32, Position), DecodeError> {
    let mut reader = KeyReader::new(key, Root::Log)?;
    let parts = (LogId(reader.u64()?), reader.u32()?, Position(reader.u64()?));
    reader.end()?;
    Ok(parts)
}

/// The position of the record under this key, such as one that [`tidegate_store::StoreError::Corrupt`]
/// names; `None` if it is not one of a record.
pub fn position_of(key: &[u8]) -> Option<Position> {
    read_record(key).ok().map(|(_, _, position)| position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_key;

    #[test]
    fn golden_keys() {
        let log = LogId(0x0a0b);
        assert_key("04010000000000000a0b", &meta(log));
        assert_key("04020000000000000a0b", &watermark(log));
        assert_key("04030000000000000a0b630001", &cursor(log, "c"));
        assert_key("04040000000000000a0b00000002", &garbage(log, 2));
        assert_key("040000000000000a0b000000020000000000000003", &records_from(log, 2, Position(3)).start);
        assert_key("040000000000000a0b00000002", &records(log, 2));
    }

    #[test]
    fn keys_are_read_as_they_were_written() {
        let log = LogId(7);
        assert_eq!(read_meta(&meta(log)), Ok(log));
        assert_eq!(read_cursor(&cursor(log, "a\0b"), log).as_deref(), Ok("a\0b"));
        assert_eq!(read_garbage(&garbage(log, 3)), Ok((log, 3)));
        assert_eq!(read_record(&records_from(log, 3, Position(9)).start), Ok((log, 3, Position(9))));
        assert!(read_record(&meta(log)).is_err());
    }
}
