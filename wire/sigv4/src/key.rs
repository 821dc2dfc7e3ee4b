use std::fmt;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tidegate_types::Timestamp;

use crate::scope::Scope;

/// Where secret keys are looked up.
pub trait Keys {
    /// The secret behind an access key id. `token` is the session token of the request, if it has one;
    /// temporary keys are valid only with theirs, and only until they expire.
    ///
    /// # Errors
    /// Why the key is not accepted.
    fn secret(&self, access_key: &str, token: Option<&str>, now: Timestamp) -> Result<Secret, Refused>;
}

/// Why a key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no such key, it is not active, or the token is not its.
    Unknown,
    /// It was temporary, and its time is over.
    Expired,
}

/// A secret access key. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// From its text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The key that signs in this scope.
    pub(crate) fn signing_key(&self, scope: &Scope) -> SigningKey {
        let day = hmac(format!("AWS4{}", self.0).as_bytes(), &scope.date);
        let region = hmac(&day, &scope.region);
        let service = hmac(&region, &scope.service);
        SigningKey(hmac(&service, "aws4_request"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The key of one day, region and service.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// The signature of a text, in hex.
    pub fn sign(&self, text: &str) -> String {
        hex::encode(hmac(&self.0, text))
    }

    /// Whether `signature` is that of `text`, in a time that does not depend on where they differ.
    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        self.sign(text).as_bytes().ct_eq(signature.as_bytes()).into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
