//! Signs requests as AWS's clients do.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use tidegate_types::Timestamp;

use crate::world::Request;

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Adds date and signature. All headers present are signed; the path must need no escapes, and there
/// must be no query.
pub fn sign<'a>(request: Request<'a>, host: &str, id: &str, secret: &str, now: Timestamp) -> Request<'a> {
    let date = jiff::Timestamp::from_second(i64::try_from(now.as_secs()).unwrap()).unwrap();
    let date = date.strftime("%Y%m%dT%H%M%SZ").to_string();
    let request = request.header("host", host).header("x-amz-date", &date);
    let mut headers = request.headers.clone();
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let body = hex::encode(Sha256::digest(&request.body));
    let canonical = format!("{}\n{}\n\n{lines}\n{names}\n{body}", request.method, request.target);
    let scope = format!("{}/us-east-1/fake/aws4_request", &date[..8]);
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part));
    let signature = hex::encode(hmac(&key, &to_sign));
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    request.header("authorization", &authorization)
}
