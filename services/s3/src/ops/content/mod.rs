//! Bodies: how they come in, where they lie, how they go out, and how they are removed.

mod collecting;
mod lane;
mod opening;
mod receiving;

use parking_lot::Mutex;
use tidegate_blob::BlobId;
use tidegate_record::Stored;
use tidegate_store::{Snapshot, Space, Tx};

use crate::error::Error;
use crate::service::S3;
use crate::store::{Content, ContentId, Piece, PiecesRecord, corrupt, decode, keys};

pub(crate) use opening::{Opened, open};
pub(crate) use receiving::{Announced, Received, keep, receive};

/// The most bytes of a body that comes in one request: 5 GiB.
pub(crate) const MAX_SINGLE_BODY: u64 = 5 * 1024 * 1024 * 1024;

/// Removes a body. Files that nothing refers to any more once the transaction is durable go into `gone`.
pub(crate) async fn remove_content_in_tx(tx: &mut Tx, content: Content, gone: &mut Vec<BlobId>) -> Result<(), Error> {
    match content {
        Content::Empty => {}
        Content::Stored(id) => tx.delete(Space::Log, keys::body(id)),
        Content::File(blob) => {
            tx.delete(Space::Map, keys::blob(blob.id));
            gone.push(blob.id);
        }
        Content::Pieces(id) => {
            let place = keys::pieces(id);
            if let Some(record) = tx.get(Space::Map, &place).await? {
                let PiecesRecord { pieces } = decode(Space::Map, &place, &record)?;
                for piece in pieces {
                    remove_piece_in_tx(tx, piece.content, gone);
                }
            }
            tx.delete(Space::Map, place);
        }
    }
    Ok(())
}

fn remove_piece_in_tx(tx: &mut Tx, content: Content, gone: &mut Vec<BlobId>) {
    match content {
        Content::Stored(id) => tx.delete(Space::Log, keys::body(id)),
        Content::File(blob) => {
            tx.delete(Space::Map, keys::blob(blob.id));
            gone.push(blob.id);
        }
        // A part does not come in parts.
        Content::Empty | Content::Pieces(_) => {}
    }
}

/// The parts of a body that came in parts.
pub(crate) async fn pieces_of(snapshot: &dyn Snapshot, id: ContentId) -> Result<Vec<Piece>, Error> {
    let place = keys::pieces(id);
    let missing = tidegate_record::DecodeError::Malformed { at: 0, what: "the parts of an object are missing" };
    let record = snapshot.get(Space::Map, &place).await?.ok_or_else(|| corrupt(Space::Map, &place, &missing))?;
    Ok(PiecesRecord::decode(&record.value).map_err(|error| corrupt(Space::Map, &place, &error))?.pieces)
}

/// Files of which nobody has to wait for the end. To remove a hundred megabytes takes as long as to write them.
#[derive(Default)]
pub(crate) struct Leftovers(Mutex<Vec<BlobId>>);

/// So many of them are kept in mind: who would leave more behind removes them itself.
const MOST_LEFTOVERS: usize = 1024;

/// So many of them are removed at once.
const LEFTOVERS_AT_ONCE: usize = 16;

impl Leftovers {
    /// Takes them, unless there are too many.
    fn add(&self, files: Vec<BlobId>) -> Result<(), Vec<BlobId>> {
        let mut left = self.0.lock();
        if left.len() + files.len() > MOST_LEFTOVERS {
            return Err(files);
        }
        left.extend(files);
        Ok(())
    }

    fn take(&self) -> Vec<BlobId> {
        let mut left = self.0.lock();
        let kept = left.len().saturating_sub(LEFTOVERS_AT_ONCE);
        left.split_off(kept)
    }
}

impl S3 {
    /// Has files removed that nothing refers to any more, without waiting for it. What the end of the process comes
    /// before, the sweep finds.
    pub(crate) async fn leave_files(&self, files: Vec<BlobId>) {
        if files.is_empty() {
            return;
        }
        match self.leftovers.add(files) {
            Ok(()) => self.leftovers_due.give(),
            Err(files) => self.remove_files(files).await,
        }
    }

    /// Removes some of what was left. Answers whether there was anything.
    pub(crate) async fn remove_leftovers(&self) -> bool {
        let files = self.leftovers.take();
        let were_any = !files.is_empty();
        self.remove_files(files).await;
        were_any
    }

    /// Removes files that nothing refers to any more. What a crash leaves, the sweep finds.
    pub(crate) async fn remove_files(&self, files: Vec<BlobId>) {
        for file in files {
            if let Err(error) = self.blobs.remove(file).await {
                tracing::warn!(%file, %error, "a file that nothing refers to stays until the next sweep");
            }
        }
    }
}
