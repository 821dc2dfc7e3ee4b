use std::fs::File;
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::disk::Disk;
use crate::layout::{BlockSums, MAX_BLOB, tail_len};
use crate::{BlobError, BlobId, BlobRef, Expected, Mismatch};

/// So much room is made at once for a body of known length. Not all of it: who announces gigabytes and sends
/// nothing shall not fill the disk.
const RESERVE: u64 = 32 * 1024 * 1024;

/// The disk is told to begin with what was written whenever it is this much.
const WRITE_BACK: u64 = 4 * 1024 * 1024;

/// A file that is being written. Synchronous: it lives on blocking threads. Dropping it removes the
/// file, so that a cut upload leaves nothing.
pub(crate) struct Partial {
    disk: Disk,
    file: File,
    id: BlobId,
    temporary: PathBuf,
    folder: PathBuf,
    expected: Expected,
    sums: BlockSums,
    crc32c: u32,
    sha256: Option<Sha256>,
    /// Where the room ends that was made.
    reserved: u64,
    /// Where that ends which the disk was told to begin with.
    begun: u64,
    /// Where the file lies now; `None` once it belongs to its reference.
    to_remove: Option<PathBuf>,
}

impl Partial {
    pub(crate) fn create(
        disk: Disk,
        root: &std::path::Path,
        id: BlobId,
        expected: Expected,
    ) -> Result<Self, BlobError> {
        if expected.length.is_some_and(|length| length > MAX_BLOB) {
            return Err(BlobError::TooLarge { limit: MAX_BLOB });
        }
        let temporary = root.join("tmp").join(id.to_string());
        let file = disk.create(&temporary).map_err(BlobError::io("create"))?;
        Ok(Partial {
            disk,
            file,
            id,
            folder: root.join(format!("{:02x}", id.folder())),
            expected,
            sums: BlockSums::default(),
            crc32c: 0,
            sha256: expected.sha256.map(|_| Sha256::new()),
            reserved: 0,
            begun: 0,
            to_remove: Some(temporary.clone()),
            temporary,
        })
    }

    pub(crate) fn write(&mut self, pieces: &[Bytes]) -> Result<(), BlobError> {
        let start = self.sums.length();
        let end = start + pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        if end > MAX_BLOB {
            return Err(BlobError::TooLarge { limit: MAX_BLOB });
        }
        // Before the disk is filled with what will be refused anyway.
        if self.expected.length.is_some_and(|expected| end > expected) {
            return Err(BlobError::Mismatch(Mismatch::Length));
        }
        self.reserve(end).map_err(BlobError::io("make room for"))?;
        self.disk.write(&mut self.file, pieces).map_err(BlobError::io("write"))?;
        for piece in pieces {
            self.sums.push(piece);
            if self.expected.crc32c.is_some() {
                self.crc32c = crc32c::crc32c_append(self.crc32c, piece);
            }
            if let Some(sha256) = &mut self.sha256 {
                sha256.update(piece);
            }
        }
        if end - self.begun >= WRITE_BACK {
            self.disk.write_back(&self.file, self.begun..end).map_err(BlobError::io("write"))?;
            self.begun = end;
        }
        Ok(())
    }

    /// Makes room up to `end` and beyond, if it is known how far the file will go and that is far.
    fn reserve(&mut self, end: u64) -> io::Result<()> {
        let Some(length) = self.expected.length.filter(|length| *length >= WRITE_BACK && end > self.reserved) else {
            return Ok(());
        };
        let whole = length + tail_len(length);
        let until = whole.min(end + RESERVE);
        self.disk.reserve(&self.file, self.reserved..until)?;
        self.reserved = until;
        Ok(())
    }

    fn check(&mut self) -> Result<(), BlobError> {
        let Expected { length, crc32c, sha256 } = self.expected;
        if length.is_some_and(|length| length != self.sums.length()) {
            return Err(BlobError::Mismatch(Mismatch::Length));
        }
        if crc32c.is_some_and(|crc32c| crc32c != self.crc32c) {
            return Err(BlobError::Mismatch(Mismatch::Crc32c));
        }
        let digest = self.sha256.take().map(|sha256| <[u8; 32]>::from(sha256.finalize()));
        if digest != sha256 {
            return Err(BlobError::Mismatch(Mismatch::Sha256));
        }
        Ok(())
    }

    /// Makes the file durable in its place. After a failed sync nothing is synced again: the file is
    /// given up.
    pub(crate) fn finish(mut self) -> Result<BlobRef, BlobError> {
        self.check()?;
        let length = self.sums.length();
        let (tail, checksum) = std::mem::take(&mut self.sums).finish();
        self.disk.write(&mut self.file, &[tail.into()]).map_err(BlobError::io("write"))?;
        self.disk.sync(&self.file).map_err(BlobError::io("sync"))?;
        let place = self.folder.join(self.id.to_string());
        self.disk.rename(&self.temporary, &place, &self.folder).map_err(BlobError::io("rename"))?;
        self.to_remove = Some(place);
        self.disk.sync_folder(&self.folder).map_err(BlobError::io("sync the folder of"))?;
        self.to_remove = None;
        Ok(BlobRef { id: self.id, length, checksum })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let Some(path) = self.to_remove.take() else { return };
        if let Err(error) = self.disk.remove(&path) {
            // The next start empties `tmp`, the sweep finds the rest; until then it takes space.
            tracing::warn!(path = %path.display(), %error, "could not remove a file that is not needed");
        }
    }
}
