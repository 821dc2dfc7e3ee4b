//! The `Authorization` header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};
use tidegate_types::Timestamp;

use crate::date;
use crate::error::SignatureError;
use crate::request::Request;

pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The header's parts, and the time of the signature.
pub struct Authorization {
    pub credential: String,
    pub signed_headers: String,
    pub signature: String,
    /// The time as it was written, which is signed.
    pub date: String,
    pub time: Timestamp,
}

/// Reads the header and the date header that belongs to it.
pub fn parse(request: &Request<'_>, authorization: &str) -> Result<Authorization, SignatureError> {
    let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if algorithm != ALGORITHM {
        return Err(SignatureError::Unsupported);
    }
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((key, value)) = part.split_once('=') else { return Err(no_equal_sign(authorization)) };
        match key.trim() {
            "Credential" => credential = Some(value.trim()),
            "SignedHeaders" => signed_headers = Some(value.trim()),
            "Signature" => signature = Some(value.trim()),
            _ => {}
        }
    }
    let date = stated_date(request);
    let present = [credential.is_some(), signature.is_some(), signed_headers.is_some(), date.is_some()];
    let (Some(credential), Some(signed_headers), Some(signature), Some((date, time))) =
        (credential, signed_headers, signature, date)
    else {
        return Err(missing_parts(present, authorization));
    };
    Ok(Authorization {
        credential: credential.to_owned(),
        signed_headers: signed_headers.to_owned(),
        signature: signature.to_owned(),
        date,
        time,
    })
}

/// The time in `X-Amz-Date`, or in `Date` where a client signs that; in the form that is signed.
fn stated_date(request: &Request<'_>) -> Option<(String, Timestamp)> {
    let text = request.header("x-amz-date").or_else(|| request.header("date"))?;
    let time = date::parse_basic(text).or_else(|| date::parse_http(text))?;
    Some((date::basic(time), time))
}

/// AWS shows the header's hash where it once showed the header: a broken one may contain a secret.
fn hashed(authorization: &str) -> String {
    BASE64.encode(Sha256::digest(authorization.as_bytes()))
}

fn no_equal_sign(authorization: &str) -> SignatureError {
    SignatureError::Incomplete(format!(
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with \
         Base64): '{}'.",
        hashed(authorization)
    ))
}

fn missing_parts([credential, signature, signed_headers, date]: [bool; 4], authorization: &str) -> SignatureError {
    let mut text = String::new();
    for (present, name) in [(credential, "Credential"), (signature, "Signature"), (signed_headers, "SignedHeaders")] {
        if !present {
            text.push_str(&format!("Authorization header requires '{name}' parameter. "));
        }
    }
    if !date {
        text.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    }
    text.push_str(&format!("(Hashed with SHA-256 and encoded with Base64) Authorization={}", hashed(authorization)));
    SignatureError::Incomplete(text)
}
