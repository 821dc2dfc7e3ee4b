//! The Runtime API: how a runtime gets invocations and answers them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::routes::{Reply, accepted, header, refusal};
use super::{Answer, Event, MAX_ANSWER_BYTES, MAX_STREAM_BYTES, Shared, Work};
use crate::StreamEnd;

/// How many pieces of a stream wait for its reader.
const CHUNKS_AHEAD: usize = 16;
/// The largest report of an error, in bytes; AWS cuts there, too.
const MAX_ERROR_BYTES: usize = MAX_ANSWER_BYTES;

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";

/// Waits for an invocation.
pub(super) async fn next(shared: &Shared) -> Reply {
    let (sender, receiver) = oneshot::channel();
    if shared.events.send(Event::Next(sender)).is_err() {
        return gone();
    }
    match receiver.await {
        Ok(work) => invocation(work),
        Err(_) => gone(),
    }
}

/// The environment ends: whoever still asks is about to be killed.
fn gone() -> Reply {
    refusal(StatusCode::GONE, "Runtime.Shutdown", "The environment is shutting down")
}

fn invocation(work: Work) -> Reply {
    let mut reply = Response::new(Full::new(work.payload));
    let headers = reply.headers_mut();
    let mut set = |name: &'static str, value: Option<&str>| {
        // A value that no header can carry is left out: it was a header's before it came here.
        if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("content-type", Some("application/json"));
    set("lambda-runtime-aws-request-id", Some(&work.request_id));
    set("lambda-runtime-deadline-ms", Some(&work.deadline_ms.to_string()));
    set("lambda-runtime-invoked-function-arn", Some(&work.invoked_arn));
    set("lambda-runtime-trace-id", work.trace.as_deref());
    set("lambda-runtime-client-context", work.client_context.as_deref());
    set("lambda-runtime-cognito-identity", work.cognito_identity.as_deref());
    reply
}

