//! The keys by which domains sign their mails.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::CryptoRngCore;
use rsa::sha2::Sha256;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde::{Deserialize, Serialize};

/// The bits that a key may have which an owner brings along.
const BITS: std::ops::RangeInclusive<usize> = 1024..=2048;

/// The key by which a domain signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The domain.
    pub domain: String,
    /// Where below the domain its public half is looked for.
    pub selector: String,
    /// PKCS #8, in Base64.
    pub private_key: String,
    /// Milliseconds since the epoch.
    pub made_at: u64,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("domain", &self.domain).field("selector", &self.selector).finish()
    }
}

/// A key that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadKey(pub String);

/// A key that can sign.
pub struct Opened(RsaPrivateKey);

impl SigningKey {
    /// A new key: the work of a tenth of a second, or of several.
    ///
    /// # Errors
    /// [`BadKey`] if there are no keys of so many bits.
    pub fn generate(
        domain: &str,
        selector: &str,
        bits: usize,
        made_at: u64,
        chance: &mut impl CryptoRngCore,
    ) -> Result<SigningKey, BadKey> {
        let key = RsaPrivateKey::new(chance, bits).map_err(|error| BadKey(error.to_string()))?;
        SigningKey::of(domain, selector, &key, made_at)
    }

    /// The key that an owner brings along: PKCS #1 or PKCS #8 in Base64, with or without the lines around it.
    ///
    /// # Errors
    /// [`BadKey`] if it is none, or has not 1024 to 2048 bits.
    pub fn brought(domain: &str, selector: &str, text: &str, made_at: u64) -> Result<SigningKey, BadKey> {
        let bare: String =
            text.lines().filter(|line| !line.starts_with("-----")).flat_map(str::split_whitespace).collect();
        let der = STANDARD.decode(bare).map_err(|_| BadKey("it is not Base64".to_owned()))?;
        let key = RsaPrivateKey::from_pkcs8_der(&der).ok().or_else(|| RsaPrivateKey::from_pkcs1_der(&der).ok());
        let key = key.ok_or_else(|| BadKey("it is not a private RSA key".to_owned()))?;
        let bits = key.n().bits();
        if !BITS.contains(&bits) {
            return Err(BadKey(format!("it has {bits} bits, and not 1024 to 2048")));
        }
        SigningKey::of(domain, selector, &key, made_at)
    }

    fn of(domain: &str, selector: &str, key: &RsaPrivateKey, made_at: u64) -> Result<SigningKey, BadKey> {
        let der = key.to_pkcs8_der().map_err(|error| BadKey(error.to_string()))?;
        let private_key = STANDARD.encode(der.as_bytes());
        Ok(SigningKey { domain: domain.to_owned(), selector: selector.to_owned(), private_key, made_at })
    }

    /// The key, to be used.
    ///
    /// # Errors
    /// [`BadKey`] if what is stored is none.
    pub fn open(&self) -> Result<Opened, BadKey> {
        let der = STANDARD.decode(&self.private_key).map_err(|error| BadKey(error.to_string()))?;
        RsaPrivateKey::from_pkcs8_der(&der).map(Opened).map_err(|error| BadKey(error.to_string()))
    }

    /// The name of the record that whoever verifies looks for.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

impl Opened {
    /// Signs a SHA-256 hash. Blinded, so that the time it takes tells nothing.
    pub fn sign(&self, hash: &[u8], chance: &mut impl CryptoRngCore) -> Vec<u8> {
        let scheme = Pkcs1v15Sign::new::<Sha256>();
        self.0.sign_with_rng(chance, scheme, hash).expect("a hash of 32 bytes fits into any of our keys")
    }

    /// Whether this is the signature of a SHA-256 hash.
    pub fn verifies(&self, hash: &[u8], signature: &[u8]) -> bool {
        self.0.to_public_key().verify(Pkcs1v15Sign::new::<Sha256>(), hash, signature).is_ok()
    }

    /// What the record holds that whoever verifies looks for.
    ///
    /// # Errors
    /// [`BadKey`] if the public half cannot be written.
    pub fn record(&self) -> Result<String, BadKey> {
        let der = self.0.to_public_key().to_public_key_der().map_err(|error| BadKey(error.to_string()))?;
        Ok(format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(der.as_bytes())))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Chance of a machine that has none.
    pub(crate) fn chance() -> impl CryptoRngCore {
        crate::chance::Chance(tidegate_env::Env::manual(7, tidegate_types::Timestamp::EPOCH).0)
    }

    #[test]
    fn a_key_survives_its_record_and_is_never_shown() {
        let key = SigningKey::generate("example.com", "s", 1024, 5, &mut chance()).unwrap();
        assert_eq!(key.record_name(), "s._domainkey.example.com");
        assert!(key.open().unwrap().record().unwrap().starts_with("v=DKIM1; k=rsa; p=MIGf"));
        assert!(!format!("{key:?}").contains(&key.private_key[..16]));
        let again = SigningKey::brought("example.com", "s", &key.private_key, 5).unwrap();
        assert_eq!(again, key);
        let lines = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", key.private_key);
        assert_eq!(SigningKey::brought("example.com", "s", &lines, 5).unwrap(), key);
    }

    #[test]
    fn what_is_no_key() {
        for (text, why) in [("%", "it is not Base64"), ("AAAA", "it is not a private RSA key")] {
            assert_eq!(SigningKey::brought("d", "s", text, 0), Err(BadKey(why.to_owned())));
        }
        let short = SigningKey::generate("d", "s", 768, 0, &mut chance()).unwrap();
        let why = BadKey("it has 768 bits, and not 1024 to 2048".to_owned());
        assert_eq!(SigningKey::brought("d", "s", &short.private_key, 0), Err(why));
    }
}
