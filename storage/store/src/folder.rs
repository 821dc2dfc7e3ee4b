//! The data folder: who owns it, which format it has, and how far it has been acknowledged.
//!
//! ```text
//! LOCK      locked by the process that has the folder open; holds its number
//! FORMAT    the version of the format, as text
//! MARKER    the last acknowledged commit; on the disk it is up to a second old
//! IN_DOUBT  a sync has failed, and the store has not recovered since
//! engine/   the engine's files
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::marker::Marker;
use crate::{OpenError, Sequence, platform, stored};

/// An open data folder, owned by this process until it is released or dropped.
pub(crate) struct Folder {
    dir: PathBuf,
    lock: Mutex<Option<File>>,
}

impl Folder {
    /// Takes the folder for this process, creating it if need be, and brings it to our format.
    pub(crate) fn open(dir: &Path) -> Result<Folder, OpenError> {
        let failed = |what| move |source| OpenError::Io { what, source };
        platform::create_private_folder(dir).map_err(failed("creating the data folder"))?;
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
        platform::create_private_folder(dir).map_err(failed("creating the target folder"))?;
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
        platform::sync_folder(&self.dir)
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
        platform::sync_folder(&self.dir)
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

/// What a folder occupies, holes not counted.
pub(crate) fn disk_bytes(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += disk_bytes(&entry.path())?,
            Ok(metadata) => bytes += platform::occupied_bytes(&metadata),
            // A table that was compacted away in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
