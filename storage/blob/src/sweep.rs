use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tidegate_types::Timestamp;

use crate::{BlobError, BlobId, Blobs};

/// How old, in real time, a file must be before the sweep takes a missing reference seriously: far
/// longer than any commit that follows an upload.
pub const UNREFERENCED_GRACE: Duration = Duration::from_secs(3600);

/// The most files that one step asks the caller about.
const MOST_AT_ONCE: usize = 1000;

/// What one step of the sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Files that were old enough to be asked about.
    pub examined: usize,
    /// Files that nothing referred to.
    pub removed: usize,
    /// Whether every folder has been looked at since the first step of this round.
    pub round_complete: bool,
}

impl Blobs {
    /// One bounded step of removing files that nothing refers to: at most a thousand files of one
    /// folder of 256. `referenced` answers which of the names it is given are in use, from
    /// *accepted or durable* state; it is asked only about files older than
    /// [`UNREFERENCED_GRACE`], so an upload whose reference is on its way is safe.
    ///
    /// # Errors
    /// The answer of `referenced`, or what the disk answers; nothing is removed on a doubt.
    pub async fn sweep<E: From<BlobError>>(
        &self,
        referenced: impl AsyncFnOnce(&[BlobId]) -> Result<HashSet<BlobId>, E>,
    ) -> Result<Swept, E> {
        let from = *self.sweep_next.lock();
        let folder = self.folder(from.folder());
        let written_before = self.env.real_now().minus_millis(UNREFERENCED_GRACE.as_millis() as u64);
        let listed = self.env.run_blocking(move || old_files(&folder, from, written_before)).await;
        let candidates = listed.map_err(BlobError::io("list"))?;
        let in_use = if candidates.is_empty() { HashSet::new() } else { referenced(&candidates).await? };
        let garbage: Vec<_> = candidates.iter().filter(|id| !in_use.contains(id)).collect();
        for id in &garbage {
            tracing::info!(blob = %id, "removing a file that nothing refers to");
            self.remove(**id).await?;
        }
        let next = behind(from, &candidates);
        *self.sweep_next.lock() = next.unwrap_or_default();
        Ok(Swept { examined: candidates.len(), removed: garbage.len(), round_complete: next.is_none() })
    }
}

/// Where the next step goes on: within this folder if the step was full, otherwise in the next one;
/// `None` behind the last.
fn behind(from: BlobId, examined: &[BlobId]) -> Option<BlobId> {
    match examined.last() {
        Some(last) if examined.len() == MOST_AT_ONCE => last.0.checked_add(1).map(BlobId),
        _ => from.folder().checked_add(1).map(|folder| BlobId(u128::from(folder) << 120)),
    }
}

/// The first files of a folder, in order of their names from `from` on, that are old enough.
fn old_files(folder: &Path, from: BlobId, written_before: Timestamp) -> io::Result<Vec<BlobId>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // A stranger's file is not ours to remove.
        if let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse::<BlobId>().ok()) {
            names.push(id);
        }
    }
    names.retain(|id| *id >= from);
    names.sort_unstable();
    let mut old = Vec::new();
    for id in names {
        if old.len() < MOST_AT_ONCE && written_at(&folder.join(id.to_string()))?.is_some_and(|at| at < written_before) {
            old.push(id);
        }
    }
    Ok(old)
}

/// When a file was last written to; `None` if it has been removed since it was listed.
fn written_at(path: &Path) -> io::Result<Option<Timestamp>> {
    match fs::metadata(path).and_then(|metadata| metadata.modified()) {
        Ok(modified) => Ok(Some(Timestamp::EPOCH.plus(modified.duration_since(UNIX_EPOCH).unwrap_or_default()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
