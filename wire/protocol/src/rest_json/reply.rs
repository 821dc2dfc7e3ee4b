use bytes::Bytes;
use http::{HeaderName, StatusCode, header};

use super::RestJsonWriter;
use crate::aws_json::JsonWriter;
use crate::codec::{Codec, Reply};
use crate::model::{Fault, Operation, ServiceModel};
use crate::rest::{Parts, PartsBody};
use crate::service::ServiceError;
use crate::shape::{Shape, Writer};

/// Answers in JSON, statuses and headers.
pub struct RestJson;

const CONTENT_TYPE: &str = "application/json";
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

impl Codec for RestJson {
    fn success(&self, _: &ServiceModel, operation: &Operation, request_id: &str, output: &dyn Shape) -> Reply {
        let mut writer = RestJsonWriter::json();
        output.write(&mut writer);
        let Parts { headers, status, body, .. } = writer.finish();
        // Of bytes AWS says that they are JSON as well, unless a member says what they are: what a function
        // returns is.
        let (PartsBody::Document(body) | PartsBody::Raw(body)) = body else {
            return with_headers(Reply::new(status.unwrap_or(operation.status), CONTENT_TYPE, request_id, ""), headers);
        };
        let mut reply = Reply::new(status.unwrap_or(operation.status), CONTENT_TYPE, request_id, body);
        if reply.status == StatusCode::NO_CONTENT {
            reply.body = Bytes::new();
        }
        with_headers(reply, headers)
    }

    fn failure(&self, _: Option<&ServiceModel>, request_id: &str, error: &ServiceError) -> Reply {
        let shape = &error.shape;
        let parts = match &error.structure {
            Some(structure) => {
                let mut writer = RestJsonWriter::json();
                structure.0.write(&mut writer);
                writer.finish()
            }
            None => parts_of(error),
        };
        let body = match parts.body {
            PartsBody::Document(body) | PartsBody::Raw(body) => body,
            PartsBody::None => Bytes::from_static(b"{}"),
        };
        let mut reply = with_headers(Reply::new(shape.status, CONTENT_TYPE, request_id, body), parts.headers);
        reply.header(ERROR_TYPE, shape.code);
        reply
    }
}

fn with_headers(mut reply: Reply, headers: http::HeaderMap) -> Reply {
    // `extend` would keep two content types.
    for (name, value) in headers {
        if let Some(name) = name {
            reply.headers.insert(name, value);
        }
    }
    debug_assert!(reply.headers.get_all(header::CONTENT_TYPE).iter().count() == 1, "one content type");
    reply
}

/// An error that is nothing but texts.
fn parts_of(error: &ServiceError) -> Parts {
    let shape = &error.shape;
    let mut parts = Parts::default();
    let mut writer = JsonWriter::default();
    writer.begin_object();
    if shape.has_type {
        writer.name("Type");
        writer.string(match shape.fault {
            Fault::Sender => "User",
            Fault::Receiver => "Service",
        });
    }
    writer.name(shape.message_key);
    writer.string(&error.message);
    for (name, value) in &error.fields {
        match shape.in_header.filter(|(member, _)| member == name) {
            Some((_, header)) => {
                if let (Ok(header), Ok(value)) = (header.parse::<HeaderName>(), value.parse()) {
                    parts.headers.insert(header, value);
                }
            }
            None => {
                writer.name(name);
                writer.string(value);
            }
        }
    }
    writer.end_object();
    parts.body = PartsBody::Document(writer.finish().into());
    parts
}
