use http::HeaderName;

use super::JsonWriter;
use crate::codec::{Codec, Reply};
use crate::model::{Operation, ServiceModel};
use crate::service::ServiceError;
use crate::shape::{Shape, Writer};

/// Answers in JSON; the two versions differ in their content type alone.
pub struct AwsJson {
    content_type: &'static str,
}

/// awsJson 1.0.
pub static VERSION_1_0: AwsJson = AwsJson { content_type: "application/x-amz-json-1.0" };
/// awsJson 1.1.
pub static VERSION_1_1: AwsJson = AwsJson { content_type: "application/x-amz-json-1.1" };

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

impl Codec for AwsJson {
    fn success(&self, _: &ServiceModel, operation: &Operation, request_id: &str, output: &dyn Shape) -> Reply {
        if !operation.has_output {
            return Reply::new(200, self.content_type, request_id, Vec::new());
        }
        let mut writer = JsonWriter::default();
        output.write(&mut writer);
        Reply::new(200, self.content_type, request_id, writer.finish())
    }

    fn failure(&self, model: Option<&ServiceModel>, request_id: &str, error: &ServiceError) -> Reply {
        let shape = &error.shape;
        let mut reply = Reply::new(shape.status, self.content_type, request_id, body(model, error));
        if model.is_some_and(|model| model.query_compatible) {
            let value = format!("{};{}", shape.query_code, shape.fault.as_str());
            reply.header(QUERY_ERROR, &value);
        }
        reply
    }
}

fn body(model: Option<&ServiceModel>, error: &ServiceError) -> Vec<u8> {
    let namespace = error.shape.namespace.or(model.map(|model| model.error_namespace));
    let mut writer = JsonWriter::default();
    writer.begin_object();
    writer.name("__type");
    match namespace {
        Some(namespace) => writer.string(&format!("{namespace}#{}", error.shape.code)),
        None => writer.string(error.shape.code),
    }
    if !error.message.is_empty() {
        writer.name(error.shape.message_key);
        writer.string(&error.message);
    }
    for (name, value) in &error.fields {
        writer.name(name);
        writer.string(value);
    }
    writer.end_object();
    writer.finish()
}
