//! A backup, whose address is its key, and a copy that is under way.

use bytes::Bytes;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::table::{read_address, write_address};
use crate::domain::{BackupAddress, BackupKind, BackupState, Table, TableAddress};

/// A backup: the table as it was. Its items lie at [`BackupRecord::place`], as a table's do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRecord {
    /// What it is called.
    pub name: String,
    /// Who made it.
    pub kind: BackupKind,
    /// The moment whose state it has.
    pub created_at: Timestamp,
    /// When it goes by itself.
    pub expires_at: Option<Timestamp>,
    /// How far it is.
    pub state: BackupState,
    /// The number under which its items lie.
    pub place: u64,
    /// How many items it has.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many restores read it.
    pub restores: u32,
    /// The table.
    pub table: Table,
}

impl Stored for BackupRecord {
    const NAME: &'static str = "dynamodb backup";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.text(&self.name);
        to.bool(self.kind == BackupKind::System);
        to.timestamp(self.created_at);
        to.option(self.expires_at, Writer::timestamp);
        to.u8(match self.state {
            BackupState::Creating => 0,
            BackupState::Available => 1,
            BackupState::Failed => 2,
        });
        to.fixed_u64(self.place);
        to.varint(self.items);
        to.varint(self.bytes);
        to.u32(self.restores);
        // With its own version: a table's form changes more often than this one.
        to.bytes(&self.table.encode());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(BackupRecord {
            name: from.text()?,
            kind: if from.bool()? { BackupKind::System } else { BackupKind::User },
            created_at: from.timestamp()?,
            expires_at: from.option(Reader::timestamp)?,
            state: match from.u8()? {
                0 => BackupState::Creating,
                1 => BackupState::Available,
                2 => BackupState::Failed,
                _ => return Err(from.malformed("an unknown state of a backup")),
            },
            place: from.fixed_u64()?,
            items: from.varint()?,
            bytes: from.varint()?,
            restores: from.u32()?,
            table: Table::decode(&from.bytes()?)?,
        })
    }

    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            // Version 2 adds a state to the two that were one truth value, which is written alike.
            1 => BackupRecord::read(from),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

/// A copy of a table's or backup's items as of one moment, under way. The number of where it copies
/// to is its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRecord {
    /// The number under which the items lie.
    pub source: u64,
    /// What is undone of what was copied; nothing if the source does not change.
    pub undo: Option<Undo>,
    /// What it makes.
    pub goal: Goal,
    /// The last item that was copied, by its key; none at the beginning.
    pub last: Option<Bytes>,
    /// How many items it has so far.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The journal whose changes a copy undoes, and how far that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The table whose journal it is.
    pub table: TableAddress,
    /// The journal.
    pub journal: u64,
    /// The first change after this moment is undone, with all behind it; every change if it is none.
    pub after: Option<Timestamp>,
    /// Whether that change was met.
    pub met: bool,
    /// Where in the journal to go on.
    pub next: u64,
    /// Where it ends: the last change when all items were copied. None while they are being copied.
    pub until: Option<u64>,
}

/// What a copy makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// This backup.
    Backup(BackupAddress),
    /// This table, of this backup if it is named, else of the table whose journal is read.
    Table(TableAddress, Option<BackupAddress>),
}

fn write_backup(to: &mut Writer, backup: &BackupAddress) {
    write_address(to, &backup.table);
    to.text(&backup.id);
}

fn read_backup(from: &mut Reader<'_>) -> Result<BackupAddress, DecodeError> {
    Ok(BackupAddress { table: read_address(from)?, id: from.text()? })
}

impl Stored for CopyRecord {
    const NAME: &'static str = "dynamodb copy";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.source);
        to.option(self.undo.as_ref(), |to, undo| {
            write_address(to, &undo.table);
            to.fixed_u64(undo.journal);
            to.option(undo.after, Writer::timestamp);
            to.bool(undo.met);
            to.fixed_u64(undo.next);
            to.option(undo.until, Writer::fixed_u64);
        });
        match &self.goal {
            Goal::Backup(backup) => {
                to.u8(0);
                write_backup(to, backup);
            }
            Goal::Table(table, backup) => {
                to.u8(1);
                write_address(to, table);
                to.option(backup.as_ref(), write_backup);
            }
        }
        to.option(self.last.as_ref(), |to, last| to.bytes(last));
        to.varint(self.items);
        to.varint(self.bytes);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(CopyRecord {
            source: from.fixed_u64()?,
            undo: from.option(|from| {
                Ok(Undo {
                    table: read_address(from)?,
                    journal: from.fixed_u64()?,
                    after: from.option(Reader::timestamp)?,
                    met: from.bool()?,
                    next: from.fixed_u64()?,
                    until: from.option(Reader::fixed_u64)?,
                })
            })?,
            goal: match from.u8()? {
                0 => Goal::Backup(read_backup(from)?),
                1 => Goal::Table(read_address(from)?, from.option(read_backup)?),
                _ => return Err(from.malformed("an unknown goal of a copy")),
            },
            last: from.option(Reader::bytes)?,
            items: from.varint()?,
            bytes: from.varint()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_reads_older, assert_round_trip, to_hex};
    use tidegate_types::{AccountId, Region};

    #[test]
    fn golden_copies() {
        let table = TableAddress { account: AccountId::DEFAULT, region: Region::us_east_1(), name: "t".to_owned() };
        let backup = BackupAddress::new(table.clone(), Timestamp::from_millis(5), 7);
        let (journal, after) = (3, Some(Timestamp::from_millis(4)));
        let undo = Undo { table: table.clone(), journal, after, met: true, next: 9, until: Some(11) };
        let copy = CopyRecord {
            source: 1,
            undo: Some(undo),
            goal: Goal::Backup(backup.clone()),
            last: Some(Bytes::from_static(b"k")),
            items: 2,
            bytes: 300,
        };
        assert_golden(GOLDEN_COPY, &copy);
        assert_round_trip(&CopyRecord { undo: None, goal: Goal::Table(table, Some(backup)), last: None, ..copy });
    }

    #[test]
    fn golden_backups() {
        let table = super::super::table::example();
        let backup = BackupRecord {
            name: "b".to_owned(),
            kind: BackupKind::System,
            created_at: Timestamp::from_millis(5),
            expires_at: Some(Timestamp::from_millis(6)),
            state: BackupState::Available,
            place: 7,
            items: 8,
            bytes: 9,
            restores: 1,
            table: table.clone(),
        };
        // A table's form changes more often than this one: its bytes are what they are, behind their length.
        let table = table.encode();
        let length = u16::try_from(table.len()).unwrap();
        assert!((128..1 << 14).contains(&length), "the length does not take two bytes");
        let length = [length as u8 | 0x80, (length >> 7) as u8];
        let golden = format!("{GOLDEN_BACKUP}{}{}", to_hex(&length), to_hex(&table));
        assert_golden(&golden, &backup);
        assert_reads_older(&golden.replacen("02", "01", 1), &backup);
        assert_round_trip(&BackupRecord { state: BackupState::Failed, ..backup });
    }

    const GOLDEN_COPY: &str = "0100000000000000010100000000000000000975732d656173742d3101740000000000000003010401000000000000000901000000000000000b0000000000000000000975732d656173742d3101741730303030303030303030303030352d303030303030303001016b02ac02";
    const GOLDEN_BACKUP: &str = "02016201050106010000000000000007080901";
}
