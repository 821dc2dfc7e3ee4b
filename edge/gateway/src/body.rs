//! Reading request bodies within limits: each request's, and that of all requests together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use hyper::body::Body;
use parking_lot::Mutex;
use tidegate_env::{Env, TaskHandle};
use tidegate_types::limits;

/// How much of a body that nobody wants is read and thrown away, as a multiple of the limit: a
/// client that is still sending does not read the answer, and closing on it would lose that.
const DRAIN_FACTOR: usize = 8;
/// For how long that goes on beside the answer.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// How many bodies may be thrown away so at once. Beyond it a refused client may miss its answer.
const MAX_LEFTOVERS: usize = 256;

/// The bytes of request bodies that all connections hold together.
#[derive(Debug)]
pub struct BodyBudget {
    held: AtomicUsize,
    limit: usize,
    /// What reads the rest of bodies whose requests have been refused.
    leftovers: Mutex<Leftovers>,
}

#[derive(Debug, Default)]
struct Leftovers {
    tasks: Vec<TaskHandle<()>>,
    /// None are added any more: the server ends.
    ended: bool,
}

impl Default for BodyBudget {
    fn default() -> BodyBudget {
        BodyBudget::new(limits::MAX_BODIES_IN_FLIGHT)
    }
}

impl BodyBudget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> BodyBudget {
        BodyBudget { held: AtomicUsize::new(0), limit, leftovers: Mutex::default() }
    }

    /// The bytes held now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Reads no further what nobody wants, from now on: the server ends.
    pub(crate) fn end_leftovers(&self) {
        *self.leftovers.lock() = Leftovers { tasks: Vec::new(), ended: true };
    }

    fn keep_leftover(&self, start: impl FnOnce() -> TaskHandle<()>) {
        let mut leftovers = self.leftovers.lock();
        leftovers.tasks.retain(|task| !task.is_finished());
        if !leftovers.ended && leftovers.tasks.len() < MAX_LEFTOVERS {
            leftovers.tasks.push(start());
        }
    }
}

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<BodyBudget>,
    bytes: usize,
}

impl Share {
    fn none(budget: &Arc<BodyBudget>) -> Share {
        Share { budget: Arc::clone(budget), bytes: 0 }
    }

    /// Takes `bytes` more, if there is room.
    fn grow(&mut self, bytes: usize) -> Result<(), BodyError> {
        let held = self.budget.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if held.saturating_add(bytes) > self.budget.limit { Err(BodyError::Overload) } else { Ok(()) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than one request's may be.
    #[error("the request body is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// All bodies together are larger than they may be.
    #[error("the server holds as many request bodies as it may; try again")]
    Overload,
    /// Nothing came for too long.
    #[error("no part of the request body arrived for {0:?}")]
    Stalled(Duration),
    /// The connection failed, or the body is not framed as announced.
    #[error("the request body could not be read")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl BodyError {
    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            BodyError::TooLarge { .. } => 413,
            BodyError::Overload => 503,
            BodyError::Stalled(_) => 408,
            BodyError::Broken(_) => 400,
        }
    }
}

/// What may be read, and how long a silence may last.
#[derive(Debug, Clone)]
pub struct BodyReader {
    /// What all requests share.
    pub budget: Arc<BodyBudget>,
    /// The most bytes of one body.
    pub limit: usize,
    /// The longest wait for a next piece.
    pub stall: Duration,
}

impl BodyReader {
    /// The same with another limit of one body.
    pub fn up_to(&self, limit: usize) -> BodyReader {
        BodyReader { limit, ..self.clone() }
    }

