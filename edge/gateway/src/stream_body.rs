//! The bodies of answers: whole, or a stream that goes on.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tidegate_ports::Broken;

/// The body of an answer.
pub enum AnswerBody {
    /// All of it at once.
    Whole(Full<Bytes>),
    /// One piece after the other.
    Stream {
        /// The pieces.
        pieces: BoxStream<'static, Result<Bytes, Broken>>,
        /// How many bytes are still to come, where that is known.
        left: Option<u64>,
        /// What stands for the request for as long as its answer goes on.
        held: Option<Box<dyn Any + Send>>,
    },
}

impl AnswerBody {
    /// A body that goes on. An error breaks the connection off.
    pub fn stream(pieces: BoxStream<'static, Result<Bytes, Broken>>) -> AnswerBody {
        AnswerBody::Stream { pieces, left: None, held: None }
    }

    /// The same of so many bytes.
    pub fn of_length(pieces: BoxStream<'static, Result<Bytes, Broken>>, length: u64) -> AnswerBody {
        AnswerBody::Stream { pieces, left: Some(length), held: None }
    }

    /// Keeps `guard` until the body ends, if it goes on; lets it go now if it is whole.
    pub(crate) fn hold(&mut self, guard: impl Any + Send) {
        match self {
            AnswerBody::Whole(_) => drop(guard),
            AnswerBody::Stream { held, .. } => *held = Some(Box::new(guard)),
        }
    }
}

impl<T: Into<Bytes>> From<T> for AnswerBody {
    fn from(whole: T) -> AnswerBody {
        AnswerBody::Whole(Full::new(whole.into()))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            AnswerBody::Whole(whole) => Pin::new(whole).poll_frame(cx).map_err(|never| match never {}),
            AnswerBody::Stream { pieces, left, held } => {
                let polled = pieces.poll_next_unpin(cx);
                if let (Poll::Ready(Some(Ok(piece))), Some(left)) = (&polled, left) {
                    *left = left.saturating_sub(piece.len() as u64);
                }
                let polled = polled.map(|piece| piece.map(|piece| piece.map(Frame::data)));
                if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
                    *held = None;
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Whole(whole) => whole.is_end_stream(),
            AnswerBody::Stream { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Whole(whole) => whole.size_hint(),
            AnswerBody::Stream { left, .. } => left.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
