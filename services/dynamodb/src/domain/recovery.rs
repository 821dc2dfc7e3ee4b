use tidegate_types::Timestamp;

use super::TableAddress;

/// That a table can be restored to any moment of a window: its journal holds each change with the
/// item as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// The log that is the journal.
    pub journal: u64,
    /// Since when.
    pub since: Timestamp,
    /// The window's length.
    pub days: u32,
    /// How many restores are reading the journal; while there are any, it is neither trimmed nor dropped.
    pub restores: u32,
}

impl Recovery {
    /// The window's length if a request names none, which is the longest.
    pub const MAX_DAYS: u32 = 35;

    /// The first moment of the window.
    pub fn earliest(&self, now: Timestamp) -> Timestamp {
        self.since.max(now.minus_millis(u64::from(self.days) * 86_400_000))
    }
}

/// What a table was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The ARN of the backup, if it was one.
    pub backup: Option<String>,
    /// The table that the items were in.
    pub table: TableAddress,
    /// The moment whose state it has.
    pub at: Timestamp,
    /// Whether items are still being copied. Nobody reads or writes the table before it has them all.
    pub in_progress: bool,
}
