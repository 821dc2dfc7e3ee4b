//! The engine on disk: fjall, a log-structured merge tree with one journal.
//!
//! What we know of it and guard against:
//!
//! - Its write halt is a loop that sleeps until a background worker has caught up, and never ends if
//!   that worker has died (issues 257 and 288). So we wait *before* a write, at half its limits, and
//!   stop waiting once the database has poisoned itself.
//! - A journal damaged or cut in the middle is taken for its end (issue 311). We read the journals
//!   before it does (see [`journal`]), and the marker in the data folder knows where they must end.
//! - A batch at the end of the journal of which a power cut has left only some pages is refused if
//!   its frame is whole. We cut it off before.
//! - With more than one worker thread, the first of them spins while the others compact. One worker
//!   is enough, because memtables and tables are small.
//! - `clear()` is never used.

use std::collections::HashSet;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fjall::compaction::Leveled;
use fjall::config::RestartIntervalPolicy;
use fjall::{
    AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, LsmError,
    OwnedWriteBatch, PersistMode, Readable, Snapshot,
};

use super::journal;
use super::preallocate::Preallocation;
use super::{Area, Disk, Engine, EngineError, View, Visit, Write};
use crate::{KeyRange, Order, Space, platform};

const MIB: u64 = 1024 * 1024;

/// Sealed journals beyond this make fjall flush whatever keeps the oldest alive. Its least value:
/// the disk's overhead over live data is bounded by it.
const JOURNALS_BYTES: u64 = 64 * MIB;

/// We wait before a write while an area has this many memtables waiting to be flushed; fjall halts
/// at 4, and one write may add two.
const SEALED_LIMIT: usize = 2;

/// We wait before a write while an area has this many runs in its first level; fjall halts at 30.
const RUNS_LIMIT: usize = 18;

/// How long to wait between two looks at a backlog. Fjall has no event for it.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// A folder with a fjall database.
#[derive(Debug)]
pub struct FjallDisk {
    path: PathBuf,
    cache_bytes: u64,
}

impl FjallDisk {
    /// The database in `path`, with a block cache of `cache_bytes`.
    pub fn new(path: impl Into<PathBuf>, cache_bytes: u64) -> FjallDisk {
        FjallDisk { path: path.into(), cache_bytes }
    }

    fn open_database(&self) -> fjall::Result<Database> {
        Database::builder(&self.path)
            .cache_size(self.cache_bytes)
            .journal_compression(CompressionType::None)
            .manual_journal_persist(true)
            .max_journaling_size(JOURNALS_BYTES)
            .worker_threads(1)
            .open()
    }

    /// What the operating system refuses may pass, and so does the lock that whoever still reads the engine before this
    /// one holds.
    fn not_opened(&self, error: fjall::Error) -> EngineError {
        use io::ErrorKind::{InvalidInput, NotFound, UnexpectedEof};
        let damaged = match &error {
            fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => {
                matches!(error.kind(), NotFound | UnexpectedEof | InvalidInput)
            }
            fjall::Error::Storage(_)
            | fjall::Error::JournalRecovery(_)
            | fjall::Error::InvalidVersion(_)
            | fjall::Error::Decompress(_)
            | fjall::Error::InvalidTrailer
            | fjall::Error::InvalidTag(_)
            | fjall::Error::Unrecoverable => true,
            _ => false,
        };
        if damaged {
            EngineError::Damaged { dir: self.path.clone(), source: Arc::new(Cause::of(error)) }
        } else {
            failed("opening the database", error)
        }
    }

    /// Makes the folders' names durable, before anything is that lies in them: fjall leaves it to the file system.
    fn sync_names(&self) -> io::Result<()> {
        platform::sync_folder(&self.path.join("keyspaces"))?;
        let around = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        around.map_or(Ok(()), platform::sync_folder)
    }
}

impl Disk for FjallDisk {
    fn open(&self, in_doubt: bool) -> Result<Arc<dyn Engine>, EngineError> {
        if in_doubt {
            journal::rewrite_all(&self.path).map_err(|error| io_error("writing the journals to new files", error))?;
        }
        journal::cut_torn_end(&self.path).map_err(|error| io_error("cutting off the journal's torn end", error))?;
        let next_journal = journal::next_number(&self.path).map_err(|error| io_error("looking for journals", error))?;
        let database = self.open_database().map_err(|error| self.not_opened(error))?;
        let mut areas = Vec::with_capacity(Area::ALL.len());
        for area in Area::ALL {
            let keyspace = database.keyspace(area.name(), || options(area));
            areas.push(keyspace.map_err(|error| failed("opening a key space", error))?);
        }
        self.sync_names().map_err(|error| io_error("making the engine's folders durable", error))?;
        let areas = areas.try_into().unwrap_or_else(|_| unreachable!("one key space was opened for each area"));
        let preallocation = Preallocation::new(&self.path, next_journal);
        Ok(Arc::new(FjallEngine { folder: self.path.clone(), database, areas: Arc::new(areas), preallocation }))
    }
}

