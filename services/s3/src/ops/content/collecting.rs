use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};
use tidegate_blob::{BlobError, Expected, Upload};
use tidegate_types::limits::MAX_INLINE_BODY;

use super::lane::Lane;
use crate::domain::Hasher;
use crate::error::Error;
use crate::service::S3;
use crate::store::ChecksumKind;

/// So much of a large body is hashed and written at once, at first: a body that is not much larger is hashed while
/// its rest comes in.
const AT_ONCE: usize = 256 * 1024;

/// As much once it turns out to be a large one: what it costs to hand work over counts less.
const AT_MOST_AT_ONCE: usize = 1024 * 1024;

/// Where a body is collected: in memory at first, in a file once it is large.
pub(super) struct Collecting<'a> {
    service: &'a S3,
    md5: Md5,
    hasher: Option<Hasher>,
    /// What has come and was neither hashed nor written.
    pending: Vec<Bytes>,
    pending_bytes: usize,
    at_once: usize,
    large: Option<Large>,
    length: Option<u64>,
}

/// A body that is hashed, summed and written while more of it comes in. MD5 takes longest, however it is done: it
/// should never have to wait for another of them.
struct Large {
    md5: Lane<Md5>,
    hasher: Option<Lane<Hasher>>,
    upload: Lane<Result<Upload, BlobError>>,
}

/// A body that has come and is not durable yet.
pub(super) struct Arrived {
    pub md5: [u8; 16],
    pub checksum: Option<Vec<u8>>,
    pub body: Body,
}

/// Where it is.
pub(super) enum Body {
    Small(Bytes),
    File(Box<Upload>),
}

impl<'a> Collecting<'a> {
    /// Nothing yet of a body of this length, if it is known, of which a checksum of this kind is wanted.
    pub(super) fn new(service: &'a S3, length: Option<u64>, checksum: Option<ChecksumKind>) -> Collecting<'a> {
        Collecting {
            service,
            md5: Md5::new(),
            hasher: checksum.map(Hasher::new),
            pending: Vec::new(),
            pending_bytes: 0,
            at_once: AT_ONCE,
            large: None,
            length,
        }
    }

    /// The next piece.
    pub(super) async fn push(&mut self, piece: Bytes) -> Result<(), Error> {
        self.pending_bytes += piece.len();
        self.pending.push(piece);
        // Boxed, as all that large bodies need: small ones shall not make room for it.
        if self.pending_bytes >= self.at_once { Box::pin(self.hand_on()).await } else { Ok(()) }
    }

    /// Hands on what is pending. Returns when that has begun, which is when all before it is done: two times
    /// [`AT_MOST_AT_ONCE`] wait in memory.
    async fn hand_on(&mut self) -> Result<(), Error> {
        let mut large = match self.large.take() {
            Some(large) => large,
            None => self.begin_large().await?,
        };
        let pieces = Arc::new(std::mem::take(&mut self.pending));
        self.pending_bytes = 0;
        self.at_once = (2 * self.at_once).min(AT_MOST_AT_ONCE);
        large.hand_on(&pieces).await?;
        self.large = Some(large);
        Ok(())
    }

    async fn begin_large(&mut self) -> Result<Large, Error> {
        let expected = Expected { length: self.length, ..Expected::default() };
        let upload = self.service.blobs.upload(expected).await?;
        let env = &self.service.env;
        Ok(Large {
            md5: Lane::new(env.clone(), std::mem::take(&mut self.md5)),
            hasher: self.hasher.take().map(|hasher| Lane::new(env.clone(), hasher)),
            upload: Lane::new(env.clone(), Ok(upload)),
        })
    }

    /// At the body's end.
    pub(super) async fn finish(mut self) -> Result<Arrived, Error> {
        if self.pending_bytes > 0 && (self.large.is_some() || self.pending_bytes > MAX_INLINE_BODY) {
            Box::pin(self.hand_on()).await?;
        }
        if let Some(large) = self.large {
            return Box::pin(large.finish()).await;
        }
        let (mut md5, mut hasher) = (self.md5, self.hasher);
        for piece in &self.pending {
            md5.update(piece);
            if let Some(hasher) = &mut hasher {
                hasher.update(piece);
            }
        }
        let (md5, checksum) = (md5.finalize().into(), hasher.map(Hasher::finish));
        Ok(Arrived { md5, checksum, body: Body::Small(joined(self.pending)) })
    }
}

impl Large {
    /// Works on the next pieces, once those before are done with.
    async fn hand_on(&mut self, pieces: &Arc<Vec<Bytes>>) -> Result<(), BlobError> {
        let hash = pieces.clone();
        self.md5.start(move |md5: &mut Md5| hash.iter().for_each(|piece| md5.update(piece))).await;
        if let Some(hasher) = &mut self.hasher {
            let sum = pieces.clone();
            hasher.start(move |hasher| sum.iter().for_each(|piece| hasher.update(piece))).await;
        }
        let mut upload = self.upload.take().await?;
        let pieces = pieces.to_vec();
        self.upload.give(async move { upload.write(pieces).await.map(|()| upload) });
        Ok(())
    }

    async fn finish(mut self) -> Result<Arrived, Error> {
        let md5 = self.md5.take().await.finalize().into();
        let checksum = match self.hasher {
            Some(mut hasher) => Some(hasher.take().await.finish()),
            None => None,
        };
        let upload = self.upload.take().await?;
        Ok(Arrived { md5, checksum, body: Body::File(Box::new(upload)) })
    }
}

fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() <= 1 {
        return pieces.pop().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
    whole.freeze()
}
