use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tidegate_types::ErrorKind;

use crate::Space;

/// Why the store could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store is closed, out of disk, or being reopened after a failed sync. Clients see 503.
    #[error("the store is not available: {reason}")]
    Unavailable {
        /// What happened and what mends it.
        reason: Arc<str>,
    },
    /// Stored bytes are not what was written.
    #[error("{space:?} record {key:02x?} is corrupt: {what}")]
    Corrupt {
        /// Where.
        space: Space,
        /// Which key.
        key: Bytes,
        /// What is wrong with it.
        what: Arc<str>,
    },
    /// The engine failed to read.
    #[error("the storage engine failed: {0}")]
    Engine(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// What the error means to its caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            StoreError::Unavailable { .. } | StoreError::Engine(_) => ErrorKind::Unavailable,
            StoreError::Corrupt { .. } => ErrorKind::Corrupt,
        }
    }
}

/// Why a batch did not commit.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A check failed: another writer was first. Nothing was written.
    #[error("another writer changed {space:?} record {key:02x?} first")]
    Conflict {
        /// Where.
        space: Space,
        /// Which key.
        key: Bytes,
    },
    /// The batch is larger than [`tidegate_types::limits::MAX_BATCH`], or one of its keys longer than
    /// 65,535 bytes. Nothing was written.
    #[error("a batch or key of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The store could not be read or is not available. If the batch had been accepted, whether it
    /// will be there after the store has recovered is not known: the client must not be told
    /// either way.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommitError {
    /// What the error means to its caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            CommitError::Conflict { .. } => ErrorKind::Conflict,
            CommitError::TooLarge { .. } => ErrorKind::Invalid,
            CommitError::Store(error) => error.kind(),
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the data folder {} is in use by {}; stop it first, or choose another folder", dir.display(), match owner {
        Some(owner) => format!("process {owner}"),
        None => "another process".to_owned(),
    })]
    InUse {
        /// The folder.
        dir: PathBuf,
        /// The number of that process.
        owner: Option<u32>,
    },
    /// A newer release wrote it.
    #[error(
        "the data folder {} has format {found}, but this release knows only up to {supported}; use the newer release",
        dir.display()
    )]
    NewerFormat {
        /// The folder.
        dir: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that we know.
        supported: u32,
    },
    /// Commits are missing that were acknowledged: files were cut off or replaced by older ones.
    #[error(
        "the journal in {} is truncated: it ends at commit {}, but commit {} was acknowledged; restore a backup, or \
         open it with --accept-loss to go on without the missing commits",
        dir.display(), found.0, acknowledged.0
    )]
    LostCommits {
        /// The folder.
        dir: PathBuf,
        /// The last commit that is there.
        found: crate::Sequence,
        /// The last one known to have been acknowledged.
        acknowledged: crate::Sequence,
    },
    /// The journal is damaged before its end: commits cannot be read that were acknowledged.
    #[error(
        "the journal {} is damaged at byte {offset}: acknowledged commits behind commit {} cannot be read{}; restore \
         a backup, or open it with --accept-loss to go on without them",
        file.display(), before.0, match behind {
            Some(behind) => format!(", and what follows up to commit {} cannot be used without them", behind.0),
            None => String::new(),
        }
    )]
    DamagedJournal {
        /// Which file.
        file: PathBuf,
        /// Where in it the damage begins.
        offset: u64,
        /// The last commit before the damage that the journals still hold; 0 if there is none.
        before: crate::Sequence,
        /// The last commit behind it that can be read.
        behind: Option<crate::Sequence>,
    },
    /// A backup is restored to an empty folder only.
    #[error("the folder {} is not empty; choose another one", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// It is damaged.
    #[error("the data folder is damaged: {what}; restore a backup")]
    Corrupt {
        /// What is wrong.
        what: String,
    },
    /// The operating system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What it answered.
        source: std::io::Error,
    },
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] crate::engine::EngineError),
    /// What the engine holds cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
