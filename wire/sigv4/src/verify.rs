use std::time::Duration;

use http::HeaderMap;
use tidegate_types::Timestamp;

use crate::canonical::canonical_request;
use crate::chunked::ChunkDecoder;
use crate::date;
use crate::error::SignatureError;
use crate::header::{self, ALGORITHM, Authorization};
use crate::key::{Keys, Refused, SigningKey, sha256};
use crate::presigned;
use crate::request::{Request, Style};
use crate::scope::{BadScope, Scope};

/// How far a client's clock may be from ours, either way.
const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

/// What the server knows about a request before it verifies it.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// How the service canonicalises.
    pub style: Style,
    /// The service's signing name.
    pub service: &'a str,
    /// The whole body, where it was read. S3 streams: there it is absent, and the hash that the client
    /// states is verified; [`Verified::payload`] then says how to hold the body against it.
    pub body: Option<&'a [u8]>,
    /// The wall clock. Not product time: the client's clock does not move with it.
    pub now: Timestamp,
}

/// A request whose caller is proven.
#[derive(Debug)]
pub struct Verified {
    /// The key and where it is used.
    pub scope: Scope,
    /// The session token that came with it.
    pub token: Option<String>,
    /// What is still to be checked of the body.
    pub payload: Payload,
}

/// What is still to be checked of a body after the signature was.
#[derive(Debug)]
pub enum Payload {
    /// Nothing: it was hashed, or it is not signed.
    Done,
    /// Its SHA-256, in hex, must be this one.
    Sha256(String),
    /// It comes in chunks, which the decoder unpacks and verifies.
    Chunked(Box<ChunkDecoder>),
}

impl Payload {
    /// What the head of a request states of its body, where nobody verifies signatures: chunks are unpacked
    /// and their signatures passed over.
    pub fn stated(headers: &HeaderMap) -> Payload {
        let stated = headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        let is_hash = |text: &&str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match stated {
            Some(stated) if stated.starts_with("STREAMING-") => Payload::Chunked(Box::new(ChunkDecoder::unsigned())),
            Some(stated) => stated_hash(Some(stated).filter(is_hash)),
            None => Payload::Done,
        }
    }
}

fn stated_hash(hash: Option<&str>) -> Payload {
    hash.map_or(Payload::Done, |hash| Payload::Sha256(hash.to_ascii_lowercase()))
}

/// Verifies a request's signature, in the header or in the URL.
///
/// # Errors
/// Why it is not accepted. The key is looked up before anything is hashed, and hashes are compared in
/// constant time.
pub fn verify(request: &Request<'_>, expected: &Expected<'_>, keys: &dyn Keys) -> Result<Verified, SignatureError> {
    let (authorization, valid_until) = match request.header("authorization") {
        Some(text) => (header::parse(request, text)?, None),
        None if presigned::is_presigned(request) => {
            let (authorization, until) = presigned::parse(request)?;
            (authorization, Some(until))
        }
        None if presigned::is_of_version_2(request) => return Err(SignatureError::Unsupported),
        None => return Err(SignatureError::Missing),
    };
    let scope = checked_scope(&authorization, expected.service)?;
    check_time(&authorization, valid_until, expected.now)?;
    let names = checked_headers(request, &authorization, expected.style)?;
    let token = match valid_until {
        Some(_) => request.parameter("X-Amz-Security-Token"),
        None => request.header("x-amz-security-token").map(str::to_owned),
    };
    let key = signing_key(&scope, token.as_deref(), expected.now, keys)?;
    let stated = stated_payload(request, expected, valid_until.is_some())?;
    let canonical = canonical_request(request, expected.style, &names, &stated);
    let to_sign = format!("{ALGORITHM}\n{}\n{}\n{}", authorization.date, scope.signed(), sha256(canonical.as_bytes()));
    if !key.verifies(&to_sign, &authorization.signature) {
        return Err(SignatureError::Mismatch { canonical, to_sign });
    }
    let payload = payload(&stated, expected, &key, &authorization, &scope)?;
    Ok(Verified { scope, token, payload })
}

/// The signing key of a scope, if the key is accepted.
pub(crate) fn signing_key(
    scope: &Scope,
    token: Option<&str>,
    now: Timestamp,
    keys: &dyn Keys,
) -> Result<SigningKey, SignatureError> {
    match keys.secret(&scope.access_key, token, now) {
        Ok(secret) => Ok(secret.signing_key(scope)),
        Err(Refused::Unknown) => Err(SignatureError::UnknownKey),
        Err(Refused::Expired) => Err(SignatureError::ExpiredToken),
    }
}

