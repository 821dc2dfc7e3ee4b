//! Bodies: how they come in, where they lie, how they go out, and how they are removed.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use md5::{Digest, Md5};
use tidegate_blob::{BlobId, BlobRef, Expected, Upload};
use tidegate_protocol::{HttpRequest, Pieces, ServiceError};
use tidegate_record::Stored;
use tidegate_store::{Snapshot, Space, Tx};
use tidegate_types::limits::MAX_INLINE_BODY;

use crate::domain::Hasher;
use crate::error::Error;
use crate::service::S3;
use crate::store::{Checksum, ChecksumKind, Content, ContentId, Piece, PiecesRecord, corrupt, decode, keys};

/// The most bytes of a body that comes in one request: 5 GiB.
pub(crate) const MAX_SINGLE_BODY: u64 = 5 * 1024 * 1024 * 1024;

/// What is known of a body before it comes.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    /// Its bytes.
    pub length: Option<u64>,
    /// Its MD5.
    pub md5: Option<[u8; 16]>,
    /// How its checksum is computed, and what it is unless it stands in a trailer.
    pub checksum: Option<(ChecksumKind, Option<Vec<u8>>)>,
}

/// A body that has come, durable if it is in a file, and not referred to by anything yet.
#[derive(Debug)]
pub(crate) struct Received {
    held: Held,
    /// Its bytes.
    pub size: u64,
    /// Their MD5.
    pub md5: [u8; 16],
    /// Their checksum of the announced kind.
    pub checksum: Option<Checksum>,
}

#[derive(Debug, Clone)]
enum Held {
    Small(Bytes),
    File(BlobRef),
}

impl Received {
    /// Writes what has come, or the sign that its file is referred to. Its content is `id` if it lies in the
    /// store.
    pub(crate) fn place(&self, tx: &mut Tx, id: ContentId) -> Content {
        match &self.held {
            Held::Small(bytes) if bytes.is_empty() => Content::Empty,
            Held::Small(bytes) => {
                tx.put(Space::Log, keys::body(id), bytes.clone());
                Content::Stored(id)
            }
            Held::File(blob) => {
                tx.put(Space::Map, keys::blob(blob.id), Bytes::new());
                Content::File(*blob)
            }
        }
    }

    /// Its file, if it is in one: to be removed if nothing comes of it.
    pub(crate) fn files(&self) -> Vec<BlobId> {
        match &self.held {
            Held::File(blob) => vec![blob.id],
            Held::Small(_) => Vec::new(),
        }
    }
}

/// Where a body is collected: in memory at first, in a file once it is large.
struct Collecting<'a> {
    service: &'a S3,
    small: BytesMut,
    upload: Option<Upload>,
    length: Option<u64>,
}

impl Collecting<'_> {
    async fn push(&mut self, piece: Bytes) -> Result<(), Error> {
        if let Some(upload) = &mut self.upload {
            return Ok(upload.push(piece).await?);
        }
        if self.small.len() + piece.len() <= MAX_INLINE_BODY {
            self.small.extend_from_slice(&piece);
            return Ok(());
        }
        let expected = Expected { length: self.length, ..Expected::default() };
        let mut upload = self.service.blobs.upload(expected).await?;
        upload.push(std::mem::take(&mut self.small).freeze()).await?;
        upload.push(piece).await?;
        self.upload = Some(upload);
        Ok(())
    }

    async fn finish(self) -> Result<Held, Error> {
        match self.upload {
            Some(upload) => Ok(Held::File(upload.finish().await?)),
            None => Ok(Held::Small(self.small.freeze())),
        }
    }
}

/// Takes a body in: hashes it, holds it against what was announced, and makes it durable if it is large. After
/// an error nothing of it is left.
pub(crate) async fn receive(
    service: &S3,
    http: Option<&HttpRequest>,
    pieces: Option<Pieces>,
    announced: Announced,
) -> Result<Received, Error> {
    let mut collecting = Collecting { service, small: BytesMut::new(), upload: None, length: announced.length };
    let (mut size, mut md5) = (0, Md5::new());
    let mut hasher = announced.checksum.as_ref().map(|(kind, _)| Hasher::new(*kind));
    let mut pieces = pieces.unwrap_or_else(|| stream::empty().boxed());
    let most = announced.length.unwrap_or(MAX_SINGLE_BODY).min(MAX_SINGLE_BODY);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| cut_off(error, &announced, size))?;
        size += piece.len() as u64;
        if size > most {
            return Err(too_long(&announced, size));
        }
        md5.update(&piece);
        if let Some(hasher) = &mut hasher {
            hasher.update(&piece);
        }
        collecting.push(piece).await?;
    }
    if let Some(length) = announced.length.filter(|length| *length != size) {
        return Err(Error::IncompleteBody { announced: length, got: size });
    }
    let md5: [u8; 16] = md5.finalize().into();
    check_md5(announced.md5, md5)?;
    let checksum = match (announced.checksum, hasher) {
        (Some((kind, stated)), Some(hasher)) => {
            let value = hasher.finish();
            check_checksum(kind, stated, &value, http)?;
            Some(Checksum { kind, value, composite_of: None })
        }
        _ => None,
    };
    Ok(Received { held: collecting.finish().await?, size, md5, checksum })
}

