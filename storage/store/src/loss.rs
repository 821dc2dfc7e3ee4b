//! Whether a store that is being opened still holds all that was acknowledged.
//!
//! Two witnesses: the [`Marker`](crate::marker::Marker), and the journals themselves, where frames that
//! are whole behind one that is not show that it had been synced. Both are asked before anybody is let
//! in, and before the engine cuts off what it cannot read.

use crate::engine::journal::{self, Damage};
use crate::engine::manifest;
use crate::folder::Folder;
use crate::stored::CommitRecord;
use crate::{OpenError, Sequence};

/// Where a store must stand at least.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    acknowledged: Sequence,
    /// Where it stood by the last commit behind damage, if that was accepted.
    beyond: Option<CommitRecord>,
    accept: bool,
}

/// Asks both witnesses. With `accept` a damaged journal is cut off where the damage begins.
///
/// # Errors
/// A journal is damaged, or one of the files that list the engine's files; or the folder cannot be read.
pub(crate) fn expected(folder: &Folder, accept: bool) -> Result<Expected, OpenError> {
    let failed = |what| move |source| OpenError::Io { what, source };
    let acknowledged = folder.marker()?.sequence();
    check_files(folder, acknowledged)?;
    let mut expected = Expected { acknowledged, beyond: None, accept };
    // Each turn cuts one journal off; there is a handful.
    while let Some(damage) = journal::find_damage(&folder.engine_dir()).map_err(failed("reading the journals"))? {
        let Damage { file, offset, before, behind } = damage;
        let refusal =
            OpenError::DamagedJournal { file: file.clone(), offset, before, behind: behind.map(|at| at.sequence) };
        if !accept {
            return Err(refusal);
        }
        tracing::warn!("{refusal}; going on without them");
        journal::cut(&file, offset).map_err(failed("cutting off a damaged journal"))?;
        expected.beyond = behind.or(expected.beyond);
    }
    Ok(expected)
}

/// Looks at the files that list the engine's files, before it opens them.
///
/// # Errors
/// One is damaged or missing, or they cannot be read.
pub(crate) fn check_files(folder: &Folder, committed: Sequence) -> Result<(), OpenError> {
    let failed = |source| OpenError::Io { what: "reading the engine's files", source };
    let engine = folder.engine_dir();
    // Before the first commit the engine may not have made all its files. The marker may be a second old: a journal
    // knows better.
    if committed == Sequence(0) && !journal::holds_commit(&engine).map_err(failed)? {
        return Ok(());
    }
    match manifest::find_damage(&engine).map_err(failed)? {
        Some(what) => Err(OpenError::Corrupt { what }),
        None => Ok(()),
    }
}

impl Expected {
    /// Compares what the engine holds with what was acknowledged. Returns where the store goes on:
    /// what lost commits had been given is not given out again.
    ///
    /// # Errors
    /// Commits are missing and that was not accepted.
    pub(crate) fn settle(&self, mut stands: CommitRecord, folder: &Folder) -> Result<CommitRecord, OpenError> {
        if stands.sequence < self.acknowledged {
            let (found, acknowledged) = (stands.sequence, self.acknowledged);
            if !self.accept {
                return Err(OpenError::LostCommits { dir: folder.dir().to_owned(), found, acknowledged });
            }
            tracing::warn!(found = found.0, acknowledged = acknowledged.0, "opening a store that has lost commits");
            stands.sequence = acknowledged;
        }
        if let Some(beyond) = self.beyond {
            stands.sequence = stands.sequence.max(beyond.sequence);
            stands.next_position = stands.next_position.max(beyond.next_position);
            stands.time = stands.time.max(beyond.time);
        }
        Ok(stands)
    }
}
