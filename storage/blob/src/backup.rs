//! Blobs beside a backup of their store, and back.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::disk::make_folder;
use crate::{BlobError, BlobId, Blobs};

/// While it lives, removed blobs stay. To be ended by [`Pin::release`]; what it would remove is otherwise left to
/// the sweep.
#[must_use]
pub struct Pin {
    blobs: Blobs,
}

impl Blobs {
    /// Keeps every blob that is there, removed ones too, for as long as the pin lives.
    pub fn pin(&self) -> Pin {
        self.pinned.lock().pins += 1;
        Pin { blobs: self.clone() }
    }

    /// Whether a removal must wait.
    pub(crate) fn is_deferred(&self, id: BlobId) -> bool {
        let mut pinned = self.pinned.lock();
        if pinned.pins > 0 {
            pinned.removed.push(id);
        }
        pinned.pins > 0
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl Pin {
    /// Lets go, and makes up for the removals that waited, unless somebody else keeps blobs too.
    ///
    /// # Errors
    /// What the disk answers; what stays is found by the sweep.
    pub async fn release(self) -> Result<(), BlobError> {
        let blobs = self.blobs.clone();
        drop(self);
        let removed = blobs.pinned.lock().take_due();
        for id in removed {
            blobs.remove(id).await?;
        }
        Ok(())
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.blobs.pinned.lock().pins -= 1;
    }
}

/// Who wants everything to stay, and what was to be removed meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Pinned {
    pins: usize,
    removed: Vec<BlobId>,
}

impl Pinned {
    fn take_due(&mut self) -> Vec<BlobId> {
        if self.pins > 0 { Vec::new() } else { std::mem::take(&mut self.removed) }
    }
}

/// Takes every blob under `from` over into the new folder `to`, durably: as a second name of the same file where
/// the file system can, as a copy elsewhere. Blobs are never changed, so either will do. Returns how many there
/// were. Synchronous.
///
/// # Errors
/// What the disk answers; `to` must not exist.
pub fn copy_all(from: &Path, to: &Path) -> io::Result<u64> {
    fs::create_dir(to)?;
    let mut count = 0;
    if !from.try_exists()? {
        return Ok(0);
    }
    for folder in fs::read_dir(from)? {
        let folder = folder?;
        let name = folder.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.len() == 2 && u8::from_str_radix(name, 16).is_ok());
        if !is_ours {
            continue;
        }
        let target = to.join(&name);
        make_folder(&target)?;
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            if file.file_name().to_str().is_some_and(|name| name.parse::<BlobId>().is_ok()) {
                take_over(&file.path(), &target.join(file.file_name()))?;
                count += 1;
            }
        }
        File::open(&target)?.sync_all()?;
    }
    File::open(to)?.sync_all()?;
    Ok(count)
}

fn take_over(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        // Removed since it was listed: nothing that is backed up refers to it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => {
            fs::copy(from, to)?;
            File::open(to)?.sync_all()
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tidegate_env::Env;

    use super::*;
    use crate::Expected;

    #[tokio::test]
    async fn blobs_are_taken_along_and_removals_wait() {
        let folder = tempfile::TempDir::new().unwrap();
        let blobs = Blobs::open(folder.path().join("blobs"), Env::real()).await.unwrap();
        let mut upload = blobs.upload(Expected::default()).await.unwrap();
        upload.push(Bytes::from_static(b"content")).await.unwrap();
        let blob = upload.finish().await.unwrap();
        let pin = blobs.pin();
        blobs.remove(blob.id).await.unwrap();
        blobs.verify(blob).await.unwrap();
        let copy = folder.path().join("copy");
        assert_eq!(copy_all(blobs.root(), &copy).unwrap(), 1);
        pin.release().await.unwrap();
        assert!(blobs.verify(blob).await.is_err());
        let restored = Blobs::open(copy, Env::real()).await.unwrap();
        restored.verify(blob).await.unwrap();
    }
}
