//! How bodies come in.

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use tidegate_blob::{BlobId, BlobRef};
use tidegate_protocol::{HttpRequest, Pieces, ServiceError};
use tidegate_store::{Space, Tx};

use super::MAX_SINGLE_BODY;
use super::collecting::{Arrived, Body, Collecting};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Checksum, ChecksumKind, Content, ContentId, keys};

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

/// Takes a body in: hashes it, holds it against what was announced, and makes it durable if it is large. After
/// an error nothing of it is left.
pub(crate) async fn receive(
    service: &S3,
    http: Option<&HttpRequest>,
    pieces: Option<Pieces>,
    announced: Announced,
) -> Result<Received, Error> {
    let kind = announced.checksum.as_ref().map(|(kind, _)| *kind);
    let mut collecting = Collecting::new(service, announced.length, kind);
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
    let Arrived { md5, checksum, body } = collecting.finish().await?;
    check_md5(announced.md5, md5)?;
    let checksum = match announced.checksum.zip(checksum) {
        Some(((kind, stated), value)) => {
            check_checksum(kind, stated, &value, http)?;
            Some(Checksum { kind, value, composite_of: None })
        }
        None => None,
    };
    let held = match body {
        Body::Small(bytes) => Held::Small(bytes),
        Body::File(upload) => Held::File(upload.finish().await?),
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
