//! A stream, which outlives its table by a day, and one of its records.

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::item::{read_item, write_item};
use super::table::{read_schema, read_view, write_schema, write_view};
use crate::domain::{Item, KeySchema, StreamView};

/// A stream. Its table and label are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// The log that holds its records.
    pub log: u64,
    /// What they show.
    pub view: StreamView,
    /// The table's key.
    pub keys: KeySchema,
    /// When it was enabled.
    pub created_at: Timestamp,
    /// When it was disabled, if it was.
    pub disabled_at: Option<Timestamp>,
}

impl Stored for StreamRecord {
    const NAME: &'static str = "dynamodb stream";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.log);
        write_view(to, self.view);
        write_schema(to, &self.keys);
        to.timestamp(self.created_at);
        to.option(self.disabled_at, Writer::timestamp);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(StreamRecord {
            log: from.fixed_u64()?,
            view: read_view(from)?,
            keys: read_schema(from)?,
            created_at: from.timestamp()?,
            disabled_at: from.option(Reader::timestamp)?,
        })
    }
}

/// One change of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRecord {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: ChangeKind,
    /// Whether the item had outlived itself, rather than somebody having asked for the change.
    pub expired: bool,
    /// The item's key.
    pub keys: Item,
    /// The item before, if the view shows it.
    pub old: Option<Item>,
    /// The item after, if the view shows it.
    pub new: Option<Item>,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// There was no such item.
    Insert,
    /// There was one.
    Modify,
    /// There is none any more.
    Remove,
}

impl Stored for ChangeRecord {
    const NAME: &'static str = "dynamodb change";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.at);
        to.u8(match self.kind {
            ChangeKind::Insert => 0,
            ChangeKind::Modify => 1,
            ChangeKind::Remove => 2,
        });
        to.bool(self.expired);
        write_item(to, &self.keys);
        to.option(self.old.as_ref(), write_item);
        to.option(self.new.as_ref(), write_item);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(ChangeRecord {
            at: from.timestamp()?,
            kind: match from.u8()? {
                0 => ChangeKind::Insert,
                1 => ChangeKind::Modify,
                2 => ChangeKind::Remove,
                _ => return Err(from.malformed("an unknown change")),
            },
            expired: from.bool()?,
            keys: read_item(from)?,
            old: from.option(read_item)?,
            new: from.option(read_item)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::example;
    use super::*;
    use crate::domain::{KeyPart, Type};
    use tidegate_record::testing::assert_round_trip;

    #[test]
    fn streams_and_changes_round_trip() {
        let part = KeyPart { name: "p".to_owned(), kind: Type::S };
        assert_round_trip(&StreamRecord {
            log: 1,
            view: StreamView::OldImage,
            keys: KeySchema { partition: part, sort: None },
            created_at: Timestamp::from_millis(5),
            disabled_at: Some(Timestamp::from_millis(6)),
        });
        assert_round_trip(&ChangeRecord {
            at: Timestamp::from_millis(5),
            kind: ChangeKind::Modify,
            expired: true,
            keys: example(),
            old: Some(example()),
            new: None,
        });
    }
}
