//! A stream, which outlives its table by a day, and one of its records.

use bytes::Bytes;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::item::{read_item, write_item};
use super::stored_item::{Image, Sink};
use super::table::{read_schema, read_view, write_schema, write_view};
use crate::domain::{Item, KeySchema, StreamView};

/// A stream. Its table and label are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// Its shards, in the order of their identifiers: parents before their children.
    pub shards: Vec<Shard>,
    /// What their records show.
    pub view: StreamView,
    /// The table's key.
    pub keys: KeySchema,
    /// When it was enabled.
    pub created_at: Timestamp,
    /// When it was disabled, if it was.
    pub disabled_at: Option<Timestamp>,
}

/// A shard of a stream, open or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// What it is called.
    pub name: ShardName,
    /// The shard that it followed, which is perhaps gone by now.
    pub parent: Option<ShardName>,
    /// When it was closed, if it was: nothing is appended to it any more.
    pub closed_at: Option<Timestamp>,
}

/// What tells a shard from every other one, and what its identifier shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShardName {
    /// When it was opened: later than its parent, so that its identifier sorts behind its parent's.
    pub opened_at: Timestamp,
    /// The log that holds its records.
    pub log: u64,
}

impl StreamRecord {
    /// The shard whose records are in a log.
    pub fn shard(&self, log: u64) -> Option<&Shard> {
        self.shards.iter().find(|shard| shard.name.log == log)
    }

    /// Closes every open shard of a stream that ends.
    pub fn end(&mut self, now: Timestamp) {
        self.disabled_at = Some(now);
        for shard in &mut self.shards {
            shard.closed_at.get_or_insert(now);
        }
    }

    /// Closes an open shard and opens its children. `false` if it is not there, or closed.
    pub fn replace(&mut self, parent: u64, children: &[u64], now: Timestamp) -> bool {
        let open = self.shards.iter_mut().find(|shard| shard.name.log == parent && shard.closed_at.is_none());
        let Some(shard) = open else { return false };
        shard.closed_at = Some(now);
        let parent = shard.name;
        let opened_at = now.max(parent.opened_at.plus_millis(1));
        let child = |&log: &u64| Shard { name: ShardName { opened_at, log }, parent: Some(parent), closed_at: None };
        self.shards.extend(children.iter().map(child));
        self.shards.sort_by_key(|shard| shard.name.order());
        true
    }
}

impl ShardName {
    /// What identifiers show of a log.
    pub fn log_shown(self) -> u32 {
        self.log as u32
    }

    fn order(self) -> (Timestamp, u32) {
        (self.opened_at, self.log_shown())
    }
}

fn write_name(to: &mut Writer, name: ShardName) {
    to.timestamp(name.opened_at);
    to.fixed_u64(name.log);
}

fn read_name(from: &mut Reader<'_>) -> Result<ShardName, DecodeError> {
    Ok(ShardName { opened_at: from.timestamp()?, log: from.fixed_u64()? })
}

impl Stored for StreamRecord {
    const NAME: &'static str = "dynamodb stream";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.list(self.shards.iter(), |to, shard| {
            write_name(to, shard.name);
            to.option(shard.parent, write_name);
            to.option(shard.closed_at, Writer::timestamp);
        });
        write_view(to, self.view);
        write_schema(to, &self.keys);
        to.timestamp(self.created_at);
        to.option(self.disabled_at, Writer::timestamp);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(StreamRecord {
            shards: from.list(|from| {
                Ok(Shard {
                    name: read_name(from)?,
                    parent: from.option(read_name)?,
                    closed_at: from.option(Reader::timestamp)?,
                })
            })?,
            view: read_view(from)?,
            keys: read_schema(from)?,
            created_at: from.timestamp()?,
            disabled_at: from.option(Reader::timestamp)?,
        })
    }

    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if version != 1 {
            return Err(DecodeError::UnknownVersion { record: Self::NAME, found: version });
        }
        // A stream of version 1 is one log.
        let log = from.fixed_u64()?;
        let (view, keys) = (read_view(from)?, read_schema(from)?);
        let (created_at, disabled_at) = (from.timestamp()?, from.option(Reader::timestamp)?);
        let name = ShardName { opened_at: created_at, log };
        let shards = vec![Shard { name, parent: None, closed_at: disabled_at }];
        Ok(StreamRecord { shards, view, keys, created_at, disabled_at })
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
    /// The trace of the request, as an `X-Amzn-Trace-Id` header.
    pub trace: Option<String>,
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
    const VERSION: u8 = 2;

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
        to.option(self.trace.as_deref(), Writer::text);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let untraced = read_untraced(from)?;
        Ok(ChangeRecord { trace: from.option(Reader::text)?, ..untraced })
    }

    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            1 => read_untraced(from),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

/// The fields of version 1, which had no trace.
fn read_untraced(from: &mut Reader<'_>) -> Result<ChangeRecord, DecodeError> {
    Ok(ChangeRecord {
        at: from.timestamp()?,
        kind: read_kind(from)?,
        expired: from.bool()?,
        keys: read_item(from)?,
        old: from.option(read_item)?,
        new: from.option(read_item)?,
        trace: None,
    })
}

fn read_kind(from: &mut Reader<'_>) -> Result<ChangeKind, DecodeError> {
    match from.u8()? {
        0 => Ok(ChangeKind::Insert),
        1 => Ok(ChangeKind::Modify),
        2 => Ok(ChangeKind::Remove),
        _ => Err(from.malformed("an unknown change")),
    }
}

