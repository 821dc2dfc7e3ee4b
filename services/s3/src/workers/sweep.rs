use std::collections::HashSet;
use std::sync::Arc;

use tidegate_blob::BlobId;
use tidegate_store::Space;
use tidegate_workers::{Next, Worker};

use crate::error::Error;
use crate::service::S3;
use crate::store::keys;

/// How often it goes through all files.
const PERIOD_MS: u64 = 6 * 3_600_000;

/// Removes files that nothing refers to: what a crash left between a body and its commit, or between a commit
/// and the removal of what it replaced.
pub(crate) struct Sweep {
    s3: Arc<S3>,
}

impl Sweep {
    pub(crate) fn new(s3: Arc<S3>) -> Sweep {
        Sweep { s3 }
    }

    async fn referenced(&self, files: &[BlobId]) -> Result<HashSet<BlobId>, Error> {
        let snapshot = self.s3.store.snapshot()?;
        let mut referenced = HashSet::new();
        for file in files {
            if snapshot.get(Space::Map, &keys::blob(*file)).await?.is_some() {
                referenced.insert(*file);
            }
        }
        Ok(referenced)
    }
}

impl Worker for Sweep {
    type Error = Error;

    fn name(&self) -> &'static str {
        "s3 sweep"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let swept = self.s3.blobs.sweep(async |files: &[BlobId]| self.referenced(files).await).await?;
        Ok(if swept.round_complete { Next::At(self.s3.now().plus_millis(PERIOD_MS)) } else { Next::Again })
    }
}
