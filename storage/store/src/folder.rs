//! The data folder: who owns it, which format it has, and how far it has been acknowledged.
//!
//! ```text
//! LOCK      locked by the process that has the folder open; holds its number
//! FORMAT    the version of the format, as text
//! MARKER    the last acknowledged commit, as of a second ago
//! IN_DOUBT  a sync has failed, and the store has not recovered since
//! engine/   the engine's files
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::{OpenError, Sequence, stored};

/// An open data folder, owned by this process until it is released or dropped.
pub(crate) struct Folder {
    dir: PathBuf,
    lock: Mutex<Option<File>>,
}

impl Folder {
    /// Takes the folder for this process, creating it if need be, and brings it to our format.
    pub(crate) fn open(dir: &Path) -> Result<Folder, OpenError> {
        let failed = |what| move |source| OpenError::Io { what, source };
        fs::create_dir_all(dir).map_err(failed("creating the data folder"))?;
        let lock = take_lock(dir)?;
        let folder = Folder { dir: dir.to_owned(), lock: Mutex::new(Some(lock)) };
        match read_format(dir)? {
            None => {
                if folder.engine_dir().exists() {
                    let what =
                        "there are engine files but no FORMAT file: a restore may have been cut short".to_owned();
                    return Err(OpenError::Corrupt { what });
                }
                folder.initialise(Sequence(0)).map_err(failed("creating the data folder"))?;
            }
            Some(stored::FORMAT) => {}
            Some(found) if found > stored::FORMAT => {
                return Err(OpenError::NewerFormat { dir: dir.to_owned(), found, supported: stored::FORMAT });
            }
            Some(found) => migrate(&folder, found)?,
        }
        Ok(folder)
    }

    /// Takes a folder that is empty or does not exist. It becomes a data folder, and can be opened as
    /// one, only by [`Folder::initialise`].
    pub(crate) fn open_empty(dir: &Path) -> Result<Folder, OpenError> {
        let failed = |what| move |source| OpenError::Io { what, source };
        fs::create_dir_all(dir).map_err(failed("creating the target folder"))?;
        if fs::read_dir(dir).map_err(failed("reading the target folder"))?.next().is_some() {
            return Err(OpenError::NotEmpty { dir: dir.to_owned() });
        }
        Ok(Folder { dir: dir.to_owned(), lock: Mutex::new(Some(take_lock(dir)?)) })
    }

    /// Declares that the folder holds a store with all commits up to `acknowledged`.
    pub(crate) fn initialise(&self, acknowledged: Sequence) -> io::Result<()> {
        Marker::create(&self.dir, acknowledged)?;
        let fresh = self.dir.join("FORMAT.new");
        let mut file = File::create(&fresh)?;
        writeln!(file, "tidegate {}", stored::FORMAT)?;
        file.sync_all()?;
        fs::rename(&fresh, self.dir.join("FORMAT"))?;
        File::open(&self.dir)?.sync_all()
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn engine_dir(&self) -> PathBuf {
        self.dir.join("engine")
    }

    pub(crate) fn marker(&self) -> Result<Marker, OpenError> {
        Marker::open(&self.dir)
    }

    pub(crate) fn is_in_doubt(&self) -> bool {
        self.dir.join("IN_DOUBT").exists()
    }

    pub(crate) fn set_in_doubt(&self, doubt: bool) -> io::Result<()> {
        let note = self.dir.join("IN_DOUBT");
        match (doubt, note.try_exists()?) {
            (true, false) => drop(File::create(note)?),
            (false, true) => fs::remove_file(note)?,
            (true, true) | (false, false) => return Ok(()),
        }
        File::open(&self.dir)?.sync_all()
    }

    /// Lets another process have the folder.
    pub(crate) fn release(&self) {
        self.lock.lock().take();
    }
}

fn take_lock(dir: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Io { what: "locking the data folder", source };
    let path = dir.join("LOCK");
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(source)) => return Err(failed(source)),
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            file.read_to_string(&mut owner).map_err(failed)?;
            return Err(OpenError::InUse { dir: dir.to_owned(), owner: owner.trim().parse().ok() });
        }
    }
    file.set_len(0).map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

