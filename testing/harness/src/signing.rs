//! Signatures as AWS clients make them, for requests that no client would make.
//!
//! This is written against AWS's description and not against the server's verifier, on purpose: a
//! mistake in one must not hide the same mistake in the other.

use bytes::Bytes;
use hmac::{Hmac, Mac};
use http::{HeaderValue, Request};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// What a request is signed with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access key id.
    pub key_id: String,
    /// The secret.
    pub secret: String,
    /// The region in the scope.
    pub region: String,
    /// The service in the scope.
    pub service: String,
}

/// Signs a request as of now. Its URI is a path, `host` the authority that it will be sent to.
pub fn sign(request: &mut Request<Bytes>, host: &str, credentials: &Credentials) {
    sign_at(request, host, credentials, Timestamp::now());
}

/// Signs a request as of some time.
///
/// # Panics
/// If the credentials hold characters that a header cannot.
pub fn sign_at(request: &mut Request<Bytes>, host: &str, credentials: &Credentials, at: Timestamp) {
    let time = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let headers = request.headers_mut();
    headers.insert("host", header(host));
    headers.insert("x-amz-date", header(&time));
    let scope = format!("{}/{}/{}/aws4_request", &time[..8], credentials.region, credentials.service);
    let (names, canonical) = canonical_request(request);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hash(canonical.as_bytes()));
    let key = [&time[..8], &credentials.region, &credentials.service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", credentials.secret).into_bytes(), |key, part| hmac(&key, part));
    let signature = hex::encode(hmac(&key, &to_sign));
    let value = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.key_id
    );
    request.headers_mut().insert("authorization", header(&value));
}

fn canonical_request(request: &Request<Bytes>) -> (String, String) {
    let mut headers: Vec<(&str, &str)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default().trim()))
        .collect();
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let mut query: Vec<&str> = request.uri().query().unwrap_or_default().split('&').collect();
    query.sort_unstable();
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        request.method(),
        request.uri().path(),
        query.join("&"),
        hash(request.body())
    );
    (names, canonical)
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("credentials are printable ASCII")
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "get-vanilla" of AWS's own test suite.
    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let credentials = Credentials {
            key_id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            region: "us-east-1".to_owned(),
            service: "service".to_owned(),
        };
        let mut request = Request::get("/").body(Bytes::new()).unwrap();
        sign_at(&mut request, "example.amazonaws.com", &credentials, "2015-08-30T12:36:00Z".parse().unwrap());
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
    }
}