    /// Reads a whole body, which came with these headers. The share of the budget must be kept as long as the
    /// bytes are.
    ///
    /// # Errors
    /// [`BodyError`]. After `TooLarge` and `Overload` the rest of the body is read and thrown away beside the answer,
    /// up to a bound: clients send everything before they look for an answer, and closing on them would lose it.
    pub async fn read<B>(&self, env: &Env, headers: &HeaderMap, mut body: B) -> Result<(Bytes, Share), BodyError>
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > self.limit {
            // Who waits for `100 Continue` has sent nothing, and to ask for the body would bring it on.
            if !headers.contains_key(header::EXPECT) {
                self.leave(env, body);
            }
            return Err(BodyError::TooLarge { limit: self.limit });
        }
        let mut share = Share::none(&self.budget);
        match self.collect(env, announced, &mut body, &mut share).await {
            Ok(bytes) => Ok((bytes, share)),
            Err(error @ (BodyError::TooLarge { .. } | BodyError::Overload)) => {
                // Whether or not its client waited to be asked for it: it was.
                self.leave(env, body);
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Throws the rest of a body away in the background.
    fn leave<B>(&self, env: &Env, mut body: B)
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        // Without the budget, which keeps the task.
        let reader = BodyReader { budget: Arc::default(), ..self.clone() };
        let drained = env.clone();
        let drain = async move {
            let discarded = drained.timeout_real(DRAIN_TIME, reader.discard(&drained, &mut body)).await;
            tracing::debug!(in_time = discarded.is_ok(), "the rest of a refused body was thrown away");
        };
        self.budget.keep_leftover(|| env.spawn("leftover body", drain));
    }

    async fn collect<B>(&self, env: &Env, announced: usize, body: &mut B, share: &mut Share) -> Result<Bytes, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let Some(first) = self.next(env, body).await? else { return Ok(Bytes::new()) };
        share.grow(first.len())?;
        if body.is_end_stream() || first.len() == announced {
            // Nearly every body arrives in one piece and is handed on as it lies in the read buffer.
            return if first.len() > self.limit { Err(BodyError::TooLarge { limit: self.limit }) } else { Ok(first) };
        }
        // The announced length is a promise only: memory grows with what has come.
        let mut whole = BytesMut::with_capacity(announced.min(4 * first.len().max(16 * 1024)));
        whole.extend_from_slice(&first);
        drop(first);
        while let Some(piece) = self.next(env, body).await? {
            share.grow(piece.len())?;
            if whole.len() + piece.len() > self.limit {
                return Err(BodyError::TooLarge { limit: self.limit });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// The next piece of data; trailers are skipped.
    pub(crate) async fn next<B>(&self, env: &Env, body: &mut B) -> Result<Option<Bytes>, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        loop {
            // Only a body that is not there yet costs a timer.
            let frame = match body.frame().now_or_never() {
                Some(frame) => frame,
                None => env.timeout_real(self.stall, body.frame()).await.map_err(|late| BodyError::Stalled(late.0))?,
            };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(BodyError::Broken(error.into())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    pub(crate) async fn discard<B>(&self, env: &Env, body: &mut B)
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let mut left = self.limit.saturating_mul(DRAIN_FACTOR);
        while let Ok(Some(piece)) = self.next(env, body).await {
            match left.checked_sub(piece.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    fn reader(limit: usize, total: usize) -> BodyReader {
        BodyReader { budget: Arc::new(BodyBudget::new(total)), limit, stall: Duration::from_millis(20) }
    }

    fn pieces(texts: &'static [&'static str]) -> impl Body<Data = Bytes, Error = std::io::Error> + Unpin {
        StreamBody::new(stream::iter(texts.iter().map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes()))))))
    }

    #[tokio::test]
    async fn pieces_are_joined_and_the_share_is_given_back() {
        let (reader, env) = (reader(10, 100), Env::real());
        let (bytes, share) = reader.read(&env, &HeaderMap::new(), pieces(&["abc", "def", "ghij"])).await.unwrap();
        assert_eq!(&bytes[..], b"abcdefghij");
        assert_eq!(reader.budget.held(), 10);
        drop(share);
        assert_eq!(reader.budget.held(), 0);
        let (bytes, _share) =
            reader.read(&env, &HeaderMap::new(), Full::new(Bytes::from_static(b"whole"))).await.unwrap();
        assert_eq!(&bytes[..], b"whole");
        assert!(reader.read(&env, &HeaderMap::new(), pieces(&[])).await.unwrap().0.is_empty());
    }

    #[tokio::test]
    async fn neither_one_body_nor_all_together_may_be_too_large() {
        let (reader, env) = (reader(10, 12), Env::real());
        let read = reader.read(&env, &HeaderMap::new(), pieces(&["abcdef", "ghijkl"])).await;
        assert!(matches!(read, Err(BodyError::TooLarge { limit: 10 })), "{read:?}");
        let read = reader.read(&env, &HeaderMap::new(), Full::new(Bytes::from_static(b"elevenbytes"))).await;
        assert!(matches!(read, Err(BodyError::TooLarge { limit: 10 })), "{read:?}");
        let (_bytes, share) = reader.read(&env, &HeaderMap::new(), pieces(&["abcdefgh"])).await.unwrap();
        let read = reader.read(&env, &HeaderMap::new(), pieces(&["abcd", "e"])).await;
        assert!(matches!(read, Err(BodyError::Overload)), "{read:?}");
        drop(share);
        assert!(reader.read(&env, &HeaderMap::new(), pieces(&["abcd", "e"])).await.is_ok());
        assert_eq!(reader.budget.held(), 0);
    }

    #[test]
    fn no_leftover_is_read_once_they_have_ended() {
        let budget = BodyBudget::default();
        budget.end_leftovers();
        budget.keep_leftover(|| unreachable!("it would hold up the end"));
    }

    #[tokio::test]
    async fn a_silent_client_is_given_up() {
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
        let read = reader(10, 12).read(&Env::real(), &HeaderMap::new(), body).await;
        assert!(matches!(read, Err(BodyError::Stalled(_))), "{read:?}");
    }
}
