//! How bodies go out.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use tidegate_blob::Blobs;
use tidegate_protocol::Pieces;
use tidegate_store::{Snapshot, Space};

use super::pieces_of;
use crate::error::Error;
use crate::service::S3;
use crate::store::{Content, Piece, corrupt, keys};

/// So many parts of a body are opened before the first is read.
const OPEN_AT_ONCE: usize = 64;

/// A range of a body, opened.
pub(crate) enum Opened {
    /// All of it: it lay in the store.
    Whole(Bytes),
    /// What is read piece by piece.
    Pieces(Pieces),
}

impl Opened {
    /// Its pieces.
    pub(crate) fn into_pieces(self) -> Pieces {
        match self {
            Opened::Whole(bytes) if bytes.is_empty() => stream::empty().boxed(),
            Opened::Whole(bytes) => stream::once(async { Ok(bytes) }).boxed(),
            Opened::Pieces(pieces) => pieces,
        }
    }
}

/// Opens a range of a body. The first 64 parts of it are kept until they have been read, also if the object is
/// removed meanwhile; of one that came in more parts the answer may then break off.
///
/// # Errors
/// If the body, or the first part of it, cannot be read. Later faults break the stream off.
pub(crate) async fn open(
    service: &S3,
    snapshot: &dyn Snapshot,
    content: Content,
    range: Range<u64>,
) -> Result<Opened, Error> {
    match content {
        Content::Pieces(id) => open_parts(service, snapshot, pieces_of(snapshot, id).await?, range).await,
        single => open_one(&service.blobs, snapshot, single, range).await,
    }
}

/// Opens a range of what came in these parts.
async fn open_parts(
    service: &S3,
    snapshot: &dyn Snapshot,
    parts: Vec<Piece>,
    range: Range<u64>,
) -> Result<Opened, Error> {
    let (mut wanted, mut at) = (Vec::new(), 0);
    for part in parts {
        let (start, end) = (range.start.max(at), range.end.min(at + part.size));
        if start < end {
            wanted.push((part.content, start - at..end - at));
        }
        at += part.size;
    }
    let later = wanted.split_off(wanted.len().min(OPEN_AT_ONCE));
    let mut opened = Vec::new();
    for (content, range) in wanted {
        opened.push(open_one(&service.blobs, snapshot, content, range).await?.into_pieces());
    }
    let (blobs, store) = (service.blobs.clone(), service.store.clone());
    let later = stream::iter(later).then(move |(content, range)| {
        let (blobs, store) = (blobs.clone(), store.clone());
        async move {
            let opened = async {
                let snapshot = store.snapshot()?;
                open_one(&blobs, &*snapshot, content, range).await
            };
            let broken = |error: Error| stream::once(async { Err(error.into()) }).boxed();
            opened.await.map_or_else(broken, Opened::into_pieces)
        }
    });
    Ok(Opened::Pieces(stream::iter(opened).chain(later).flatten().boxed()))
}

async fn open_one(
    blobs: &Blobs,
    snapshot: &dyn Snapshot,
    content: Content,
    range: Range<u64>,
) -> Result<Opened, Error> {
    match content {
        // A part does not come in parts.
        Content::Empty | Content::Pieces(_) => Ok(Opened::Whole(Bytes::new())),
        Content::Stored(id) => {
            let place = keys::body(id);
            let missing = tidegate_record::DecodeError::Malformed { at: 0, what: "the body of an object is missing" };
            let record =
                snapshot.get(Space::Log, &place).await?.ok_or_else(|| corrupt(Space::Log, &place, &missing))?;
            let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(record.value.len());
            let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
            Ok(Opened::Whole(record.value.slice(start..end)))
        }
        Content::File(blob) => {
            let chunks = blobs.read(blob).await?.range(range);
            let pieces = stream::unfold(chunks, |mut chunks| async move {
                let piece = chunks.next().await.transpose()?;
                Some((piece.map_err(|error| Error::from(error).into()), chunks))
            });
            Ok(Opened::Pieces(pieces.boxed()))
        }
    }
}