/// A body that broke off is said to be incomplete, whatever the connection's own words are.
fn cut_off(error: ServiceError, announced: &Announced, got: u64) -> Error {
    let is_ours = error.shape.status == 400 || error.shape.status == 403;
    match announced.length.filter(|_| is_ours && error.shape.code == "IncompleteBody") {
        Some(announced) => Error::IncompleteBody { announced, got },
        None => Error::Body(error),
    }
}

fn too_long(announced: &Announced, size: u64) -> Error {
    match announced.length.filter(|length| *length < MAX_SINGLE_BODY) {
        Some(announced) => Error::IncompleteBody { announced, got: size },
        None => Error::TooLarge { size, most: MAX_SINGLE_BODY },
    }
}

fn check_md5(stated: Option<[u8; 16]>, calculated: [u8; 16]) -> Result<(), Error> {
    match stated.filter(|stated| *stated != calculated) {
        Some(stated) => Err(Error::BadDigest { expected: hex::encode(stated), calculated: hex::encode(calculated) }),
        None => Ok(()),
    }
}

/// Holds a checksum against what was stated in a header, or stands in a trailer.
fn check_checksum(
    kind: ChecksumKind,
    stated: Option<Vec<u8>>,
    calculated: &[u8],
    http: Option<&HttpRequest>,
) -> Result<(), Error> {
    let in_trailer = || {
        let trailers = http.map(HttpRequest::trailers).unwrap_or_default();
        let (_, value) = trailers.into_iter().find(|(name, _)| name == kind.header())?;
        Some(kind.parse(&value).unwrap_or_default())
    };
    match stated.or_else(in_trailer).filter(|stated| stated != calculated) {
        Some(_) => Err(Error::BadChecksum(kind.name())),
        None => Ok(()),
    }
}

/// Writes a body that is at hand.
pub(crate) async fn keep(service: &S3, body: Bytes) -> Result<Received, Error> {
    receive(service, None, Some(stream::once(async { Ok(body) }).boxed()), Announced::default()).await
}

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

/// A range of a body, piece by piece. What it reads is kept until it has been read, also if the object is
/// removed meanwhile.
///
/// # Errors
/// If the body, or the first part of it, cannot be read. Later faults break the stream off.
pub(crate) async fn open(
    service: &S3,
    snapshot: &dyn Snapshot,
    content: Content,
    range: Range<u64>,
) -> Result<Pieces, Error> {
    let parts = match content {
        Content::Pieces(id) => pieces_of(snapshot, id).await?,
        single => vec![Piece { number: 1, size: range.end, content: single, checksum: None }],
    };
    let mut wanted = Vec::new();
    let mut at = 0;
    for part in parts {
        let (start, end) = (range.start.max(at), range.end.min(at + part.size));
        if start < end {
            wanted.push(open_one(service, snapshot, part.content, start - at..end - at).await?);
        }
        at += part.size;
    }
    Ok(stream::iter(wanted).flatten().boxed())
}

async fn open_one(service: &S3, snapshot: &dyn Snapshot, content: Content, range: Range<u64>) -> Result<Pieces, Error> {
    match content {
        Content::Empty | Content::Pieces(_) => Ok(stream::empty().boxed()),
        Content::Stored(id) => {
            let place = keys::body(id);
            let missing = tidegate_record::DecodeError::Malformed { at: 0, what: "the body of an object is missing" };
            let record =
                snapshot.get(Space::Log, &place).await?.ok_or_else(|| corrupt(Space::Log, &place, &missing))?;
            let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(record.value.len());
            let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
            let body = record.value.slice(start..end);
            Ok(stream::once(async { Ok(body) }).boxed())
        }
        Content::File(blob) => {
            let chunks = service.blobs.read(blob).await?.range(range);
            let pieces = stream::unfold(chunks, |mut chunks| async move {
                let piece = chunks.next().await.transpose()?;
                Some((piece.map_err(|error| Error::from(error).into()), chunks))
            });
            Ok(pieces.boxed())
        }
    }
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
