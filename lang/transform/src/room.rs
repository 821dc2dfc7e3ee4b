//! How much room an event has.

use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::MAX_EVENT_BYTES;

/// Takes what is written, counts it and keeps nothing of it.
struct Room {
    left: usize,
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether an event with these fields is no larger than one may be, as it will be written.
pub(crate) fn fits(fields: &Map<String, Value>) -> bool {
    serde_json::to_writer(Room { left: MAX_EVENT_BYTES }, fields).is_ok()
}
