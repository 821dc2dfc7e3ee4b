//! Code: zip files as they were uploaded, and the folders that functions run from.
//!
//! Zip files lie in the store. The folder that one is unpacked into is a cache, named by the file's SHA-256: it
//! is made when the file comes, and made anew if it is gone. Nothing in the cache is synced, so none of it is
//! used after the machine has started again: a cut of power may have left files half written.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tidegate_env::Env;
use tidegate_store::Store;

use crate::domain::{BadZip, MAX_UNZIPPED_BYTES, hex, unpack};
use crate::error::Error;
use crate::store::{Code, read_code};

/// A zip file that has arrived and been unpacked.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub sha256: [u8; 32],
    pub zip: Bytes,
    pub size: u64,
    pub unzipped: u64,
}

/// Zip files and folders.
pub(crate) struct Codes {
    env: Env,
    store: Arc<dyn Store>,
    folders: PathBuf,
    /// Unpacking of one file happens once at a time.
    unpacking: Mutex<HashMap<[u8; 32], Arc<tokio::sync::Mutex<()>>>>,
}

impl Codes {
    /// In a folder, which is made.
    pub(crate) async fn open(env: Env, store: Arc<dyn Store>, root: &Path) -> Result<Codes, Error> {
        let all = root.join("unpacked");
        let folders = all.join(boot(&env));
        let made = folders.clone();
        let prepare = move || {
            std::fs::create_dir_all(&made)?;
            remove_others(&all, &HashSet::from([made]))
        };
        env.run_blocking(prepare).await.map_err(|error| Error::Disk(error.to_string()))?;
        Ok(Codes { env, store, folders, unpacking: Mutex::default() })
    }

    /// Takes a zip file and unpacks it. The caller keeps it.
    pub(crate) async fn take(&self, zip: Bytes) -> Result<Arrived, Error> {
        let bytes = zip.clone();
        let sha256 = self.env.run_blocking(move || <[u8; 32]>::from(Sha256::digest(&bytes))).await;
        let (_, unzipped) = self.unpacked(sha256, zip.clone()).await?;
        Ok(Arrived { sha256, size: zip.len() as u64, zip, unzipped })
    }

    /// The folder that a version's code runs from, and what is part of its identity besides the version: for
    /// a folder of the user's own, when something in it last changed.
    pub(crate) async fn folder(&self, function: u64, code: &Code) -> Result<(PathBuf, String), Error> {
        let sha256 = match code {
            Code::Folder(path) => {
                let path = PathBuf::from(path);
                let looked = path.clone();
                let changed = self.env.run_blocking(move || newest(&looked)).await;
                let changed = changed.map_err(|error| Error::CannotRun(format!("{}: {error}", path.display())))?;
                return Ok((path, changed));
            }
            Code::Zip(sha256) => *sha256,
            // An image has its files in itself.
            Code::Image(image) if image.id.is_empty() => {
                return Err(Error::CannotRun(format!("its image {} is not here yet", image.uri)));
            }
            Code::Image(image) => return Ok((PathBuf::new(), image.id.clone())),
        };
        let folder = self.folder_of(&sha256);
        if folder.is_dir() {
            return Ok((folder, String::new()));
        }
        let zip = self.zip(function, &sha256).await?;
        Ok((self.unpacked(sha256, zip).await?.0, String::new()))
    }

    /// A zip file as it was uploaded.
    pub(crate) async fn zip(&self, function: u64, sha256: &[u8; 32]) -> Result<Bytes, Error> {
        let found = read_code(&*self.store.snapshot()?, function, sha256).await?;
        found.ok_or_else(|| Error::CannotRun("its code is gone from the data folder".to_owned()))
    }

    /// Removes what was unpacked of files that nothing runs from, and what a crash left half unpacked. Only while
    /// nobody takes files.
    pub(crate) async fn sweep(&self, used: Vec<[u8; 32]>) -> Result<(), Error> {
        let used: HashSet<PathBuf> = used.iter().map(|sum| self.folder_of(sum)).collect();
        let folders = self.folders.clone();
        let swept = self.env.run_blocking(move || remove_others(&folders, &used)).await;
        swept.map_err(|error| Error::Disk(error.to_string()))
    }

    fn folder_of(&self, sha256: &[u8; 32]) -> PathBuf {
        self.folders.join(hex(sha256))
    }

    /// Unpacks a file unless it has been, and returns the folder and the bytes of its files.
    async fn unpacked(&self, sha256: [u8; 32], zip: Bytes) -> Result<(PathBuf, u64), Error> {
        let turn = self.unpacking.lock().entry(sha256).or_default().clone();
        let held = turn.lock().await;
        let folder = self.folder_of(&sha256);
        let place = folder.clone();
        let fresh = self.folders.join(format!("new-{}", self.env.uuid().simple()));
        let unpacked = self.env.run_blocking(move || unpack_once(zip, &fresh, &place)).await;
        drop(held);
        self.unpacking.lock().retain(|_, turn| Arc::strong_count(turn) > 1);
        Ok((folder, unpacked.map_err(Error::Zip)?))
    }
}

/// Which start of the machine this is; every start of the server, where the system does not say.
fn boot(env: &Env) -> String {
    let said = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    said.map_or_else(|_| env.uuid().to_string(), |id| id.trim().to_owned())
}

/// Removes the folders in a folder that are not `used`. One that cannot be removed is only said.
fn remove_others(folders: &Path, used: &HashSet<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folders)? {
        let path = entry?.path();
        if !used.contains(&path)
            && let Err(error) = std::fs::remove_dir_all(&path)
        {
            tracing::warn!(%error, folder = %path.display(), "unpacked code that nothing uses could not be removed");
        }
    }
    Ok(())
}

/// A folder is there whole or not at all: it is made beside its place, and renamed.
fn unpack_once(zip: Bytes, fresh: &Path, place: &Path) -> Result<u64, BadZip> {
    if place.is_dir() {
        return size_of(place).map_err(BadZip::Disk);
    }
    std::fs::create_dir_all(fresh).map_err(BadZip::Disk)?;
    let unpacked = unpack(Cursor::new(zip), fresh, MAX_UNZIPPED_BYTES)
        .and_then(|bytes| std::fs::rename(fresh, place).map(|()| bytes).map_err(BadZip::Disk));
    if unpacked.is_err()
        && let Err(error) = std::fs::remove_dir_all(fresh)
    {
        tracing::warn!(%error, folder = %fresh.display(), "what was unpacked of a bad zip file could not be removed");
    }
    unpacked
}

/// The bytes of all files in a folder.
fn size_of(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        bytes += if kind.is_dir() { size_of(&entry.path())? } else { kind.len() };
    }
    Ok(bytes)
}

/// When something in a folder last changed, as a text that differs if anything has.
fn newest(folder: &Path) -> std::io::Result<String> {
    fn look(folder: &Path, latest: &mut SystemTime, files: &mut u64) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let found = entry.metadata()?;
            *files += 1;
            *latest = (*latest).max(found.modified()?);
            if found.is_dir() {
                look(&entry.path(), latest, files)?;
            }
        }
        Ok(())
    }
    let (mut latest, mut files) = (SystemTime::UNIX_EPOCH, 0);
    look(folder, &mut latest, &mut files)?;
    let since = latest.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{}-{files}", since.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_nothing_uses_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let [used, unused] = ["used", "new-1"].map(|name| root.path().join(name));
        for folder in [&used, &unused] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("index.py"), "").unwrap();
        }
        remove_others(root.path(), &HashSet::from([used.clone()])).unwrap();
        assert!(used.join("index.py").exists() && !unused.exists());
    }
}