/// Values of the log space from this size on lie in files of their own, and tables hold only where.
const SEPARATED_BYTES: u32 = 256;

/// The size of such a file: about what one memtable holds, so that it dies as a whole.
const VALUES_FILE_BYTES: u64 = 16 * MIB;

/// A file of values of which this much is dead is written anew without it.
const STALE: f32 = 0.5;

/// So many keys of a block of the map share what they begin with: the first of them is found by halves, the others one by
/// one, forward from a range's start and backward from its end. With fjall's own, ten in the first level and sixteen below,
/// that was a quarter of a query in a large table.
const SHARING_KEYS: u8 = 4;

/// How an area is laid out. Fjall notes it in the data folder when the area is created, and keeps to
/// it from then on: another choice here is one for new folders.
///
/// What decides is the room that the dead take. A message is written, and deleted soon after, but
/// what deletes it lies in another table; both are gone only once compaction has brought them
/// together in the last level. Fjall first moves down tables that overlap nothing, which are those of
/// new messages, so its middle levels fill with deletions, and a table of deletions keeps twenty
/// times its size of bodies alive: with tables of 32 MiB, 1.6 GB after two million messages of 1 KiB
/// of which 98 MiB were live. Against that:
///
/// - Small tables, because a level above the last one holds up to four of them.
/// - Bodies apart from their keys, so that a deletion is as large as what it deletes, compaction
///   writes no body again, and a file of bodies is dropped whole when the last one in it is dead.
/// - A file that is half dead is written anew, however young: one body that stays would otherwise
///   keep thousands. Fjall's own choice is the oldest quarter of such files, which are none of three.
///
/// With it 0.3 GB remain of the 1.6, and the disk takes two thirds of the writes.
fn options(area: Area) -> KeyspaceCreateOptions {
    let table = match area {
        Area::Space(Space::Map | Space::Log) => 8 * MIB,
        Area::Space(Space::Queue) | Area::Meta => 4 * MIB,
    };
    let separated = KvSeparationOptions::default()
        .compression(CompressionType::None)
        .separation_threshold(SEPARATED_BYTES)
        .file_target_size(VALUES_FILE_BYTES)
        .staleness_threshold(STALE)
        .age_cutoff(1.0);
    let options = KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .max_memtable_size(memtable_bytes(area))
        .compaction_strategy(Arc::new(Leveled::default().with_table_target_size(table)));
    match area {
        Area::Space(Space::Map) => options.data_block_restart_interval_policy(RestartIntervalPolicy::all(SHARING_KEYS)),
        Area::Space(Space::Log) => options.with_kv_separation(Some(separated)),
        Area::Space(Space::Queue) | Area::Meta => options,
    }
}

/// A memtable is sealed soon after it has this size: all of them together stay small, yet most
/// messages are deleted before their memtable is flushed and never reach a table.
fn memtable_bytes(area: Area) -> u64 {
    match area {
        Area::Space(Space::Map | Space::Queue) => 6 * MIB,
        Area::Space(Space::Log) => 16 * MIB,
        Area::Meta => 2 * MIB,
    }
}

struct FjallEngine {
    folder: PathBuf,
    database: Database,
    areas: Arc<[Keyspace; 4]>,
    preallocation: Preallocation,
}

impl FjallEngine {
    /// Fjall says of itself no more than that something has failed before. That was mostly its worker, for lack of room.
    fn cause(&self, error: fjall::Error) -> Cause {
        match (error, platform::free_bytes(&self.folder)) {
            (fjall::Error::Poisoned, Some(free)) => {
                Cause(format!("the engine has failed before, in its own work; its disk has {free} bytes of room"))
            }
            (error, _) => Cause::of(error),
        }
    }

    fn failed(&self, what: &'static str, error: fjall::Error) -> EngineError {
        match error {
            fjall::Error::Poisoned => EngineError::failed(what, self.cause(error)),
            error => failed(what, error),
        }
    }

    /// Waits until fjall's workers have caught up far enough that it will not halt the next write.
    fn wait_for_room(&self) -> Result<(), EngineError> {
        while Area::ALL.into_iter().any(|area| self.is_crowded(area)) {
            // This does nothing except find out whether the database has poisoned itself.
            self.database
                .persist(PersistMode::Buffer)
                .map_err(|error| self.failed("waiting for the workers", error))?;
            for area in Area::ALL {
                self.seal_if_overdue(area)?;
            }
            std::thread::park_timeout(LOOK_AGAIN);
        }
        Ok(())
    }

    fn is_crowded(&self, area: Area) -> bool {
        let tree = &self.areas[area.index()].tree;
        tree.sealed_memtable_count() >= SEALED_LIMIT || tree.l0_run_count() >= RUNS_LIMIT || self.is_overgrown(area)
    }

    /// The worker also seals memtables. While it compacts, they grow: memory would know no bound.
    fn is_overgrown(&self, area: Area) -> bool {
        self.areas[area.index()].tree.active_memtable().size() > 2 * memtable_bytes(area)
    }

