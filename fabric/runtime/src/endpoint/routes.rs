//! Which path means what, and how answers are worded.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::{Shared, extensions, runtime_api, telemetry};

pub(super) type Reply = Response<Full<Bytes>>;

/// Answers any request. A refusal is an answer like any other.
pub(super) async fn answer(shared: &Shared, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let is = |method: &Method| request.method() == method;
    match segments.as_slice() {
        ["2018-06-01", "runtime", "invocation", "next"] if is(&Method::GET) => runtime_api::next(shared).await,
        ["2018-06-01", "runtime", "invocation", id, "response"] if is(&Method::POST) => {
            let id = (*id).to_owned();
            runtime_api::response(shared, &id, request).await
        }
        ["2018-06-01", "runtime", "invocation", id, "error"] if is(&Method::POST) => {
            let id = (*id).to_owned();
            runtime_api::error(shared, &id, request).await
        }
        ["2018-06-01", "runtime", "init", "error"] if is(&Method::POST) => {
            runtime_api::init_error(shared, request).await
        }
        // SnapStart's request, which runtimes send only when asked to start that way.
        ["2018-06-01", "runtime", "restore", "next"] if is(&Method::GET) => json_reply(StatusCode::OK, &json!({})),
        ["2020-01-01", "extension", rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|segment| (*segment).to_owned()).collect();
            extensions::answer(shared, &rest, request).await
        }
        ["2022-07-01", "telemetry"] if is(&Method::PUT) => telemetry::subscribe(shared, request).await,
        ["2020-08-15", "logs"] if is(&Method::PUT) => {
            refusal(StatusCode::ACCEPTED, "Logs.NotSupported", "Logs API is not supported")
        }
        _ => refusal(StatusCode::NOT_FOUND, "NotFound", "404 page not found"),
    }
}

pub(super) fn json_reply(status: StatusCode, body: &serde_json::Value) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body.to_string())));
    *reply.status_mut() = status;
    reply.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    reply
}

pub(super) fn refusal(status: StatusCode, kind: &str, message: &str) -> Reply {
    json_reply(status, &json!({ "errorMessage": message, "errorType": kind }))
}

/// What the runtime and extensions get for a report that was taken.
pub(super) fn accepted() -> Reply {
    json_reply(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

/// A header's text.
pub(super) fn header<'a>(request: &'a Request<Incoming>, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
