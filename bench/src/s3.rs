//! S3 requests as ready bytes.

use std::net::SocketAddr;

use anyhow::Result;

use crate::connection::Connection;

/// The bucket of all rows.
const BUCKET: &str = "bench";

/// A request as an SDK sends it over TLS: with a signature, whose check is off by default but whose scope is
/// read, and a body that is not signed.
pub fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:4566\r\nX-Amz-Date: 20260101T000000Z\r\n\
         X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/s3/aws4_request, \
         SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
         Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n\
         User-Agent: tidegate-bench\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// Creates the bucket.
pub async fn create(address: SocketAddr) -> Result<()> {
    Connection::open(address).await?.succeed(&request("PUT", &format!("/{BUCKET}"), b"")).await?;
    Ok(())
}

/// PutObject.
pub fn put(key: &str, body: &[u8]) -> Vec<u8> {
    request("PUT", &format!("/{BUCKET}/{key}"), body)
}

/// GetObject.
pub fn get(key: &str) -> Vec<u8> {
    request("GET", &format!("/{BUCKET}/{key}"), b"")
}

/// ListObjectsV2 of a thousand keys behind one.
pub fn list(after: &str) -> Vec<u8> {
    request("GET", &format!("/{BUCKET}?list-type=2&start-after={after}"), b"")
}

/// ListObjectsV2 of a thousand common prefixes.
pub fn list_folders() -> Vec<u8> {
    request("GET", &format!("/{BUCKET}?list-type=2&delimiter=%2F"), b"")
}