/// Whether the current invocation has this identifier and has no answer yet; from now on it has one.
/// Tells whether its caller takes streams.
fn claim(shared: &Shared, id: &str) -> Result<bool, Box<Reply>> {
    let mut current = shared.current.lock();
    if current.request_id.as_deref() != Some(id) {
        return Err(Box::new(refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")));
    }
    if current.answered {
        let message = "Transition from Ready to InvocationResponse state failed for runtime. Error: State transition is \
                       not allowed";
        return Err(Box::new(refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", message)));
    }
    current.answered = true;
    Ok(current.streaming)
}

/// Takes the answer to an invocation.
pub(super) async fn response(shared: &Shared, id: &str, request: Request<Incoming>) -> Reply {
    let streaming = match claim(shared, id) {
        Ok(streaming) => streaming,
        Err(refused) => return *refused,
    };
    let streamed = header(&request, RESPONSE_MODE).is_some_and(|mode| mode.eq_ignore_ascii_case("streaming"));
    if streamed && streaming {
        return stream(shared, request).await;
    }
    match collect(request, MAX_ANSWER_BYTES).await {
        Collected::Whole { body, trailers } => {
            let answer = match trailers.as_ref().and_then(stream_error) {
                Some((_, body)) => Answer::Error { handled: false, body },
                None => Answer::Whole(body),
            };
            send(shared, answer)
        }
        Collected::TooLarge => {
            send(shared, Answer::TooLarge);
            let message = format!("Exceeded maximum allowed payload size ({MAX_ANSWER_BYTES} bytes).");
            refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
        }
        Collected::Broken => broken(),
    }
}

fn send(shared: &Shared, answer: Answer) -> Reply {
    match shared.events.send(Event::Answered(answer)) {
        Ok(()) => accepted(),
        Err(_) => gone(),
    }
}

/// The runtime went away in the midst of its answer; the worker sees that it ended.
fn broken() -> Reply {
    refusal(StatusCode::BAD_REQUEST, "Runtime.TruncatedResponse", "The body ended early")
}

/// Hands on what comes, as it comes.
async fn stream(shared: &Shared, request: Request<Incoming>) -> Reply {
    let content_type = header(&request, "content-type").map(str::to_owned);
    let (chunks, receiver) = mpsc::channel(CHUNKS_AHEAD);
    let (ended, end) = oneshot::channel();
    if shared.events.send(Event::Answered(Answer::Stream { content_type, chunks: receiver, end })).is_err() {
        return gone();
    }
    let (error, reply) = pump(request, &chunks).await;
    drop(chunks);
    // Nobody waits for it any more if the worker was stopped meanwhile.
    drop(ended.send(StreamEnd { error, ..StreamEnd::default() }));
    reply
}

type StreamError = (String, Bytes);

async fn pump(request: Request<Incoming>, chunks: &mpsc::Sender<Bytes>) -> (Option<StreamError>, Reply) {
    let mut body = request.into_body();
    let mut total = 0;
    let mut error = None;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return (Some(described("Runtime.TruncatedResponse", "The function's stream ended early")), broken());
        };
        match frame.into_data() {
            Ok(data) => {
                total += data.len();
                if total > MAX_STREAM_BYTES {
                    let message = format!(
                        "Response payload size exceeded maximum allowed payload size ({MAX_STREAM_BYTES} bytes)."
                    );
                    let reply = refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
                    return (Some(described("Function.ResponseSizeTooLarge", &message)), reply);
                }
                // A caller who went away does not end the invocation: the rest is read and dropped.
                drop(chunks.send(data).await);
            }
            Err(frame) => error = frame.trailers_ref().and_then(stream_error),
        }
    }
    (error, accepted())
}

fn described(kind: &str, message: &str) -> StreamError {
    let body = serde_json::json!({ "errorType": kind, "errorMessage": message });
    (kind.to_owned(), Bytes::from(body.to_string()))
}

/// What the trailers of a stream say about an error in the middle of it.
fn stream_error(trailers: &HeaderMap) -> Option<StreamError> {
    let kind = trailers.get(ERROR_TYPE)?.to_str().ok()?.to_owned();
    let body = trailers.get(ERROR_BODY).and_then(|body| STANDARD.decode(body.as_bytes()).ok()).unwrap_or_default();
    Some((kind, Bytes::from(body)))
}

enum Collected {
    Whole { body: Bytes, trailers: Option<HeaderMap> },
    TooLarge,
    Broken,
}

/// The whole body. One that is too large is read to its end, so that its sender gets to read our answer.
async fn collect(request: Request<Incoming>, limit: usize) -> Collected {
    let mut body = request.into_body();
    let mut first: Option<Bytes> = None;
    let mut all: Option<BytesMut> = None;
    let mut trailers = None;
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Collected::Broken };
        match frame.into_data() {
            Ok(data) => {
                total += data.len();
                if total > limit {
                    first = None;
                    all = None;
                } else if let Some(all) = &mut all {
                    all.extend_from_slice(&data);
                } else if let Some(before) = first.take() {
                    // Most answers come in one piece and need no copy.
                    let mut joined = BytesMut::with_capacity(before.len() + data.len());
                    joined.extend_from_slice(&before);
                    joined.extend_from_slice(&data);
                    all = Some(joined);
                } else {
                    first = Some(data);
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    if total > limit {
        return Collected::TooLarge;
    }
    let body = all.map(BytesMut::freeze).or(first).unwrap_or_default();
    Collected::Whole { body, trailers }
}

/// Takes the error that an invocation ended with.
pub(super) async fn error(shared: &Shared, id: &str, request: Request<Incoming>) -> Reply {
    if let Err(refused) = claim(shared, id) {
        return *refused;
    }
    match error_report(request).await {
        Some((_, handled, body)) => send(shared, Answer::Error { handled, body }),
        None => broken(),
    }
}

/// Takes the error that kept a runtime from starting.
pub(super) async fn init_error(shared: &Shared, request: Request<Incoming>) -> Reply {
    let Some((kind, _, body)) = error_report(request).await else { return broken() };
    match shared.events.send(Event::InitError { kind, body }) {
        Ok(()) => accepted(),
        Err(_) => gone(),
    }
}

/// The type, whether the function meant it, and the JSON. The header holds `Handled` or `Unhandled` from old
/// runtimes and the error's type from new ones; the type is also in the JSON.
async fn error_report(request: Request<Incoming>) -> Option<(String, bool, Bytes)> {
    let said = header(&request, ERROR_TYPE).map(str::to_owned);
    let handled = said.as_deref() == Some("Handled");
    let Collected::Whole { body, .. } = collect(request, MAX_ERROR_BYTES).await else { return None };
    let kind = match said {
        Some(said) if said != "Handled" && said != "Unhandled" => said,
        _ => error_type(&body).unwrap_or_else(|| "Runtime.Unknown".to_owned()),
    };
    Some((kind, handled, body))
}

fn error_type(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    value.get("errorType")?.as_str().map(str::to_owned)
}
