//! HTTP answers: from a protocol's reply, and in JSON for what is not an AWS API.

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use tidegate_ports::Broken;
use tidegate_protocol::{HttpAnswer, HttpBody, ProtocolId, Reply, ServiceError, ServiceModel, codec, event_stream};

use crate::directory::NO_PROTOCOL;
use crate::envelope;
use crate::stream_body::AnswerBody;

/// What the gateway answers with.
pub type Answer = Response<AnswerBody>;

/// Headers of ours and AWS's that a web page may read.
const EXPOSED: &str = "x-amzn-RequestId,x-amz-request-id,x-amz-id-2,x-amzn-ErrorType,x-amzn-ErrorMessage,\
                       x-amzn-query-error,x-amzn-trace-id,x-amz-crc32,Date,ETag,Location,Content-Length";

/// The answer that a protocol's reply makes.
pub fn from_reply(reply: Reply) -> Answer {
    let mut answer = Response::new(reply.body.into());
    *answer.status_mut() = reply.status;
    *answer.headers_mut() = reply.headers;
    answer
}

/// The answer that goes on: the reply's head, and these pieces.
pub fn from_pieces(reply: Reply, pieces: BoxStream<'static, Bytes>) -> Answer {
    let mut answer = Response::new(AnswerBody::stream(pieces.map(Ok).boxed()));
    *answer.status_mut() = reply.status;
    *answer.headers_mut() = reply.headers;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(event_stream::CONTENT_TYPE));
    answer
}

/// The answer with a status, headers or a body that the protocol knows nothing of.
pub fn from_http(reply: Reply, http: &HttpAnswer) -> Answer {
    let mut answer = from_reply(reply);
    match http.take_body() {
        Some(HttpBody::Whole(bytes)) => *answer.body_mut() = bytes.into(),
        Some(HttpBody::Pieces(pieces, length)) => {
            let pieces = pieces.map(|piece| {
                piece.map_err(|error| {
                    tracing::error!(%error, "an answer broke off");
                    Broken
                })
            });
            *answer.body_mut() = AnswerBody::of_length(pieces.boxed(), length);
        }
        None => {}
    }
    if let Some(status) = http.status {
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    }
    for (name, value) in &http.headers {
        answer.headers_mut().insert(name.clone(), value.clone());
    }
    answer
}

/// An error in a protocol's envelope.
pub fn failure(protocol: ProtocolId, model: Option<&ServiceModel>, request_id: &str, error: &ServiceError) -> Answer {
    let reply = match codec(protocol) {
        _ if *error.shape == NO_PROTOCOL => envelope::no_protocol(request_id),
        Some(codec) => codec.failure(model, request_id, error),
        None => match envelope::failure(protocol, request_id, error) {
            Some(reply) => reply,
            None => unreachable!("{protocol:?} has either a codec or an envelope"),
        },
    };
    let mut answer = from_reply(reply);
    for (name, value) in &error.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name.clone(), value);
        }
    }
    if answer.status() == StatusCode::NOT_MODIFIED {
        // Such an answer has no body, and no length of one.
        *answer.body_mut() = Bytes::new().into();
        answer.headers_mut().remove(header::CONTENT_TYPE);
    }
    answer
}

/// A JSON document for people and scripts.
pub fn json(status: u16, body: &serde_json::Value) -> Answer {
    let mut text = serde_json::to_vec_pretty(body).unwrap_or_else(|_| b"{}".to_vec());
    text.push(b'\n');
    content(status, "application/json", text)
}

/// A JSON document that says what was wrong.
pub fn message(status: u16, message: &str) -> Answer {
    json(status, &serde_json::json!({ "message": message }))
}

/// Any other document.
pub fn content(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(body.into().into());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// The answer to a browser that asks before it sends a request for an allowed page.
pub fn preflight(request: &HeaderMap) -> Answer {
    let mut answer = Response::new(Bytes::new().into());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    let methods = HeaderValue::from_static("GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(asked) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    if request.contains_key("access-control-request-private-network") {
        let name = HeaderName::from_static("access-control-allow-private-network");
        headers.insert(name, HeaderValue::from_static("true"));
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    answer
}

/// The last answer of its connection, as the client is told: what follows in it is the rest of a body that nobody reads.
pub fn last(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Lets the page at `origin` read the answer.
pub fn allow_origin(mut answer: Answer, origin: &HeaderValue) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    answer
}
