use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::model::{Operation, ProtocolId, ServiceModel};
use crate::service::ServiceError;
use crate::shape::Shape;
use crate::{aws_json, aws_query, rest_json, rest_xml};

/// The answering half of a protocol. (The asking halves differ in what the gateway must know before
/// it can choose a service: see [`aws_json::JsonReader`], [`aws_query::Form`] and
/// [`rest_json::RestJsonReader`].)
pub trait Codec: Send + Sync {
    /// Encodes an operation's output.
    fn success(&self, model: &ServiceModel, operation: &Operation, request_id: &str, output: &dyn Shape) -> Reply;

    /// Encodes an error. `model` is absent where the service could not be told.
    fn failure(&self, model: Option<&ServiceModel>, request_id: &str, error: &ServiceError) -> Reply;
}

/// The codec of a protocol; `None` for protocols that no service needs yet.
pub fn codec(protocol: ProtocolId) -> Option<&'static dyn Codec> {
    match protocol {
        ProtocolId::AwsJson1_0 => Some(&aws_json::VERSION_1_0),
        ProtocolId::AwsJson1_1 => Some(&aws_json::VERSION_1_1),
        ProtocolId::AwsQuery => Some(&aws_query::AwsQuery),
        ProtocolId::RestJson1 => Some(&rest_json::RestJson),
        ProtocolId::RestXml => Some(&rest_xml::RestXml),
        ProtocolId::Ec2Query | ProtocolId::RpcV2Cbor => None,
    }
}

/// An encoded answer: all of the HTTP response that the protocol determines.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers that the protocol prescribes, the request's id among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// The request's id, but for S3, which has a name of its own for it.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

impl Reply {
    pub(crate) fn new(status: u16, content_type: &'static str, request_id: &str, body: impl Into<Bytes>) -> Reply {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = Reply { status, headers, body: body.into() };
        reply.header(REQUEST_ID, request_id);
        reply
    }

    /// Sets a header; a value that no header can carry is left out.
    pub(crate) fn header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }
}
