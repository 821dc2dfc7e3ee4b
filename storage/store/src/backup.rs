//! A store in one file.
//!
//! The file is a row of blocks, each with its length and checksum: a header, blocks of entries of
//! one area each, in key order, and an end with the number of entries and a hash over all blocks. A
//! file without its end, or with anything behind it, is refused. It does not depend on the engine,
//! so that a backup outlives a change of engine.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use xxhash_rust::xxh3::Xxh3;

use crate::committer::read_commit_record;
use crate::engine::{Area, Disk, EngineError, FjallDisk, View, Write};
use crate::folder::Folder;
use crate::stored::{self, CommitRecord};
use crate::{KeyRange, OpenError, Order, Sequence, StoreError, audit, platform};

/// The first bytes of a backup: a name, and the version of this format.
const MAGIC: [u8; 16] = *b"tidegate backup\x01";

/// A block is written once it has this many bytes.
const BLOCK_BYTES: usize = 1024 * 1024;

/// No block is larger: the largest value, its key, and some room.
const MAX_BLOCK_BYTES: usize = tidegate_types::limits::MAX_BATCH + 2 * BLOCK_BYTES;

/// How much is written to the engine between two syncs of a restore.
const SYNC_BYTES: usize = 64 * 1024 * 1024;

/// The kind of a block: its first byte. Entries use the number of their area.
const HEADER: u8 = 0x10;
const END: u8 = 0x20;

/// What is in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// The last commit in it.
    pub sequence: Sequence,
    /// How many records there are.
    pub records: u64,
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The file is not a complete backup.
    #[error("{} is not a complete backup: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// Writes the store in `dir`, which no server has open, to the new file `target`.
///
/// # Errors
/// The store cannot be opened or read, or has damaged records; `target` exists or cannot be written.
pub fn backup(dir: &Path, target: &Path) -> Result<BackupReport, BackupError> {
    let (_folder, view) = audit::open_to_read(dir)?;
    write_backup(&*view, target)
}

