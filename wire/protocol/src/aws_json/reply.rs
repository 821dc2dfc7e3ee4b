use http::HeaderName;

use super::JsonWriter;
use crate::codec::{Codec, Reply};
use crate::model::{Operation, ServiceModel};
use crate::service::ServiceError;
use crate::shape::{Shape, Writer};

/// Answers in JSON.
pub struct AwsJson {
    content_type: &'static str,
    /// Whether an error's `__type` is the shape's full name: it is in 1.0, and bare in 1.1.
    full_names: bool,
}

/// awsJson 1.0.
pub static VERSION_1_0: AwsJson = AwsJson { content_type: "application/x-amz-json-1.0", full_names: true };
/// awsJson 1.1.
pub static VERSION_1_1: AwsJson = AwsJson { content_type: "application/x-amz-json-1.1", full_names: false };

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
/// DynamoDB's checksum of an answer's body, which SDKs compare: JavaScript v2 and Go fail without reason
/// if it is wrong, and look no further if it is absent.
const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-crc32");

/// Adds the checksum for services that send one: DynamoDB and its streams.
fn with_checksum(model: Option<&ServiceModel>, mut reply: Reply) -> Reply {
    let prefix = model.and_then(|model| model.target_prefix);
    if prefix.is_some_and(|prefix| prefix.starts_with("DynamoDB")) {
        let sum = crc32fast::hash(&reply.body);
        reply.header(CHECKSUM, &sum.to_string());
    }
    reply
}

impl Codec for AwsJson {
    fn success(&self, model: &ServiceModel, operation: &Operation, request_id: &str, output: &dyn Shape) -> Reply {
        if !operation.has_output {
            return with_checksum(Some(model), Reply::new(200, self.content_type, request_id, Vec::new()));
        }
        let mut writer = JsonWriter::default();
        output.write(&mut writer);
        with_checksum(Some(model), Reply::new(200, self.content_type, request_id, writer.finish()))
    }

    fn failure(&self, model: Option<&ServiceModel>, request_id: &str, error: &ServiceError) -> Reply {
        let shape = &error.shape;
        let mut reply = Reply::new(shape.status, self.content_type, request_id, self.body(model, error));
        if model.is_some_and(|model| model.query_compatible) {
            let value = format!("{};{}", shape.query_code, shape.fault.as_str());
            reply.header(QUERY_ERROR, &value);
        }
        with_checksum(model, reply)
    }
}

impl AwsJson {
    fn body(&self, model: Option<&ServiceModel>, error: &ServiceError) -> Vec<u8> {
        let shape = &error.shape;
        let namespace = shape.namespace.or(model.map(|model| model.error_namespace)).filter(|_| self.full_names);
        let mut writer = JsonWriter::default();
        writer.begin_object();
        writer.name("__type");
        match namespace {
            Some(namespace) => writer.string(&format!("{namespace}#{}", shape.code)),
            None => writer.string(shape.code),
        }
        if let Some(structure) = &error.structure {
            return with_members(writer, &*structure.0);
        }
        if !error.message.is_empty() {
            writer.name(shape.message_key);
            writer.string(&error.message);
        }
        for (name, value) in &error.fields {
            writer.name(name);
            writer.string(value);
        }
        writer.end_object();
        writer.finish()
    }
}

/// Closes an open object with the members of a structure in it.
fn with_members(mut open: JsonWriter, structure: &dyn Shape) -> Vec<u8> {
    let mut members = JsonWriter::default();
    structure.write(&mut members);
    let members = members.finish();
    if members == b"{}" {
        open.end_object();
        return open.finish();
    }
    let mut body = open.finish();
    body.push(b',');
    body.extend_from_slice(&members[1..]);
    body
}