/// The credential's scope, which must be of the signature's day and of this service.
fn checked_scope(authorization: &Authorization, service: &str) -> Result<Scope, SignatureError> {
    let scope = parsed_scope(&authorization.credential)?;
    if scope.service != service {
        let text = format!("Credential should be scoped to correct service: '{service}'. ");
        return Err(SignatureError::Scope(text));
    }
    let day = &authorization.date[..8];
    if scope.date != day {
        return Err(SignatureError::Scope(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', \
             from '{}'.",
            scope.date, authorization.date
        )));
    }
    Ok(scope)
}

/// Reads a credential.
pub(crate) fn parsed_scope(credential: &str) -> Result<Scope, SignatureError> {
    Scope::parse(credential).map_err(|fault| match fault {
        BadScope::Parts => SignatureError::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             '{credential}'"
        )),
        BadScope::Terminator(terminator) => SignatureError::Scope(format!(
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'."
        )),
    })
}

fn check_time(
    authorization: &Authorization,
    valid_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let signed = &authorization.date;
    if authorization.time > now.plus(MAX_SKEW) {
        let limit = date::basic(now.plus(MAX_SKEW));
        let text =
            format!("Signature not yet current: {signed} is still later than {limit} ({} + 15 min.)", date::basic(now));
        return Err(SignatureError::Skewed(text));
    }
    match valid_until {
        Some(until) if now > until => Err(SignatureError::Expired),
        Some(_) => Ok(()),
        None if now > authorization.time.plus(MAX_SKEW) => {
            let limit = date::basic(now.minus_millis(MAX_SKEW.as_secs() * 1000));
            let text =
                format!("Signature expired: {signed} is now earlier than {limit} ({} - 15 min.)", date::basic(now));
            Err(SignatureError::Skewed(text))
        }
        None => Ok(()),
    }
}

/// The names of the signed headers. What routes a request or changes its meaning must be among them.
fn checked_headers<'a>(
    request: &Request<'_>,
    authorization: &'a Authorization,
    style: Style,
) -> Result<Vec<&'a str>, SignatureError> {
    let names: Vec<&str> = authorization.signed_headers.split(';').filter(|name| !name.is_empty()).collect();
    if !names.contains(&"host") {
        return Err(SignatureError::Unsigned("Host".to_owned()));
    }
    // S3 insists on every `x-amz-` header; elsewhere an unsigned one cannot change what is done.
    let unsigned = request.headers.keys().map(http::HeaderName::as_str).find(|name| {
        style == Style::S3 && name.starts_with("x-amz-") && *name != "x-amz-content-sha256" && !names.contains(name)
    });
    match unsigned {
        Some(name) => Err(SignatureError::Unsigned(name.to_owned())),
        None => Ok(names),
    }
}

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The last line of the canonical request: the body's hash, or the word that stands for it.
fn stated_payload(request: &Request<'_>, expected: &Expected<'_>, presigned: bool) -> Result<String, SignatureError> {
    let stated = request.header("x-amz-content-sha256");
    match (expected.style, stated) {
        (Style::S3, Some(stated)) => Ok(stated.to_owned()),
        (Style::S3, None) if presigned => {
            Ok(request.parameter("X-Amz-Content-Sha256").unwrap_or_else(|| UNSIGNED.to_owned()))
        }
        (Style::S3, None) => Err(SignatureError::NoBodyHash),
        // Whatever the client states: elsewhere than in S3 a body is never unsigned.
        (Style::Standard, _) => Ok(sha256(expected.body.unwrap_or_default())),
    }
}

fn payload(
    stated: &str,
    expected: &Expected<'_>,
    key: &SigningKey,
    authorization: &Authorization,
    scope: &Scope,
) -> Result<Payload, SignatureError> {
    if expected.style == Style::Standard || stated == UNSIGNED {
        return Ok(Payload::Done);
    }
    let seed = || (key.clone(), authorization.date.clone(), scope.signed(), authorization.signature.clone());
    let decoder = match stated {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => ChunkDecoder::signed(seed(), false),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => ChunkDecoder::signed(seed(), true),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => ChunkDecoder::unsigned(),
        hash => {
            return match expected.body {
                Some(body) if sha256(body) == hash.to_ascii_lowercase() => Ok(Payload::Done),
                Some(_) => Err(SignatureError::BodyMismatch),
                None => Ok(Payload::Sha256(hash.to_ascii_lowercase())),
            };
        }
    };
    Ok(Payload::Chunked(Box::new(decoder)))
}