/// Writes a view to the new file `target`: under another name until it is complete and synced.
pub(crate) fn write_backup(view: &dyn View, target: &Path) -> Result<BackupReport, BackupError> {
    let failed = |source| BackupError::Io { path: target.to_owned(), source };
    if target.try_exists().map_err(failed)? {
        return Err(failed(io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let mut writer = Writer {
        file: BufWriter::new(create_partial(Path::new(&partial)).map_err(failed)?),
        digest: Xxh3::new(),
        block: BytesMut::new(),
        records: 0,
    };
    let stands = read_commit_record(view)?;
    writer.header(&stands).map_err(failed)?;
    for area in Area::ALL.into_iter().filter(|area| *area != Area::Meta) {
        writer.area(view, area, &failed)?;
    }
    writer.end().map_err(failed)?;
    fs::rename(&partial, target).map_err(failed)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    platform::sync_folder(folder).map_err(failed)?;
    Ok(BackupReport { sequence: stands.sequence, records: writer.records })
}

/// Makes the file of a backup that is not complete, in the place of what one that was cut short has left. One that goes
/// on has locked its file.
fn create_partial(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
        && let Ok(found) = File::open(path)
    {
        found.try_lock()?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = platform::create_private_file(path)?;
    file.try_lock()?;
    Ok(file)
}

struct Writer {
    file: BufWriter<File>,
    digest: Xxh3,
    block: BytesMut,
    records: u64,
}

impl Writer {
    fn header(&mut self, stands: &CommitRecord) -> io::Result<()> {
        self.file.write_all(&MAGIC)?;
        self.block.put_u8(HEADER);
        self.block.put_slice(&stands.encode());
        self.flush()
    }

    fn area(
        &mut self,
        view: &dyn View,
        area: Area,
        failed: &dyn Fn(io::Error) -> BackupError,
    ) -> Result<(), BackupError> {
        let everything = KeyRange { start: Bytes::new(), end: None };
        let mut outcome = Ok(());
        view.scan(area, &everything, Order::Ascending, &mut |key, value| {
            outcome = self.entry(area, key, &value).map_err(failed);
            match stored::try_take(key, value) {
                Ok(_) if outcome.is_ok() => ControlFlow::Continue(()),
                Ok(_) => ControlFlow::Break(()),
                Err(what) => {
                    let what = format!("{} record {key:02x?}: {what}", area.name());
                    outcome = Err(OpenError::Corrupt { what }.into());
                    ControlFlow::Break(())
                }
            }
        })?;
        outcome?;
        self.flush().map_err(failed)
    }

    fn entry(&mut self, area: Area, key: &[u8], value: &[u8]) -> io::Result<()> {
        if self.block.is_empty() {
            self.block.put_u8(area_number(area));
        }
        self.block.put_u32(u32::try_from(key.len()).map_err(io::Error::other)?);
        self.block.put_u32(u32::try_from(value.len()).map_err(io::Error::other)?);
        self.block.put_slice(key);
        self.block.put_slice(value);
        self.records += 1;
        if self.block.len() >= BLOCK_BYTES { self.flush() } else { Ok(()) }
    }

    fn end(&mut self) -> io::Result<()> {
        self.block.put_u8(END);
        self.block.put_u64(self.records);
        self.block.put_u64(self.digest.digest());
        self.flush()?;
        self.file.flush()?;
        self.file.get_ref().sync_all()
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        self.digest.update(&self.block);
        self.file.write_all(&u32::try_from(self.block.len()).map_err(io::Error::other)?.to_be_bytes())?;
        self.file.write_all(&crc32c::crc32c(&self.block).to_be_bytes())?;
        self.file.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

fn area_number(area: Area) -> u8 {
    u8::try_from(area.index()).expect("there are four areas")
}

/// Makes the store of the backup `source` in `dir`, which must be empty or not exist.
///
/// Cut short, it leaves a folder that no server opens.
///
/// # Errors
/// `dir` is not empty; `source` is damaged; the disk fails.
pub fn restore(source: &Path, dir: &Path) -> Result<BackupReport, BackupError> {
    let failed = |error| BackupError::Io { path: source.to_owned(), source: error };
    let file = File::open(source).map_err(failed)?;
    let mut reader = Reader { path: source, file: BufReader::new(file), digest: Xxh3::new() };
    let stands = reader.header()?;
    let folder = Folder::open_empty(dir)?;
    let engine = FjallDisk::new(folder.engine_dir(), 8 << 20).open(false)?;
    let (mut records, mut unsynced) = (0, 0);
    loop {
        let digest = reader.digest.digest();
        let block = reader.block()?;
        if block.first() == Some(&END) {
            reader.end(block.slice(1..), records, digest)?;
            break;
        }
        unsynced += block.len();
        let writes = reader.entries(block)?;
        records += writes.len() as u64;
        engine.write(writes)?;
        if unsynced >= SYNC_BYTES {
            engine.sync()?;
            unsynced = 0;
        }
    }
    engine.write(vec![stands.as_write()])?;
    engine.sync()?;
    drop(engine);
    folder.initialise(stands.sequence).map_err(|source| BackupError::Io { path: dir.to_owned(), source })?;
    Ok(BackupReport { sequence: stands.sequence, records })
}

struct Reader<'a> {
    path: &'a Path,
    file: BufReader<File>,
    digest: Xxh3,
}

impl Reader<'_> {
    fn damaged(&self, what: impl Into<String>) -> BackupError {
        BackupError::Damaged { path: self.path.to_owned(), what: what.into() }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.file.read_exact(bytes).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it ends too early"),
            _ => BackupError::Io { path: self.path.to_owned(), source },
        })
    }

    fn header(&mut self) -> Result<CommitRecord, BackupError> {
        let mut magic = [0; MAGIC.len()];
        self.read(&mut magic)?;
        if magic != MAGIC {
            return Err(self.damaged("it does not begin like one of this format"));
        }
        let block = self.block()?;
        match block.split_first() {
            Some((&HEADER, stands)) => CommitRecord::decode(stands).map_err(|what| self.damaged(what)),
            _ => Err(self.damaged("its header is missing")),
        }
    }

    fn block(&mut self) -> Result<Bytes, BackupError> {
        let mut frame = [0; 8];
        self.read(&mut frame)?;
        let mut frame = &frame[..];
        let (length, sum) = (frame.get_u32() as usize, frame.get_u32());
        if length == 0 || length > MAX_BLOCK_BYTES {
            return Err(self.damaged(format!("a block has {length} bytes")));
        }
        let mut block = vec![0; length];
        self.read(&mut block)?;
        if crc32c::crc32c(&block) != sum {
            return Err(self.damaged("a block's checksum is wrong"));
        }
        self.digest.update(&block);
        Ok(block.into())
    }

    fn entries(&self, mut block: Bytes) -> Result<Vec<Write>, BackupError> {
        let number = block.get_u8();
        let area = Area::ALL.into_iter().find(|area| *area != Area::Meta && area_number(*area) == number);
        let area = area.ok_or_else(|| self.damaged(format!("there is a block of the unknown kind {number}")))?;
        let mut writes = Vec::new();
        while !block.is_empty() {
            let lengths = block.try_get_u32().and_then(|key| Ok((key as usize, block.try_get_u32()? as usize)));
            let (key, value) = lengths.map_err(|_| self.damaged("an entry is cut off"))?;
            if key.saturating_add(value) > block.len() {
                return Err(self.damaged("an entry is longer than its block"));
            }
            let (key, value) = (block.split_to(key), block.split_to(value));
            stored::try_take(&key, value.clone()).map_err(|what| self.damaged(what))?;
            writes.push(Write { area, key, value: Some(value) });
        }
        Ok(writes)
    }

    fn end(&mut self, mut block: Bytes, records: u64, digest: u64) -> Result<(), BackupError> {
        if block.len() != 16 || (block.get_u64(), block.get_u64()) != (records, digest) {
            return Err(self.damaged("blocks are missing or in another order"));
        }
        match self.file.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("there is something behind its end")),
            Err(source) => Err(BackupError::Io { path: self.path.to_owned(), source }),
        }
    }
}
