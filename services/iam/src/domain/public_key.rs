//! Public keys in SSH's form (RFC 4253) and in PEM (RFC 5280), which say the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use x509_cert::der::asn1::{AnyRef, BitStringRef, IntRef};
use x509_cert::der::oid::db::{rfc5912::RSA_ENCRYPTION, rfc8410::ID_ED_25519};
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode, Encode, EncodePem};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use super::certificate::pem;

const RSA: AlgorithmIdentifierRef<'_> = AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };
const ED25519: AlgorithmIdentifierRef<'_> = AlgorithmIdentifierRef { oid: ID_ED_25519, parameters: None };

/// Modulus and exponent (RFC 8017, A.1.1). SSH writes numbers alike, in the other order.
type RsaKey<'k> = [IntRef<'k>; 2];

/// A text of SSH's form: its length and its bytes; and what stands behind it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn write_text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(bytes);
}

/// A key of SSH's form in PEM; `None` if it is of a kind that has no such form here (RSA and Ed25519 have).
pub fn ssh_key_as_pem(key: &[u8]) -> Option<String> {
    let (kind, rest) = text(key)?;
    let (first, rest) = text(rest)?;
    let (algorithm, key) = match kind {
        b"ssh-rsa" => {
            let (modulus, _) = text(rest)?;
            let key: RsaKey<'_> = [IntRef::new(modulus).ok()?, IntRef::new(first).ok()?];
            (RSA, key.to_der().ok()?)
        }
        b"ssh-ed25519" => (ED25519, first.to_vec()),
        _ => return None,
    };
    let subject_public_key = BitStringRef::from_bytes(&key).ok()?;
    SubjectPublicKeyInfo { algorithm, subject_public_key }.to_pem(LineEnding::LF).ok()
}

/// An RSA key that is given in PEM, in SSH's form.
pub fn pem_as_ssh_key(given: &str) -> Option<String> {
    let bytes = pem(given, "PUBLIC KEY")?;
    let info = SubjectPublicKeyInfoRef::from_der(&bytes).ok().filter(|info| info.algorithm == RSA)?;
    let [modulus, exponent] = RsaKey::from_der(info.subject_public_key.as_bytes()?).ok()?;
    let mut out = Vec::new();
    [&b"ssh-rsa"[..], exponent.as_bytes(), modulus.as_bytes()].into_iter().for_each(|part| write_text(&mut out, part));
    Some(format!("ssh-rsa {}", STANDARD.encode(out)))
}

#[cfg(test)]
mod tests {
    use super::super::certificate::ssh_key;
    use super::*;

    /// The same keys in both forms, by an implementation that is not ours (Python's cryptography).
    const RSA_SSH: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDO61bOGhY+5OC6n66sOpD5fPwUDRclYhOUMnaXRns0wsQTqKdVxS/G+gSu7iO7Gh55ECK6oUc/mw1giUDFqDxSj1lhzTeFd4PPYeDsDTUGZoF04hg7RX2QeejxZaP3lDsPV0wtufGe2jKEiSRZiuE9LS1yDtRAQ9ME7wSvLTscH8z1ptQuJa/JOvmTkAuc2sBq/yTMWBuUl36PmPz3LTl6buyt+Zd45eJncbgtMEoBnYu8FA9g+slrCQ/74TijBE4GuE62OlaE4/1RzNPg9o91w4S/uvpA6bMQVC85sNRjFwmeWbAvzSQeRmt5wMRZVn01bcZk+Qka74FApPpiqCUv";
    const RSA_PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzutWzhoWPuTgup+urDqQ
+Xz8FA0XJWITlDJ2l0Z7NMLEE6inVcUvxvoEru4juxoeeRAiuqFHP5sNYIlAxag8
Uo9ZYc03hXeDz2Hg7A01BmaBdOIYO0V9kHno8WWj95Q7D1dMLbnxntoyhIkkWYrh
PS0tcg7UQEPTBO8Ery07HB/M9abULiWvyTr5k5ALnNrAav8kzFgblJd+j5j89y05
em7srfmXeOXiZ3G4LTBKAZ2LvBQPYPrJawkP++E4owROBrhOtjpWhOP9UczT4PaP
dcOEv7r6QOmzEFQvObDUYxcJnlmwL80kHkZrecDEWVZ9NW3GZPkJGu+BQKT6Yqgl
LwIDAQAB
-----END PUBLIC KEY-----
";
    const ED25519_SSH: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5Cn7RHTTrNrmqRFLHyN5oLDY+1GJlgvTAXmbY7Jd1s me@here";
    const ED25519_PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAnkKftEdNOs2uapEUsfI3mgsNj7UYmWC9MBeZtjsl3Ww=
-----END PUBLIC KEY-----
";

    #[test]
    fn both_forms_say_the_same() {
        for (ssh, pem) in [(RSA_SSH, RSA_PEM), (ED25519_SSH, ED25519_PEM)] {
            assert_eq!(ssh_key_as_pem(&ssh_key(ssh).unwrap()).as_deref(), Some(pem));
        }
        assert_eq!(pem_as_ssh_key(RSA_PEM).as_deref(), Some(RSA_SSH));
        assert_eq!(pem_as_ssh_key(ED25519_PEM), None);
        assert_eq!(ssh_key_as_pem(&ssh_key("ssh-dss AAAAB3NzaC1kc3M=").unwrap()), None);
    }
}
