//! What lies under the committer: ordered bytes, written in atomic batches, synced on demand.
//!
//! An engine knows nothing of versions, checks or positions. Writes and syncs come from the commit
//! thread only, and may block; snapshots are read from anywhere.

mod fjall;
pub(crate) mod journal;
pub(crate) mod manifest;
pub mod memory;
mod preallocate;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

pub use self::fjall::FjallDisk;
use crate::{KeyRange, Order, Space, StoreError};

/// The parts of an engine: the three key spaces, and one for the store's own records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// A key space of the store.
    Space(Space),
    /// The store's own records: where it stands.
    Meta,
}

impl Area {
    /// All of them.
    pub const ALL: [Area; 4] =
        [Area::Space(Space::Map), Area::Space(Space::Queue), Area::Space(Space::Log), Area::Meta];

    pub(crate) fn index(self) -> usize {
        match self {
            Area::Space(Space::Map) => 0,
            Area::Space(Space::Queue) => 1,
            Area::Space(Space::Log) => 2,
            Area::Meta => 3,
        }
    }

    /// The name of its folder, metric label and line in reports.
    pub fn name(self) -> &'static str {
        ["map", "queue", "log", "meta"][self.index()]
    }
}

/// One write to an engine. A batch holds at most one for each key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Where.
    pub area: Area,
    /// Under which key.
    pub key: Bytes,
    /// What; `None` deletes.
    pub value: Option<Bytes>,
}

/// Why an engine did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// There is no room. What was written before is not in doubt.
    #[error("the disk is full: {0}")]
    DiskFull(Arc<str>),
    /// A file is damaged or missing, so that it cannot be opened.
    #[error("a file of the engine in {} is damaged or missing: {source}; restore a backup", dir.display())]
    Damaged {
        /// Where its files are.
        dir: PathBuf,
        /// What it said.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// Something else: what has been written and not synced is in doubt.
    #[error("{what}: {source}")]
    Failed {
        /// What was being done.
        what: &'static str,
        /// What happened.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl EngineError {
    pub(crate) fn failed(what: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> EngineError {
        EngineError::Failed { what, source: Arc::new(source) }
    }
}

impl From<EngineError> for StoreError {
    fn from(error: EngineError) -> Self {
        StoreError::Engine(Arc::new(error))
    }
}

/// What can be opened as an engine, again after it failed.
pub trait Disk: Send + Sync {
    /// Opens what is there, or creates it. `in_doubt` says that a sync of the files may have
    /// failed: whatever is kept of them must then be written to new files.
    ///
    /// # Errors
    /// Whatever keeps it from opening; it may be tried again.
    fn open(&self, in_doubt: bool) -> Result<Arc<dyn Engine>, EngineError>;
}

/// An open engine.
pub trait Engine: Send + Sync {
    /// Hands a batch to the operating system: it survives the death of this process, but not yet
    /// that of the machine. All of it or nothing. May wait for the engine's own housekeeping.
    ///
    /// # Errors
    /// The engine must then be closed: it may hold the batch, or not.
    fn write(&self, writes: Vec<Write>) -> Result<(), EngineError>;

    /// Makes everything written durable.
    ///
    /// # Errors
    /// The engine must then be closed, and never be synced again: the operating system may have
    /// dropped what it could not write and report the next sync as good.
    fn sync(&self) -> Result<(), EngineError>;

    /// Gets ready for what will be written next. The committer calls it when a group is done, and
    /// writes nothing meanwhile. What fails here fails later, too, and is reported then.
    fn prepare(&self) {}

    /// A consistent view of everything written.
    ///
    /// # Errors
    /// The engine's.
    fn snapshot(&self) -> Result<Arc<dyn View>, EngineError>;
}

/// Gets each entry of a scan; says whether to go on. The value may share the memory of others, which it keeps alive.
pub type Visit<'a> = dyn FnMut(&[u8], Bytes) -> ControlFlow<()> + 'a;

/// A consistent view of an engine.
pub trait View: Send + Sync {
    /// The bytes stored under `key`.
    ///
    /// # Errors
    /// The engine's.
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Shows the entries of `range`, in `order`, to `visit` until it has seen enough.
    ///
    /// # Errors
    /// The engine's.
    fn scan(&self, area: Area, range: &KeyRange, order: Order, visit: &mut Visit<'_>) -> Result<(), EngineError>;
}
