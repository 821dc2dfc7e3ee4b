//! The verifier against signatures that are not ours: those of AWS's documentation and of botocore,
//! and those of a signer that shares no code with it.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing fails, as it should")]

mod body;
mod examples;
mod form;
mod refusals;
mod round_trip;
mod vectors;

use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_sigv4::{Keys, Refused, Secret};
use tidegate_types::Timestamp;

/// One key, with or without a session token.
struct OneKey {
    access_key: &'static str,
    secret: &'static str,
    token: Option<String>,
    expires: Timestamp,
}

impl OneKey {
    fn new(access_key: &'static str, secret: &'static str) -> OneKey {
        OneKey { access_key, secret, token: None, expires: Timestamp::MAX }
    }
}

impl Keys for OneKey {
    fn secret(&self, access_key: &str, token: Option<&str>, now: Timestamp) -> Result<Secret, Refused> {
        if access_key != self.access_key || token != self.token.as_deref() {
            return Err(Refused::Unknown);
        }
        if now > self.expires {
            return Err(Refused::Expired);
        }
        Ok(Secret::new(self.secret))
    }
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// `2013-05-24T00:00:00Z`-like moments, which tests state in seconds.
fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(seconds)
}
