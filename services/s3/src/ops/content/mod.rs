//! Bodies: how they come in, where they lie, how they go out, and how they are removed.

mod collecting;
mod lane;
mod opening;
mod receiving;

use tidegate_blob::BlobId;
use tidegate_record::Stored;
use tidegate_store::{Snapshot, Space, Tx};

use crate::error::Error;
use crate::service::S3;
use crate::store::{Content, ContentId, Piece, PiecesRecord, corrupt, decode, keys};

pub(crate) use opening::open;
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

impl S3 {
    /// Removes files that nothing refers to any more. What a crash leaves, the sweep finds.
    pub(crate) async fn remove_files(&self, files: Vec<BlobId>) {
        for file in files {
            if let Err(error) = self.blobs.remove(file).await {
                tracing::warn!(%file, %error, "a file that nothing refers to stays until the next sweep");
            }
        }
    }
}
