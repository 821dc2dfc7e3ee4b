//! A disk that says that it has synced and has not. Nothing can live on it; it is there to show that
//! the auditors would notice.

use std::sync::Arc;

use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::engine::{Disk, Engine, EngineError, View, Write};

pub(crate) struct LyingDisk(pub(crate) MemoryDisk);

struct LyingEngine(Arc<dyn Engine>);

impl Disk for LyingDisk {
    fn open(&self, in_doubt: bool) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(LyingEngine(self.0.open(in_doubt)?)))
    }
}

impl Engine for LyingEngine {
    fn write(&self, writes: Vec<Write>) -> Result<(), EngineError> {
        self.0.write(writes)
    }

    fn sync(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn snapshot(&self) -> Result<Arc<dyn View>, EngineError> {
        self.0.snapshot()
    }
}