    /// Seals a memtable that has grown too large. Fjall asks its worker to only after a write, so one
    /// that it has read from the journal at its start would be waited for in vain.
    fn seal_if_overdue(&self, area: Area) -> Result<(), EngineError> {
        let keyspace = &self.areas[area.index()];
        if self.is_overgrown(area) && keyspace.tree.sealed_memtable_count() == 0 {
            keyspace.rotate_memtable().map_err(|error| self.failed("sealing a memtable", error))?;
        }
        Ok(())
    }
}

impl Engine for FjallEngine {
    fn write(&self, writes: Vec<Write>) -> Result<(), EngineError> {
        debug_assert!(
            writes.iter().map(|write| (write.area, &write.key)).collect::<HashSet<_>>().len() == writes.len(),
            "fjall keeps no order between writes of one batch to one key"
        );
        self.wait_for_room()?;
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), writes.len());
        self.preallocation.wrote(journal::frame_bytes(&writes));
        for Write { area, key, value } in writes {
            let area = &self.areas[area.index()];
            match value {
                Some(value) => batch.insert(area, key, value),
                None => batch.remove(area, key),
            }
        }
        batch.durability(Some(PersistMode::Buffer)).commit().map_err(|error| self.failed("writing the journal", error))
    }

    fn sync(&self) -> Result<(), EngineError> {
        // Whatever the reason, a lack of room included: what was written before is in doubt.
        self.database
            .persist(PersistMode::SyncData)
            .map_err(|error| EngineError::failed("syncing the journal", self.cause(error)))
    }

    fn prepare(&self) {
        self.preallocation.go_on();
    }

    fn snapshot(&self) -> Result<Arc<dyn View>, EngineError> {
        Ok(Arc::new(FjallView { snapshot: self.database.snapshot(), areas: self.areas.clone() }))
    }
}

struct FjallView {
    snapshot: Snapshot,
    areas: Arc<[Keyspace; 4]>,
}

impl View for FjallView {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let value = self.snapshot.get(&self.areas[area.index()], key).map_err(|error| failed("reading", error))?;
        Ok(value.map(Bytes::from))
    }

    fn scan(&self, area: Area, range: &KeyRange, order: Order, visit: &mut Visit<'_>) -> Result<(), EngineError> {
        if range.is_empty() {
            return Ok(());
        }
        let end = range.end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
        let bounds = (Bound::Included(&range.start[..]), end);
        let mut entries = self.snapshot.range::<&[u8], _>(&self.areas[area.index()], bounds);
        loop {
            let entry = match order {
                Order::Ascending => entries.next(),
                Order::Descending => entries.next_back(),
            };
            let Some(entry) = entry else { return Ok(()) };
            let (key, value) = entry.into_inner().map_err(|error| failed("scanning", error))?;
            if let ControlFlow::Break(()) = visit(&key, value.into()) {
                return Ok(());
            }
        }
    }
}

/// What fjall says, in words: its own are the names of its errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

impl Cause {
    fn of(error: fjall::Error) -> Cause {
        Cause(match error {
            fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => error.to_string(),
            fjall::Error::Storage(LsmError::Unrecoverable) | fjall::Error::Unrecoverable => {
                "files that it lists are missing, or not what they were".to_owned()
            }
            fjall::Error::Storage(LsmError::ChecksumMismatch { .. }) => "a checksum is wrong".to_owned(),
            fjall::Error::Storage(LsmError::InvalidHeader(what)) => format!("the header of a {what} is wrong"),
            fjall::Error::Storage(LsmError::InvalidTag((what, tag))) | fjall::Error::InvalidTag((what, tag)) => {
                format!("there is no {what} with the number {tag}")
            }
            fjall::Error::Storage(LsmError::InvalidTrailer) => "the end of a block is wrong".to_owned(),
            fjall::Error::Storage(LsmError::InvalidVersion(version)) => format!("a table has the version {version}"),
            fjall::Error::Storage(LsmError::Decompress(_)) | fjall::Error::Decompress(_) => {
                "a block cannot be decompressed".to_owned()
            }
            fjall::Error::JournalRecovery(error) => format!("a journal cannot be read ({error:?})"),
            fjall::Error::InvalidTrailer => "the end of a batch in a journal is wrong".to_owned(),
            fjall::Error::InvalidVersion(None) => "its file `version` cannot be read".to_owned(),
            fjall::Error::InvalidVersion(Some(_)) => "another version of the engine has written it".to_owned(),
            fjall::Error::Locked => "it is in use: what was begun before, such as a backup, still reads it".to_owned(),
            fjall::Error::Poisoned => "it has failed before".to_owned(),
            error => format!("{error:?}"),
        })
    }
}

fn failed(what: &'static str, error: fjall::Error) -> EngineError {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => io_error(what, error),
        error => EngineError::failed(what, Cause::of(error)),
    }
}

fn io_error(what: &'static str, error: io::Error) -> EngineError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            EngineError::DiskFull(format!("{what}: {error}").into())
        }
        _ => EngineError::failed(what, error),
    }
}
