//! Bodies that operations read while they run: unpacked, and held against what was signed of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use http::{HeaderMap, header};
use hyper::body::Body;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tidegate_env::Env;
use tidegate_protocol::{Pieces, ServiceError, Trailers};
use tidegate_sigv4::{ChunkDecoder, Payload, SignatureError, Style};

use crate::body::BodyReader;

/// A body on its way in. The operation reads it; what it leaves is thrown away afterwards, because a client
/// that is still sending does not read the answer.
pub struct Incoming<B> {
    home: Arc<Mutex<Option<B>>>,
    /// Whether any of it was asked for: until then a client that expects `100 Continue` sends nothing.
    was_touched: Arc<AtomicBool>,
    is_patient: bool,
    is_empty: bool,
}

/// What reads it.
struct Source<B> {
    body: Option<B>,
    home: Arc<Mutex<Option<B>>>,
    was_touched: Arc<AtomicBool>,
    env: Env,
    bodies: BodyReader,
    unpack: Unpack,
    ready: VecDeque<Bytes>,
    trailers: Trailers,
}

/// What becomes of the pieces.
enum Unpack {
    Plain,
    Hash { hash: Sha256, stated: String },
    Chunks(Box<ChunkDecoder>),
    Ended,
}

impl Unpack {
    fn of(payload: Payload) -> Unpack {
        match payload {
            Payload::Done => Unpack::Plain,
            Payload::Sha256(stated) => Unpack::Hash { hash: Sha256::new(), stated },
            Payload::Chunked(decoder) => Unpack::Chunks(decoder),
        }
    }

    fn push(&mut self, piece: Bytes, ready: &mut VecDeque<Bytes>) -> Result<(), ServiceError> {
        match self {
            Unpack::Plain | Unpack::Ended => ready.push_back(piece),
            Unpack::Hash { hash, .. } => {
                hash.update(&piece);
                ready.push_back(piece);
            }
            Unpack::Chunks(decoder) => {
                let mut payload = Vec::new();
                decoder.push(piece, &mut payload).map_err(|error| error.to_service_error())?;
                ready.extend(payload);
            }
        }
        Ok(())
    }

    /// At the body's end: whether it was what was stated, and its trailers.
    fn end(self) -> Result<Vec<(String, String)>, ServiceError> {
        match self {
            Unpack::Plain | Unpack::Ended => Ok(Vec::new()),
            Unpack::Hash { hash, stated } => match hex::encode(hash.finalize()) == stated {
                true => Ok(Vec::new()),
                false => Err(SignatureError::BodyMismatch.to_service_error(Style::S3)),
            },
            Unpack::Chunks(decoder) => decoder.finish().map_err(|error| error.to_service_error()),
        }
    }
}

impl<B> Incoming<B>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    /// A body that came with these headers.
    pub fn new(body: B, headers: &HeaderMap) -> Incoming<B> {
        let is_patient = headers.contains_key(header::EXPECT);
        let is_empty = body.is_end_stream();
        Incoming { home: Arc::new(Mutex::new(Some(body))), was_touched: Arc::default(), is_patient, is_empty }
    }

    /// Whether a client that expects `100 Continue` never gets it: hyper sends it when a body is first asked
    /// for, and never for an empty one. botocore misreads the next answer on such a connection, so the
    /// connection must end with this one, as S3 ends it.
    pub fn is_still_expected(&self) -> bool {
        self.is_patient && (self.is_empty || !self.was_touched.load(Ordering::Relaxed))
    }

    /// Its pieces, and where its trailers will stand.
    pub fn pieces(&self, env: Env, bodies: BodyReader, payload: Payload) -> (Pieces, Trailers) {
        let trailers = Trailers::default();
        let source = Source {
            body: self.home.lock().take(),
            home: self.home.clone(),
            was_touched: self.was_touched.clone(),
            env,
            bodies,
            unpack: Unpack::of(payload),
            ready: VecDeque::new(),
            trailers: trailers.clone(),
        };
        let pieces = stream::unfold(source, |mut source| async move {
            let piece = source.next().await?;
            Some((piece, source))
        });
        (pieces.boxed(), trailers)
    }

    /// Reads and throws away what nobody took, up to a bound.
    pub async fn drain(&self, env: &Env, bodies: &BodyReader) {
        let left = self.home.lock().take();
        let is_coming = !self.is_patient || self.was_touched.load(Ordering::Relaxed);
        if let Some(mut body) = left.filter(|body| is_coming && !body.is_end_stream()) {
            bodies.discard(env, &mut body).await;
        }
    }
}

impl<B> Source<B>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    async fn next(&mut self) -> Option<Result<Bytes, ServiceError>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(Ok(piece));
            }
            if matches!(self.unpack, Unpack::Ended) {
                return None;
            }
            if let Err(error) = self.step().await {
                self.unpack = Unpack::Ended;
                self.ready.clear();
                return Some(Err(error));
            }
        }
    }

    async fn step(&mut self) -> Result<(), ServiceError> {
        let Some(body) = &mut self.body else {
            self.unpack = Unpack::Ended;
            return Ok(());
        };
        self.was_touched.store(true, Ordering::Relaxed);
        match self.bodies.next(&self.env, body).await? {
            Some(piece) => self.unpack.push(piece, &mut self.ready),
            None => {
                let unpack = std::mem::replace(&mut self.unpack, Unpack::Ended);
                *self.trailers.lock() = unpack.end()?;
                Ok(())
            }
        }
    }
}

impl<B> Drop for Source<B> {
    fn drop(&mut self) {
        *self.home.lock() = self.body.take();
    }
}

/// A whole body, unpacked and held against what was stated of it.
///
/// # Errors
/// If it is another one.
pub fn unpacked(payload: Payload, body: Bytes) -> Result<Bytes, ServiceError> {
    if matches!(payload, Payload::Done) {
        return Ok(body);
    }
    let (mut unpack, mut ready) = (Unpack::of(payload), VecDeque::new());
    unpack.push(body, &mut ready)?;
    unpack.end()?;
    match ready.len() {
        0 => Ok(Bytes::new()),
        1 => Ok(ready.swap_remove_front(0).unwrap_or_default()),
        _ => {
            let mut whole = BytesMut::new();
            ready.iter().for_each(|piece| whole.extend_from_slice(piece));
            Ok(whole.freeze())
        }
    }
}