fn read_format(dir: &Path) -> Result<Option<u32>, OpenError> {
    let text = match fs::read_to_string(dir.join("FORMAT")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(OpenError::Io { what: "reading the FORMAT file", source }),
    };
    let version = text.trim().strip_prefix("tidegate ").and_then(|version| version.parse().ok());
    version.map(Some).ok_or_else(|| OpenError::Corrupt { what: format!("the FORMAT file says {text:?}") })
}

type Migration = fn(&Folder) -> Result<(), OpenError>;

/// The way from each older format to the next: `MIGRATIONS[n]` leads from format `n + 1` to `n + 2`.
const MIGRATIONS: [Migration; stored::FORMAT as usize - 1] = [];

fn migrate(folder: &Folder, found: u32) -> Result<(), OpenError> {
    let passed = usize::try_from(found).ok().and_then(|found| found.checked_sub(1));
    let Some(passed) = passed else {
        return Err(OpenError::Corrupt { what: format!("there never was a format {found}") });
    };
    MIGRATIONS[passed..].iter().try_for_each(|migration| migration(folder))
}

/// The last acknowledged commit, in a file of its own.
///
/// It is written in place, into two slots by turns: a torn write leaves the other one. That it is
/// up to a second old only makes it a weaker bound.
pub(crate) struct Marker {
    file: File,
    sequence: Sequence,
    next_slot: u64,
}

/// Slots lie in different blocks of the disk.
const SLOT_BYTES: u64 = 4096;

impl Marker {
    fn create(dir: &Path, acknowledged: Sequence) -> io::Result<()> {
        let file = File::create(dir.join("MARKER"))?;
        file.set_len(2 * SLOT_BYTES)?;
        let mut marker = Marker { file, sequence: acknowledged, next_slot: 0 };
        marker.write(acknowledged)?;
        marker.file.sync_all()
    }

    fn open(dir: &Path) -> Result<Marker, OpenError> {
        let failed = |source| OpenError::Io { what: "opening the MARKER file", source };
        let file = OpenOptions::new().read(true).write(true).open(dir.join("MARKER")).map_err(failed)?;
        let mut newest: Option<(Sequence, u64)> = None;
        for slot in 0..2 {
            let mut bytes = [0; 12];
            file.read_exact_at(&mut bytes, slot * SLOT_BYTES).map_err(failed)?;
            if let Some(sequence) = decode_slot(&bytes)
                && newest.is_none_or(|(other, _)| sequence > other)
            {
                newest = Some((sequence, slot));
            }
        }
        let Some((sequence, slot)) = newest else {
            return Err(OpenError::Corrupt { what: "both slots of the MARKER file are damaged".to_owned() });
        };
        Ok(Marker { file, sequence, next_slot: 1 - slot })
    }

    pub(crate) fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Notes that everything up to `sequence` has been acknowledged.
    pub(crate) fn write(&mut self, sequence: Sequence) -> io::Result<()> {
        let number = sequence.0.to_be_bytes();
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&number);
        bytes[8..].copy_from_slice(&crc32c::crc32c(&number).to_be_bytes());
        self.file.write_all_at(&bytes, self.next_slot * SLOT_BYTES)?;
        self.file.sync_data()?;
        self.sequence = sequence;
        self.next_slot = 1 - self.next_slot;
        Ok(())
    }
}

fn decode_slot(bytes: &[u8; 12]) -> Option<Sequence> {
    let (number, sum) = bytes.split_first_chunk::<8>()?;
    // A slot of zeros was never written; its checksum would be that of zeros, which is not zero.
    (crc32c::crc32c(number).to_be_bytes() == *sum).then_some(Sequence(u64::from_be_bytes(*number)))
}

/// What a folder occupies, holes not counted.
pub(crate) fn disk_bytes(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += disk_bytes(&entry.path())?,
            Ok(metadata) => bytes += metadata.blocks() * 512,
            // A table that was compacted away in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
