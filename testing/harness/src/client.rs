//! A client that sends exactly what it is given.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// No answer takes longer: the longest long poll is 20 seconds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// An HTTP client for one server, with keep-alive connections of its own.
#[derive(Debug, Clone)]
pub struct Client {
    endpoint: String,
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server said no: the operation did not happen.
    #[error("{status} {code}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error's code, without its namespace.
        code: String,
        /// The error's message.
        message: String,
    },
    /// Nobody answered to the end: the operation happened or it did not.
    #[error("no answer: {0}")]
    InDoubt(String),
}

impl Client {
    /// A client of the server at `http://HOST:PORT`.
    pub fn new(endpoint: &str) -> Client {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build(connector);
        Client { endpoint: endpoint.to_owned(), http }
    }

    /// `http://HOST:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Sends a request whose URI is a path, and reads the whole answer.
    ///
    /// # Errors
    /// [`Failure::InDoubt`]: no connection, a broken one, or no answer within a minute. Statuses are
    /// not judged.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Answer, Failure> {
        let (mut parts, body) = request.into_parts();
        let uri = format!("{}{}", self.endpoint, parts.uri);
        parts.uri = uri.parse::<Uri>().map_err(|error| Failure::InDoubt(format!("{uri} is no URI: {error}")))?;
        let exchange = async {
            let response = self.http.request(Request::from_parts(parts, Full::new(body))).await.map_err(in_doubt)?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(in_doubt)?.to_bytes();
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        match tokio::time::timeout(ANSWERED_WITHIN, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::InDoubt(format!("nothing came within {ANSWERED_WITHIN:?}"))),
        }
    }

    /// Calls an operation in the awsJson 1.0 protocol; `target` is the value of `X-Amz-Target`.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn json(&self, target: &str, input: &Value) -> Result<Value, Failure> {
        let request = Request::post("/")
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .body(Bytes::from(input.to_string()))
            .map_err(|error| Failure::InDoubt(error.to_string()))?;
        let answer = self.send(request).await?;
        let output =
            if answer.body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice::<Value>(&answer.body) };
        let output =
            output.map_err(|error| Failure::InDoubt(format!("the answer is not JSON ({error}): {}", answer.text())))?;
        if answer.status == 200 {
            return Ok(output);
        }
        let text = |name: &str| output[name].as_str().unwrap_or_default().to_owned();
        let code = text("__type");
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        Err(Failure::Refused { status: answer.status, code, message: text("message") })
    }
}

/// The causes tell more than hyper's outermost error, which only says "client error".
fn in_doubt(error: impl std::error::Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Failure::InDoubt(text)
}
