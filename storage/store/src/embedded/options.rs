//! What a store is opened with, and how it is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// When a commit is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After its sync. Nothing acknowledged is lost, whatever happens to the process or the power.
    Always,
    /// After it was handed to the operating system, which is told to sync this long after the
    /// oldest write. A `kill -9` loses nothing; a power cut or a crash of the operating system
    /// loses up to this much of what was acknowledged, always the newest, never a part of a batch.
    Interval(Duration),
}

/// How a store on disk is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; it is created if it does not exist.
    pub dir: PathBuf,
    /// When a commit is acknowledged.
    pub durability: Durability,
    /// The most bytes of blocks that are kept in memory.
    pub cache_bytes: u64,
    /// Open a store that has lost acknowledged commits, accepting that they are gone.
    pub accept_loss: bool,
}

impl Options {
    /// Synced on every commit, with a block cache of 80 MiB.
    ///
    /// The cache also holds the indexes and filters of tables below the first levels: some 30 MiB of them for ten
    /// million small items. With less, every read of a large table would read those from the file again, too. Memory is
    /// taken only as blocks are read.
    pub fn new(dir: impl Into<PathBuf>) -> Options {
        Options { dir: dir.into(), durability: Durability::Always, cache_bytes: 80 << 20, accept_loss: false }
    }
}

/// Whether the store can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It can.
    Healthy,
    /// It failed and is being opened again; all calls answer [`StoreError::Unavailable`].
    Recovering {
        /// What happened.
        reason: Arc<str>,
    },
}
