use std::io;

use tidegate_types::ErrorKind;

use crate::BlobId;

/// Why a blob could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// A referenced file is not there.
    #[error("the file of blob {0} is missing")]
    Missing(BlobId),
    /// A file is not what was written.
    #[error("blob {id} is corrupt: {what}")]
    Corrupt {
        /// Which.
        id: BlobId,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The upload is not what its sender announced. Nothing of it is left.
    #[error("the body does not match its announced {0:?}")]
    Mismatch(Mismatch),
    /// The upload is larger than [`crate::MAX_BLOB`]. Nothing of it is left.
    #[error("a body is at most {limit} bytes")]
    TooLarge {
        /// The most there may be.
        limit: u64,
    },
    /// The disk is full. Nothing of the upload is left.
    #[error("no space left on the disk: free some, then try again")]
    DiskFull,
    /// The operating system refused. Nothing is left of an upload.
    #[error("could not {action} a blob's file: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Its answer.
        source: io::Error,
    },
}

/// What was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The number of bytes.
    Length,
    /// The CRC-32C of the content.
    Crc32c,
    /// The SHA-256 of the content.
    Sha256,
}

impl BlobError {
    /// What the error means to its caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            BlobError::Missing(_) | BlobError::Corrupt { .. } => ErrorKind::Corrupt,
            BlobError::Mismatch(_) | BlobError::TooLarge { .. } => ErrorKind::Invalid,
            BlobError::DiskFull | BlobError::Io { .. } => ErrorKind::Unavailable,
        }
    }

    /// Names what was tried.
    pub(crate) fn io(action: &'static str) -> impl FnOnce(io::Error) -> BlobError {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::DiskFull,
            _ => BlobError::Io { action, source },
        }
    }
}
