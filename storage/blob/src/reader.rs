use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use tidegate_env::Env;

use crate::layout::{BLOCK, blocks_hold, covering_blocks, read_tail, tail_len};
use crate::{BlobError, BlobRef};

/// One read of the disk: four blocks.
const READ_AT_ONCE: u64 = 4 * BLOCK;

/// An open blob. It stays readable while it is held, also if it is removed meanwhile.
#[derive(Clone)]
pub struct BlobReader {
    env: Env,
    blob: BlobRef,
    open: Arc<Open>,
}

struct Open {
    file: File,
    sums: Vec<u32>,
}

/// The verified content of a range, piece by piece.
pub struct Chunks {
    reader: BlobReader,
    left: Range<u64>,
}

impl BlobReader {
    /// Checks the file's length and its list of checksums. Synchronous.
    pub(crate) fn open(env: Env, blob: BlobRef, file: File) -> Result<BlobReader, BlobError> {
        let corrupt = |what| BlobError::Corrupt { id: blob.id, what };
        let len = file.metadata().map_err(BlobError::io("examine"))?.len();
        let tail_len = tail_len(blob.length);
        if blob.length.checked_add(tail_len) != Some(len) {
            return Err(corrupt("the file has another length"));
        }
        // The file is that long, so this allocates no more than it holds.
        let mut tail = vec![0; tail_len as usize];
        file.read_exact_at(&mut tail, blob.length).map_err(BlobError::io("read"))?;
        let sums = read_tail(&tail, blob.length, blob.checksum).map_err(corrupt)?;
        Ok(BlobReader { env, blob, open: Arc::new(Open { file, sums }) })
    }

    /// The bytes of its content.
    pub fn length(&self) -> u64 {
        self.blob.length
    }

    /// The whole content.
    pub fn all(&self) -> Chunks {
        self.range(0..self.blob.length)
    }

    /// A range of the content; what lies beyond its end is left out.
    pub fn range(&self, range: Range<u64>) -> Chunks {
        let end = range.end.min(self.blob.length);
        Chunks { reader: self.clone(), left: range.start.min(end)..end }
    }

    /// Reads whole blocks, verifies them, and answers the part that was asked for. Synchronous.
    fn read_verified(&self, wanted: Range<u64>) -> Result<Bytes, BlobError> {
        let blocks = covering_blocks(&wanted, self.blob.length);
        let mut bytes = vec![0; (blocks.end - blocks.start) as usize];
        self.open.file.read_exact_at(&mut bytes, blocks.start).map_err(BlobError::io("read"))?;
        if !blocks_hold(&bytes, blocks.start, &self.open.sums) {
            return Err(BlobError::Corrupt { id: self.blob.id, what: "a block has another checksum" });
        }
        let offset = |at: u64| (at - blocks.start) as usize;
        Ok(Bytes::from(bytes).slice(offset(wanted.start)..offset(wanted.end)))
    }
}

impl Chunks {
    /// The next piece, at most 256 KiB; `None` at the end. Every byte of it was verified.
    ///
    /// # Errors
    /// [`BlobError::Corrupt`] if the content is not what was written, or what the disk answers.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        if self.left.is_empty() {
            return Ok(None);
        }
        // Pieces end where blocks end, so that no block is read twice.
        let end = ((self.left.start / BLOCK * BLOCK) + READ_AT_ONCE).min(self.left.end);
        let wanted = self.left.start..end;
        let reader = self.reader.clone();
        let bytes = self.reader.env.run_blocking(move || reader.read_verified(wanted)).await?;
        self.left.start = end;
        Ok(Some(bytes))
    }

    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        self.left.end - self.left.start
    }
}
