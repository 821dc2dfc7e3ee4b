//! As much of PEM, X.509 and SSH keys as IAM looks at.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tidegate_types::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The bytes of the first block with this label.
pub fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
}

/// Whether a text has a private key in it.
pub fn has_private_key(text: &str) -> bool {
    ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"].iter().any(|label| pem(text, label).is_some())
}

/// When a certificate ends; `None` if it is none.
pub fn certificate_end(text: &str) -> Option<Timestamp> {
    let certificate = Certificate::from_der(&pem(text, "CERTIFICATE")?).ok()?;
    Some(Timestamp::from_secs(certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs()))
}

/// The key itself in an SSH public key; `None` if it is none.
pub fn ssh_key(text: &str) -> Option<Vec<u8>> {
    let mut words = text.split_whitespace();
    let (kind, key) = (words.next()?, STANDARD.decode(words.next()?).ok()?);
    // It begins with its own kind.
    let length = usize::try_from(u32::from_be_bytes(key.get(..4)?.try_into().ok()?)).ok()?;
    (key.get(4..4 + length)? == kind.as_bytes()).then_some(key)
}

/// The MD5 fingerprint of a key, as SSH shows it.
pub fn fingerprint(key: &[u8]) -> String {
    use md5::{Digest, Md5};
    let bytes: Vec<String> = Md5::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(years: [i32; 2]) -> String {
        let [start, end] = years.map(|year| rcgen::date_time_ymd(year, 2, 1));
        let mut wanted = rcgen::CertificateParams::default();
        (wanted.not_before, wanted.not_after) = (start, end);
        let key = rcgen::KeyPair::generate().expect("a key");
        wanted.self_signed(&key).expect("a certificate").pem()
    }

    #[test]
    fn a_certificate_ends() {
        // The year 2050 is written otherwise than the ones before it.
        for (year, seconds) in [(2026, 1_769_904_000), (2050, 2_527_286_400)] {
            assert_eq!(certificate_end(&certificate([2000, year])), Some(Timestamp::from_secs(seconds)), "{year}");
        }
        assert_eq!(certificate_end("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"), None);
        assert_eq!(certificate_end("no certificate"), None);
    }

    #[test]
    fn an_ssh_key_names_its_kind_twice() {
        let key = |kind: &str| STANDARD.encode([&[0, 0, 0, 7][..], b"ssh-rsa", kind.as_bytes()].concat());
        assert!(ssh_key(&format!("ssh-rsa {} me@here", key("..."))).is_some());
        assert!(ssh_key(&format!("ssh-dss {} me@here", key("..."))).is_none());
        assert!(ssh_key("ssh-rsa").is_none());
        assert_eq!(fingerprint(b"").len(), 47);
    }
}
