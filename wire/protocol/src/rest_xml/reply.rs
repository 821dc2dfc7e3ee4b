use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::RestXmlWriter;
use super::roots::{LOCATION, root};
use crate::aws_query::element;
use crate::codec::{Codec, Reply};
use crate::model::{Operation, ServiceModel};
use crate::rest::{Parts, PartsBody};
use crate::service::ServiceError;
use crate::shape::Shape;

/// Answers in XML, statuses and headers.
pub struct RestXml;

const XML: HeaderValue = HeaderValue::from_static("application/xml");
/// What bytes are that nobody said more about.
const BYTES: HeaderValue = HeaderValue::from_static("binary/octet-stream");
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
/// S3's name of the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

impl Codec for RestXml {
    fn success(&self, model: &ServiceModel, operation: &Operation, request_id: &str, output: &dyn Shape) -> Reply {
        let mut writer = RestXmlWriter::xml(root(operation.name), model.xml_namespace);
        output.write(&mut writer);
        let Parts { headers, status, body, .. } = writer.finish();
        let status = status.unwrap_or(operation.status);
        match body {
            PartsBody::Document(document) => {
                let nothing = document.is_empty() && operation.name == LOCATION;
                let document = if nothing { no_location(model) } else { document };
                finished(status, Some(XML), declared(&document).into(), headers, request_id)
            }
            PartsBody::Raw(bytes) => finished(status, Some(BYTES), bytes, headers, request_id),
            PartsBody::None => finished(status, None, Bytes::new(), headers, request_id),
        }
    }

    /// S3's envelope, which is the only service that speaks it here: no `ErrorResponse` around the error.
    fn failure(&self, _: Option<&ServiceModel>, request_id: &str, error: &ServiceError) -> Reply {
        let mut body = format!("{DECLARATION}<Error>");
        element(&mut body, "Code", error.shape.query_code);
        element(&mut body, "Message", &error.message);
        for (name, value) in &error.fields {
            element(&mut body, name, value);
        }
        element(&mut body, "RequestId", request_id);
        element(&mut body, "HostId", &host_id(request_id));
        body.push_str("</Error>");
        finished(error.shape.status, Some(XML), body.into(), HeaderMap::with_capacity(8), request_id)
    }
}

/// The first region has no name here.
fn no_location(model: &ServiceModel) -> Bytes {
    format!("<LocationConstraint xmlns=\"{}\"/>", model.xml_namespace.unwrap_or_default()).into()
}

fn declared(document: &[u8]) -> Vec<u8> {
    [DECLARATION.as_bytes(), document].concat()
}

/// The answer with these headers, of which a content type says more than `kind`.
fn finished(status: u16, kind: Option<HeaderValue>, body: Bytes, headers: HeaderMap, request_id: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = Reply { status, headers, body };
    if let Some(kind) = kind {
        reply.headers.entry(header::CONTENT_TYPE).or_insert(kind);
    }
    // SDKs look for the second id only where the first has S3's name.
    reply.header(REQUEST_ID, request_id);
    reply.header(HOST_ID, &host_id(request_id));
    reply
}

/// What S3 calls the host that answered: an opaque text, ours says which request it was.
pub fn host_id(request_id: &str) -> String {
    BASE64.encode(request_id)
}
