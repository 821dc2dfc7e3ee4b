//! Requests in the awsJson protocols as ready bytes.

/// One AWS API.
pub struct Api {
    /// What stands before the operation in `X-Amz-Target`.
    pub target: &'static str,
    /// Of awsJson.
    pub version: &'static str,
    /// The service's name in signatures.
    pub scope: &'static str,
}

impl Api {
    /// A request as an SDK sends it: with a signature, whose check is off by default but whose scope
    /// is read.
    pub fn request(&self, path: &str, operation: &str, body: &str) -> Vec<u8> {
        let Api { target, version, scope } = self;
        format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:4566\r\nContent-Type: application/x-amz-json-{version}\r\n\
             X-Amz-Target: {target}.{operation}\r\nX-Amz-Date: 20260101T000000Z\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/{scope}/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
             Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n\
             User-Agent: tidegate-bench\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}