/// A change as its record has it: proven, and its items not taken apart; see [`super::StoredItem`].
#[derive(Debug, Clone)]
pub struct StoredChange {
    record: Bytes,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: ChangeKind,
    /// See [`ChangeRecord::expired`].
    pub expired: bool,
    keys: Image,
    old: Option<Image>,
    new: Option<Image>,
}

impl StoredChange {
    /// Reads a record to its end once.
    ///
    /// # Errors
    /// As [`Stored::decode`] of a [`ChangeRecord`].
    pub fn new(record: Bytes) -> Result<StoredChange, DecodeError> {
        let mut from = Reader::new(&record);
        match StoredChange::read(&mut from).and_then(|change| from.end().map(|()| change)) {
            Ok(change) => Ok(StoredChange { record, ..change }),
            // What is wrong with a record, or new in it, its own type says best.
            Err(error) => Err(ChangeRecord::decode(&record).err().unwrap_or(error)),
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<StoredChange, DecodeError> {
        let version = from.u8()?;
        if !matches!(version, 1 | ChangeRecord::VERSION) {
            return Err(from.malformed("a change of another version"));
        }
        let change = StoredChange {
            record: Bytes::new(),
            at: from.timestamp()?,
            kind: read_kind(from)?,
            expired: from.bool()?,
            keys: Image::read(from)?,
            old: from.option(Image::read)?,
            new: from.option(Image::read)?,
        };
        if version > 1 {
            from.option(Reader::str)?;
        }
        Ok(change)
    }

    /// What its key and its images weigh, in bytes.
    pub fn size(&self) -> usize {
        let images = [self.old, self.new].into_iter().flatten().map(Image::size);
        self.keys.size() + images.sum::<usize>()
    }

    /// Tells what the item's key consists of.
    pub fn tell_keys(&self, sink: &mut dyn Sink) {
        self.keys.tell(&self.record, sink);
    }

    /// Whether it shows the item as it was, and as it became.
    pub fn shows(&self) -> (bool, bool) {
        (self.old.is_some(), self.new.is_some())
    }

    /// Tells what the item was, if that is shown.
    pub fn tell_old(&self, sink: &mut dyn Sink) {
        if let Some(image) = self.old {
            image.tell(&self.record, sink);
        }
    }

    /// Tells what the item became, if that is shown.
    pub fn tell_new(&self, sink: &mut dyn Sink) {
        if let Some(image) = self.new {
            image.tell(&self.record, sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::example;
    use super::*;
    use crate::domain::{KeyPart, Type};
    use tidegate_record::testing::{assert_reads_older, assert_round_trip};

    #[test]
    fn a_stream_of_version_1_is_one_shard() {
        let name = ShardName { opened_at: Timestamp::from_millis(5), log: 1 };
        let stream = StreamRecord {
            shards: vec![Shard { name, parent: None, closed_at: Some(Timestamp::from_millis(6)) }],
            view: StreamView::OldImage,
            keys: KeySchema { partition: KeyPart { name: "p".to_owned(), kind: Type::S }, sort: None },
            created_at: Timestamp::from_millis(5),
            disabled_at: Some(Timestamp::from_millis(6)),
        };
        assert_reads_older("01 0000000000000001 02 017000 00 05 0106".replace(' ', "").as_str(), &stream);
    }

    #[test]
    fn streams_and_changes_round_trip() {
        let part = KeyPart { name: "p".to_owned(), kind: Type::S };
        let name = ShardName { opened_at: Timestamp::from_millis(4), log: 1 };
        assert_round_trip(&StreamRecord {
            shards: vec![Shard { name, parent: Some(name), closed_at: Some(Timestamp::from_millis(6)) }],
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
            trace: Some("Root=1".to_owned()),
        });
    }

    #[test]
    fn a_stored_change_is_refused_as_its_record_refuses_it() {
        let record = ChangeRecord {
            at: Timestamp::from_millis(5),
            kind: ChangeKind::Modify,
            expired: false,
            keys: example(),
            old: None,
            new: Some(example()),
            trace: Some("Root=1".to_owned()),
        };
        let bytes = record.encode();
        let change = StoredChange::new(bytes.clone()).unwrap();
        assert_eq!((change.at, change.kind, change.expired), (record.at, record.kind, record.expired));
        assert_eq!((change.size(), change.shows()), (2 * crate::domain::item_size(&example()), (false, true)));
        for end in 0..bytes.len() {
            let cut = bytes.slice(..end);
            assert_eq!(StoredChange::new(cut.clone()).unwrap_err(), ChangeRecord::decode(&cut).unwrap_err(), "{end}");
        }
        for damaged in [[&bytes[..], b"x"].concat().into(), Bytes::from_static(b"\x03")] {
            assert_eq!(StoredChange::new(damaged.clone()).unwrap_err(), ChangeRecord::decode(&damaged).unwrap_err());
        }
    }

    #[test]
    fn a_change_of_version_1_has_no_trace() {
        let change = ChangeRecord {
            at: Timestamp::from_millis(5),
            kind: ChangeKind::Remove,
            expired: true,
            keys: Item::new(),
            old: None,
            new: None,
            trace: None,
        };
        assert_reads_older("01 05 02 01 00 00 00".replace(' ', "").as_str(), &change);
        assert!(StoredChange::new(Bytes::from_static(&[1, 5, 2, 1, 0, 0, 0])).unwrap().expired);
    }
}
