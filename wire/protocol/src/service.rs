//! Where the gateway and the services meet.
//!
//! The gateway finds service and operation, authenticates, and hands over a [`Call`] and a [`Reader`]
//! over the body. The service decodes *before* it returns its future, so the future owns typed input,
//! borrows nothing of the request's bytes, and is `Send`; the answer is any [`Shape`], which the
//! gateway encodes in the caller's protocol.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, Method};
use tidegate_types::{AccountId, ErrorKind, Region};

use crate::access::Permissions;
use crate::http_call::HttpRequest;
use crate::model::{Coverage, ErrorShape, Fault, Operation, ProtocolId, ServiceModel};
use crate::shape::{Reader, Shape};

/// One request, without its input.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is asked for.
    pub operation: &'static Operation,
    /// The account that the request acts in.
    pub account: AccountId,
    /// The region that the request acts in.
    pub region: Region,
    /// Who asks.
    pub caller: Caller,
    /// `scheme://host[:port]` as the client wrote it: every URL in an answer must begin with it, or
    /// the client's next call leaves us for the real AWS.
    pub base_url: String,
    /// The request's id (a UUID), in the answer's headers and in every log line.
    pub request_id: String,
    /// The `X-Amzn-Trace-Id` header.
    pub trace: Option<String>,
    /// The request's path. Old SQS clients post to the queue's URL and leave `QueueUrl` out.
    pub path: String,
    /// The protocol of the request, which is the protocol of the answer.
    pub protocol: ProtocolId,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The request as it came, for services that want it.
    pub http: Option<Arc<HttpRequest>>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The access key id of the signature, if there was one.
    pub access_key: Option<String>,
    /// The identity's ARN, such as `arn:aws:iam::123456789012:root`.
    pub principal_arn: String,
    /// The identity's unique id, as `GetCallerIdentity` answers it and policies know it by `aws:userid`.
    pub user_id: String,
    /// Whether the signature was verified. Without `--auth enforce` it never is.
    pub authenticated: bool,
    /// What the caller may do.
    pub permissions: Permissions,
}

impl Caller {
    /// The root of an account, unproven: who asks where nobody checks.
    pub fn root(account: AccountId) -> Caller {
        Caller {
            access_key: None,
            principal_arn: format!("arn:aws:iam::{account}:root"),
            user_id: account.to_string(),
            authenticated: false,
            permissions: Permissions::default(),
        }
    }
}

/// What a service returns for a call.
pub type ResponseFuture<'a> = BoxFuture<'a, Result<Box<dyn Shape>, ServiceError>>;

/// A service, as the gateway sees it.
pub trait Service: Send + Sync {
    /// Its model.
    fn model(&self) -> &'static ServiceModel;

    /// How completely it serves each operation. One that is not listed is not implemented.
    fn coverage(&self) -> &'static [(&'static str, Coverage)];

    /// Reads the input at once and returns the rest of the work.
    ///
    /// # Errors
    /// At once: input that cannot be read or breaks the model's constraints, and an operation that is
    /// not implemented. Later: whatever the operation refuses.
    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError>;

    /// The most bytes of this operation's request body, where that is not what holds for all services.
    /// Asked only where the head of a request names the operation: in the REST protocols.
    fn body_limit(&self, _operation: &Operation) -> Option<usize> {
        None
    }

    /// What is said to a body that is larger than `limit`.
    fn too_large(&self, _operation: &Operation, limit: usize) -> ServiceError {
        let message = format!("the request body is larger than {limit} bytes");
        ServiceError::new(crate::errors::REQUEST_TOO_LARGE, message)
    }

    /// Whether this operation reads the request's body while it runs: it is not in its input then, but in the
    /// call's [`HttpRequest`]. Asked only in the REST protocols.
    fn is_streamed(&self, _operation: &Operation) -> bool {
        false
    }

    /// Whether the service's calls have an [`HttpRequest`].
    fn wants_http(&self) -> bool {
        false
    }

    /// Whether it is for the service to say which web pages may read answers to requests for this path.
    fn answers_preflight(&self, _path: &str) -> bool {
        false
    }

    /// Whether a page of another site may send such a request because whoever owns what stands under the path
    /// said so. Asked only of services that answer preflights to the path.
    fn allows_page(&self, _path: &str, _method: &Method, _origin: &str) -> bool {
        false
    }

    /// The last word on an answer's headers, whatever became of the call.
    fn adorn(&self, _call: &Call, _headers: &mut HeaderMap) {}

    /// Whether the service can say what permissions this operation needs. One that cannot is refused to
    /// every caller who is checked.
    fn knows_needs_of(&self, _operation: &str) -> bool {
        false
    }
}

