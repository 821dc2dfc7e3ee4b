//! Bodies: how they come in, where they lie, how they go out, and how they are removed.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use md5::{Digest, Md5};
use tidegate_blob::{BlobId, BlobRef, Blobs, Expected, Upload};
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

/// So much of a large body is hashed and written at once.
const AT_ONCE: usize = 256 * 1024;

/// So many parts of a body are opened before the first is read.
const OPEN_AT_ONCE: usize = 64;

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

/// The checks of a body, computed as it goes by.
struct Digests {
    md5: Md5,
    hasher: Option<Hasher>,
}

impl Digests {
    fn update(&mut self, pieces: &[Bytes]) {
        for piece in pieces {
            self.md5.update(piece);
            if let Some(hasher) = &mut self.hasher {
                hasher.update(piece);
            }
        }
    }
}

/// Where a body is collected: in memory at first, in a file once it is large.
struct Collecting<'a> {
    service: &'a S3,
    digests: Option<Digests>,
    /// What has come and was neither hashed nor written.
    pending: Vec<Bytes>,
    pending_bytes: usize,
    upload: Option<Upload>,
    length: Option<u64>,
}

impl Collecting<'_> {
    async fn push(&mut self, piece: Bytes) -> Result<(), Error> {
        self.pending_bytes += piece.len();
        self.pending.push(piece);
        if self.pending_bytes >= AT_ONCE { self.write().await } else { Ok(()) }
    }

    /// Hashes and writes what is pending, at the same time: neither is quick.
    async fn write(&mut self) -> Result<(), Error> {
        if self.upload.is_none() {
            let expected = Expected { length: self.length, ..Expected::default() };
            self.upload = Some(self.service.blobs.upload(expected).await?);
        }
        let (pieces, hashed) = (std::mem::take(&mut self.pending), self.digests.take());
        self.pending_bytes = 0;
        let copies = pieces.clone();
        let hashing = self.service.env.run_blocking(move || {
            hashed.map(|mut digests| {
                digests.update(&copies);
                digests
            })
        });
        let upload = &mut self.upload;
        let writing = async {
            let Some(upload) = upload else { return Ok(()) };
            for piece in pieces {
                upload.push(piece).await?;
            }
            Ok::<(), Error>(())
        };
        let (hashed, written) = futures::join!(hashing, writing);
        self.digests = hashed;
        written
    }

    async fn finish(mut self) -> Result<(Digests, Arrived), Error> {
        if self.upload.is_some() || self.pending_bytes > MAX_INLINE_BODY {
            self.write().await?;
        }
        let mut digests = self.digests.take().unwrap_or_else(|| unreachable!("hashing has ended"));
        digests.update(&self.pending);
        let held = match self.upload {
            Some(upload) => Arrived::File(Box::new(upload)),
            None => Arrived::Small(joined(self.pending)),
        };
        Ok((digests, held))
    }
}

/// A body that has come and is not durable yet.
enum Arrived {
    Small(Bytes),
    File(Box<Upload>),
}

fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() <= 1 {
        return pieces.pop().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
    whole.freeze()
}

/// Takes a body in: hashes it, holds it against what was announced, and makes it durable if it is large. After
/// an error nothing of it is left.
pub(crate) async fn receive(
    service: &S3,
    http: Option<&HttpRequest>,
    pieces: Option<Pieces>,
    announced: Announced,
) -> Result<Received, Error> {
    let hasher = announced.checksum.as_ref().map(|(kind, _)| Hasher::new(*kind));
    let mut collecting = Collecting {
        service,
        digests: Some(Digests { md5: Md5::new(), hasher }),
        pending: Vec::new(),
        pending_bytes: 0,
        upload: None,
        length: announced.length,
    };
    let mut size = 0;
    let mut pieces = pieces.unwrap_or_else(|| stream::empty().boxed());
    let most = announced.length.unwrap_or(MAX_SINGLE_BODY).min(MAX_SINGLE_BODY);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| cut_off(error, &announced, size))?;
        size += piece.len() as u64;
        if size > most {
            return Err(too_long(&announced, size));
        }
        collecting.push(piece).await?;
    }
    if let Some(length) = announced.length.filter(|length| *length != size) {
        return Err(Error::IncompleteBody { announced: length, got: size });
    }
    let (digests, arrived) = collecting.finish().await?;
    let md5: [u8; 16] = digests.md5.finalize().into();
    check_md5(announced.md5, md5)?;
    let checksum = match (announced.checksum, digests.hasher) {
        (Some((kind, stated)), Some(hasher)) => {
            let value = hasher.finish();
            check_checksum(kind, stated, &value, http)?;
            Some(Checksum { kind, value, composite_of: None })
        }
        _ => None,
    };
    let held = match arrived {
        Arrived::Small(bytes) => Held::Small(bytes),
        Arrived::File(upload) => Held::File(upload.finish().await?),
    };
    Ok(Received { held, size, md5, checksum })
}

/// A body that broke off is said to be incomplete, whatever the connection's own words are.
fn cut_off(error: ServiceError, announced: &Announced, got: u64) -> Error {
    let is_ours = error.shape.status == 400 || error.shape.status == 403;
    match announced.length.filter(|_| is_ours && error.shape.code == "IncompleteBody") {
        Some(announced) => Error::IncompleteBody { announced, got },
        None => error.into(),
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

/// A range of a body, piece by piece. The first 64 parts of it are kept until they have been read, also if the
/// object is removed meanwhile; of one that came in more parts the answer may then break off.
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
        opened.push(open_one(&service.blobs, snapshot, content, range).await?);
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
            opened.await.unwrap_or_else(broken)
        }
    });
    Ok(stream::iter(opened).chain(later).flatten().boxed())
}

async fn open_one(
    blobs: &Blobs,
    snapshot: &dyn Snapshot,
    content: Content,
    range: Range<u64>,
) -> Result<Pieces, Error> {
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
            let chunks = blobs.read(blob).await?.range(range);
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
