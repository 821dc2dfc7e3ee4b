//! What answers plain HTTP under host names of its own: functions' URLs, later the APIs of a gateway.

use std::net::IpAddr;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http::{HeaderMap, Method};
use tidegate_protocol::{Call, Operation, ServiceError, ServiceModel};
use tidegate_types::Region;

/// A service that is asked for by host: `<id>.<label>.<region>.…`, such as
/// `abc123.lambda-url.us-east-1.on.aws`. Whatever comes for such a host is handed over whole.
pub trait HostedHttp: Send + Sync {
    /// The label behind the id, such as `lambda-url`.
    fn label(&self) -> &'static str;

    /// The service that requests are signed for.
    fn model(&self) -> &'static ServiceModel;

    /// What such a request is called where calls are counted and refused. It need not be the model's.
    fn operation(&self) -> &'static Operation;

    /// The most bytes of a request's body; a larger one is answered with 413 and never handed over.
    fn body_limit(&self) -> usize;

    /// Answers a request. Who may ask is the service's to decide: see [`HostedRequest::call`].
    fn answer(&self, request: HostedRequest) -> BoxFuture<'_, HostedAnswer>;
}

/// A request for a host.
#[derive(Debug)]
pub struct HostedRequest {
    /// The host's first label.
    pub id: String,
    /// The region that the host names.
    pub region: Region,
    /// The host as the client wrote it, with its port.
    pub host: String,
    /// Whether it came over TLS.
    pub is_secure: bool,
    /// Where it came from.
    pub source: IpAddr,
    /// The method.
    pub method: Method,
    /// The path, still encoded.
    pub path: String,
    /// The query string, still encoded.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The answer's request id.
    pub request_id: String,
    /// Who asks, as a call of [`HostedHttp::operation`]; or why its signature was refused, which matters only
    /// to hosts that want one. Without `--auth enforce` nothing is proven and nothing is refused: a caller
    /// without an access key has not signed. Where permissions are checked the call's guard does it.
    pub call: Result<Call, ServiceError>,
}

/// What is answered.
#[derive(Debug)]
pub struct HostedAnswer {
    /// The status.
    pub status: u16,
    /// The headers. Of those that frame a message (`content-length`, `transfer-encoding`, `connection`) the
    /// server sets its own.
    pub headers: HeaderMap,
    /// The body.
    pub body: HostedBody,
}

/// An answer's body.
pub enum HostedBody {
    /// All of it at once.
    Whole(Bytes),
    /// Piece by piece, as they come. An error breaks the connection off: the client must not take what it
    /// has for all there is.
    Stream(BoxStream<'static, Result<Bytes, Broken>>),
}

impl std::fmt::Debug for HostedBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HostedBody::Whole(bytes) => f.debug_tuple("Whole").field(&bytes.len()).finish(),
            HostedBody::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// An answer's body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer broke off")]
pub struct Broken;
