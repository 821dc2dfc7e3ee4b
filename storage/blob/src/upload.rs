use bytes::Bytes;
use tidegate_env::Env;

use crate::partial::Partial;
use crate::{BlobError, BlobRef};

/// Pieces are collected up to this many bytes before a blocking thread writes them.
const WRITE_AT_ONCE: usize = 256 * 1024;

/// What the sender announced, checked when the upload is finished.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    /// The number of bytes.
    pub length: Option<u64>,
    /// The CRC-32C of the content.
    pub crc32c: Option<u32>,
    /// The SHA-256 of the content; computed only if it is here.
    pub sha256: Option<[u8; 32]>,
}

/// A body on its way in. Dropped, or after any error, nothing of it is left.
pub struct Upload {
    env: Env,
    /// Absent after an error, and while a blocking thread has it.
    partial: Option<Partial>,
    pending: Vec<Bytes>,
    pending_bytes: usize,
}

impl Upload {
    pub(crate) fn new(env: Env, partial: Partial) -> Upload {
        Upload { env, partial: Some(partial), pending: Vec::new(), pending_bytes: 0 }
    }

    /// Takes the next piece. Pieces may be of any size; at most 256 KiB and one
    /// piece wait in memory.
    ///
    /// # Errors
    /// [`BlobError::Mismatch`] or [`BlobError::TooLarge`] as soon as there are too many bytes, or
    /// what the disk answers. The upload is over then.
    pub async fn push(&mut self, piece: Bytes) -> Result<(), BlobError> {
        if piece.is_empty() {
            return Ok(());
        }
        self.pending_bytes += piece.len();
        self.pending.push(piece);
        if self.pending_bytes >= WRITE_AT_ONCE { self.write_pending().await } else { Ok(()) }
    }

    /// Takes pieces that were collected elsewhere, and writes them at once.
    ///
    /// # Errors
    /// As [`Upload::push`].
    pub async fn write(&mut self, pieces: Vec<Bytes>) -> Result<(), BlobError> {
        self.pending.extend(pieces);
        self.write_pending().await
    }

    async fn write_pending(&mut self) -> Result<(), BlobError> {
        let mut partial = self.take()?;
        let pieces = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        // If this future is dropped, the thread still ends, and drops the file with its answer.
        let written = self.env.run_blocking(move || partial.write(&pieces).map(|()| partial)).await?;
        self.partial = Some(written);
        Ok(())
    }

    fn take(&mut self) -> Result<Partial, BlobError> {
        let ended = || std::io::Error::other("the upload failed before, or was cut off");
        self.partial.take().ok_or_else(|| BlobError::io("continue")(ended()))
    }

    /// Makes the body durable. The reference must be committed within
    /// [`crate::UNREFERENCED_GRACE`], or the sweep takes the file for garbage.
    ///
    /// # Errors
    /// [`BlobError::Mismatch`] if it is not what was announced, or what the disk answers.
    pub async fn finish(mut self) -> Result<BlobRef, BlobError> {
        let mut partial = self.take()?;
        let pieces = std::mem::take(&mut self.pending);
        self.env.run_blocking(move || partial.write(&pieces).and_then(|()| partial.finish())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blobs, Step};
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tidegate_types::Timestamp;

    /// `ENOSPC` and `EIO`.
    const ERRORS: [i32; 2] = [28, 5];

    async fn store(blobs: &Blobs) -> Result<BlobRef, BlobError> {
        let mut upload = blobs.upload(Expected::default()).await?;
        for _ in 0..12 {
            upload.push(Bytes::from_static(&[7; 50_000])).await?;
        }
        upload.finish().await
    }

    fn count_files(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
    }

    #[tokio::test]
    async fn a_failure_at_any_step_leaves_nothing_and_nothing_is_synced_twice() {
        let folder = tempfile::TempDir::new().unwrap();
        let steps = [Step::Create, Step::Write, Step::Sync, Step::Rename, Step::SyncFolder];
        for (failing, number) in steps.into_iter().flat_map(|step| ERRORS.map(|number| (step, number))) {
            let syncs = Arc::new(AtomicUsize::new(0));
            let counted = syncs.clone();
            let hook = move |step| {
                counted.fetch_add(usize::from(step == Step::Sync), Ordering::Relaxed);
                if step == failing { Err(io::Error::from_raw_os_error(number)) } else { Ok(()) }
            };
            let env = Env::manual(1, Timestamp::EPOCH).0;
            let blobs = Blobs::open_with_hook(folder.path().join("blobs"), env, Arc::new(hook)).await.unwrap();
            let error = store(&blobs).await.unwrap_err();
            assert_eq!(matches!(error, BlobError::DiskFull), number == 28, "{failing:?}: {error}");
            assert_eq!(count_files(folder.path()), 0, "{failing:?}");
            assert!(syncs.load(Ordering::Relaxed) <= 1, "{failing:?}");
        }
    }

    #[tokio::test]
    async fn a_disk_that_fills_up_in_the_middle_leaves_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let writes = AtomicUsize::new(0);
        let hook = move |step| match step {
            Step::Write if writes.fetch_add(1, Ordering::Relaxed) == 1 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        };
        let env = Env::manual(1, Timestamp::EPOCH).0;
        let blobs = Blobs::open_with_hook(folder.path(), env, Arc::new(hook)).await.unwrap();
        assert!(matches!(store(&blobs).await, Err(BlobError::DiskFull)));
        assert_eq!(count_files(folder.path()), 0);
        store(&blobs).await.unwrap();
        assert_eq!(count_files(folder.path()), 1, "once there is room again, uploads succeed");
    }
}
