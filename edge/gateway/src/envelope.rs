//! Error envelopes of the protocols that no service is served in yet: enough for a 501 that the
//! caller's SDK understands. Their codecs will bring their own.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use tidegate_protocol::{ErrorShape, ProtocolId, Reply, ServiceError};

/// The envelope of `error`; `None` if the protocol has a codec.
pub fn failure(protocol: ProtocolId, request_id: &str, error: &ServiceError) -> Option<Reply> {
    let shape = &error.shape;
    match protocol {
        ProtocolId::AwsJson1_0
        | ProtocolId::AwsJson1_1
        | ProtocolId::AwsQuery
        | ProtocolId::RestJson1
        | ProtocolId::RestXml => None,
        ProtocolId::Ec2Query => Some(ec2_query(shape, &error.message, request_id)),
        ProtocolId::RpcV2Cbor => Some(rpc_v2_cbor(shape, &error.message, request_id)),
    }
}

/// AWS's answer to a request in no protocol of its service, which has no type either.
pub fn no_protocol(request_id: &str) -> Reply {
    let mut reply = reply(404, "text/xml", request_id, "<UnknownOperationException/>\n");
    reply.headers.remove(header::CONTENT_TYPE);
    reply
}

fn reply(status: u16, content_type: &'static str, request_id: &str, body: impl Into<Bytes>) -> Reply {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    Reply { status, headers, body: body.into() }
}

fn ec2_query(shape: &ErrorShape, message: &str, request_id: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}</Message>\
         </Error></Errors><RequestID>{request_id}</RequestID></Response>",
        shape.query_code,
        escape_xml(message)
    );
    reply(shape.status, "text/xml;charset=UTF-8", request_id, body)
}

fn rpc_v2_cbor(shape: &ErrorShape, message: &str, request_id: &str) -> Reply {
    // A map of two texts.
    let mut body = vec![0xa2];
    for text in ["__type", shape.code, "message", message] {
        cbor_text(&mut body, text);
    }
    let mut reply = reply(shape.status, "application/cbor", request_id, body);
    reply.headers.insert(HeaderName::from_static("smithy-protocol"), HeaderValue::from_static("rpc-v2-cbor"));
    reply
}

/// Major type 3 with the shortest length that fits.
fn cbor_text(to: &mut Vec<u8>, text: &str) {
    match u32::try_from(text.len()).unwrap_or(u32::MAX) {
        short @ 0..24 => to.push(0x60 | short.to_le_bytes()[0]),
        byte @ 24..0x100 => to.extend([0x78, byte.to_le_bytes()[0]]),
        long => {
            to.push(0x7a);
            to.extend(long.to_be_bytes());
        }
    }
    to.extend(text.as_bytes());
}

fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_envelope() {
        let error = ServiceError::not_implemented("s3", "List<Buckets>");
        let text = |protocol| {
            let reply = failure(protocol, "id-1", &error).unwrap();
            assert_eq!(reply.status, 501);
            String::from_utf8_lossy(&reply.body).into_owned()
        };
        let xml =
            "<Code>NotImplemented</Code><Message>Tidegate does not implement s3 List&lt;Buckets&gt; yet</Message>";
        assert!(text(ProtocolId::Ec2Query).contains(xml));
        assert!(
            text(ProtocolId::RpcV2Cbor).contains("f__type") && text(ProtocolId::RpcV2Cbor).contains("nNotImplemented")
        );
        assert!(failure(ProtocolId::AwsQuery, "id-1", &error).is_none());
    }
}
