//! HTTP as such, for the services whose operations need more of it than their shapes say: bodies that go by
//! while an operation runs, headers that no model names, answers with a status of their own.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use tidegate_types::AccountId;

use crate::decode::DecodeError;
use crate::schema::StructSchema;
use crate::service::{Caller, ServiceError};
use crate::shape::{Reader, Shape, Writer};

/// The pieces of a body, as they come or go. An error is the last of them.
pub type Pieces = BoxStream<'static, Result<Bytes, ServiceError>>;

/// What stands behind a body's last piece, names in lower case: filled in when the body ends.
pub type Trailers = Arc<Mutex<Vec<(String, String)>>>;

/// The HTTP request that a call came in. Only calls of services that ask for it have one
/// ([`Service::wants_http`](crate::Service::wants_http)).
pub struct HttpRequest {
    /// The head, as it came.
    pub head: http::request::Parts,
    /// Where it came from.
    pub source: IpAddr,
    body: Mutex<Option<Pieces>>,
    trailers: Trailers,
    form_signers: Option<Arc<dyn FormSigners>>,
}

/// A browser's upload form without its file.
#[derive(Debug, Clone, Copy)]
pub struct UploadForm<'a> {
    /// The bucket that it was posted to.
    pub bucket: &'a str,
    /// Names and values, in the form's order.
    pub fields: &'a [(String, String)],
}

/// Finds out who signed an upload form: such a signature is one of the form's fields, which only the operation
/// reads.
pub trait FormSigners: Send + Sync {
    /// Whose account the form acts in, and who signed it, with what it may do.
    ///
    /// # Errors
    /// The signature's fault; or what the form has that its policy does not allow, the size of its file aside.
    fn signer(&self, form: &UploadForm<'_>) -> Result<(AccountId, Caller), ServiceError>;
}

impl HttpRequest {
    /// A request with this head, from there. The body that goes by, if it does, with the place in which its
    /// trailers will stand once it has ended.
    pub fn new(head: http::request::Parts, source: IpAddr, body: Option<(Pieces, Trailers)>) -> HttpRequest {
        let (body, trailers) = body.map_or_else(Default::default, |(pieces, trailers)| (Some(pieces), trailers));
        HttpRequest { head, source, body: Mutex::new(body), trailers, form_signers: None }
    }

    /// The same, whose form, if it is one, was signed by somebody whom these find.
    #[must_use]
    pub fn with_form_signers(self, form_signers: Option<Arc<dyn FormSigners>>) -> HttpRequest {
        HttpRequest { form_signers, ..self }
    }

    /// Whom to ask who signed a form; nobody where signatures are not checked.
    pub fn form_signers(&self) -> Option<&dyn FormSigners> {
        self.form_signers.as_deref()
    }

    /// The body, if it goes by and nobody has taken it. What is signed or announced of it was or will be
    /// verified: an error among the pieces says that it is not what it should be.
    pub fn take_body(&self) -> Option<Pieces> {
        self.body.lock().take()
    }

    /// What stood behind the body's last piece, names in lower case. Empty until the body has ended.
    pub fn trailers(&self) -> Vec<(String, String)> {
        self.trailers.lock().clone()
    }

    /// A header's text; `None` if it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("head", &self.head).field("source", &self.source).finish_non_exhaustive()
    }
}

/// What an answer has besides its shape.
#[derive(Default)]
pub struct HttpAnswer {
    /// The status, if not the operation's own.
    pub status: Option<u16>,
    /// More headers; they replace those of the shape.
    pub headers: HeaderMap,
    /// The body, if not the shape's.
    body: Mutex<Option<HttpBody>>,
}

/// The body of such an answer.
pub enum HttpBody {
    /// What is at hand is sent with the head, as one piece.
    Whole(Bytes),
    /// Pieces as they come, and how many bytes they are.
    Pieces(Pieces, u64),
}

impl HttpAnswer {
    /// An answer with this body.
    pub fn with_body(body: HttpBody) -> HttpAnswer {
        HttpAnswer { body: Mutex::new(Some(body)), ..HttpAnswer::default() }
    }

    /// The same with this status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> HttpAnswer {
        self.status = Some(status);
        self
    }

    /// The same with a header. A value that no header may have is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> HttpAnswer {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The body, once.
    pub fn take_body(&self) -> Option<HttpBody> {
        self.body.lock().take()
    }
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// An operation's output with a status, headers or a body that no shape has. The member that stands for the
/// body must be absent in `shape`.
#[derive(Debug)]
pub struct Answered<T> {
    /// What the model says of the answer.
    pub shape: T,
    /// The rest.
    pub http: HttpAnswer,
}

impl<T> From<T> for Answered<T> {
    fn from(shape: T) -> Answered<T> {
        Answered { shape, http: HttpAnswer::default() }
    }
}

impl<T: Shape> Shape for Answered<T> {
    fn schema(&self) -> &'static StructSchema {
        self.shape.schema()
    }

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        T::read(reader).map(Answered::from)
    }

    fn write(&self, writer: &mut dyn Writer) {
        self.shape.write(writer);
    }

    fn http(&self) -> Option<&HttpAnswer> {
        Some(&self.http)
    }
}