/// An error as a client will see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// Code, status and fault. Boxed, because an error travels in the `Result` of every operation.
    pub shape: Box<ErrorShape>,
    /// The text.
    pub message: String,
    /// What it means for metrics and for whether to log it.
    pub kind: ErrorKind,
    /// Further members of the error's structure, all of them text.
    pub fields: Vec<(&'static str, String)>,
    /// The error's structure, message included, where it holds more than texts. JSON protocols only.
    pub structure: Option<ErrorStructure>,
    /// What happened inside, for the log alone.
    pub detail: Option<String>,
    /// Headers of the answer. A slice, because it is smaller than a vector and errors travel in every `Result`.
    pub headers: Box<[(HeaderName, String)]>,
}

/// The structure of an error that carries more than texts, such as the item that failed a condition.
#[derive(Debug, Clone)]
pub struct ErrorStructure(pub Arc<dyn Shape>);

impl PartialEq for ErrorStructure {
    /// Shapes of different types cannot be compared; what they print can.
    fn eq(&self, other: &ErrorStructure) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl Eq for ErrorStructure {}

impl ServiceError {
    /// An error of this shape. The kind follows from the status; [`ServiceError::with_kind`] says
    /// otherwise.
    pub fn new(shape: ErrorShape, message: impl Into<String>) -> ServiceError {
        let kind = kind_of(&shape);
        ServiceError {
            shape: Box::new(shape),
            message: message.into(),
            kind,
            fields: Vec::new(),
            structure: None,
            detail: None,
            headers: Box::default(),
        }
    }

    /// A failure of ours: the client learns nothing but that, the log learns `detail`.
    pub fn internal(detail: impl Into<String>) -> ServiceError {
        let message = "The request processing has failed because of an unknown error, exception or failure.";
        ServiceError::new(crate::errors::INTERNAL_FAILURE, message).with_detail(detail)
    }

    /// The server cannot serve this now; clients retry.
    pub fn unavailable(detail: impl Into<String>) -> ServiceError {
        let message = "The request has failed due to a temporary failure of the server.";
        ServiceError::new(crate::errors::SERVICE_UNAVAILABLE, message).with_detail(detail)
    }

    /// A real operation that is not served yet.
    pub fn not_implemented(service: &str, operation: &str) -> ServiceError {
        let message = format!("Tidegate does not implement {service} {operation} yet");
        ServiceError::new(crate::errors::NOT_IMPLEMENTED, message).with_kind(ErrorKind::Invalid)
    }

    /// The same error with another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> ServiceError {
        self.kind = kind;
        self
    }

    /// The same error with one more member.
    #[must_use]
    pub fn with_field(mut self, name: &'static str, value: impl Into<String>) -> ServiceError {
        self.fields.push((name, value.into()));
        self
    }

    /// The same error with a structure, which brings the message along.
    #[must_use]
    pub fn with_structure(mut self, structure: impl Shape) -> ServiceError {
        self.structure = Some(ErrorStructure(Arc::new(structure)));
        self
    }

    /// The same error with a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> ServiceError {
        let mut headers = self.headers.into_vec();
        headers.push((name, value.into()));
        self.headers = headers.into();
        self
    }

    /// The same error with a text for the log.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> ServiceError {
        self.detail = Some(detail.into());
        self
    }
}

fn kind_of(shape: &ErrorShape) -> ErrorKind {
    match shape.status {
        403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::Throttled,
        503 => ErrorKind::Unavailable,
        _ if shape.fault == Fault::Receiver => ErrorKind::Bug,
        _ => ErrorKind::Invalid,
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.shape.code, self.message)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ServiceError {}
