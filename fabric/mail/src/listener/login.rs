//! How a client proves who it is: the user name is an access key id, the password is made of its secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What keeps a secret from being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("HMAC takes keys of any length, and refused one")]
pub struct PasswordError;

/// The SMTP password that belongs to a secret access key in a region, as AWS makes it (version 4).
///
/// # Errors
/// None that can happen.
pub fn smtp_password(secret: &str, region: &str) -> Result<String, PasswordError> {
    let sign = |key: &[u8], text: &str| -> Result<Vec<u8>, PasswordError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| PasswordError)?;
        mac.update(text.as_bytes());
        Ok(mac.finalize().into_bytes().to_vec())
    };
    let mut key = sign(format!("AWS4{secret}").as_bytes(), "11111111")?;
    for text in [region, "ses", "aws4_request", "SendRawEmail"] {
        key = sign(&key, text)?;
    }
    key.insert(0, 4);
    Ok(STANDARD.encode(key))
}

/// The user and password of `AUTH PLAIN`.
pub(super) fn plain(text: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(text.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.split('\0');
    let (_acting_for, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then(|| (user.to_owned(), password.to_owned()))
}

/// A word of `AUTH LOGIN`.
pub(super) fn word(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_read() {
        assert_eq!(plain("AGEAYg=="), Some(("a".to_owned(), "b".to_owned())));
        for text in ["", "x", "AGE=", "AGEAYgBj", "/w=="] {
            assert_eq!(plain(text), None, "{text}");
        }
        assert_eq!(word("YQ=="), Some("a".to_owned()));
    }
}
