//! As much of PEM, X.509 and SSH keys as IAM looks at.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tidegate_types::Timestamp;

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
    const SEQUENCE: u8 = 0x30;
    let bytes = pem(text, "CERTIFICATE")?;
    let (certificate, _) = element(&bytes, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    // Version (perhaps), serial number, algorithm, issuer, validity.
    if let Some((_, behind)) = element(rest, 0xa0) {
        rest = behind;
    }
    for tag in [0x02, SEQUENCE, SEQUENCE] {
        (_, rest) = element(rest, tag)?;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, end) = time(validity)?;
    time(end).map(|(end, _)| end)
}

/// The content of the element that begins here, and what stands behind it.
pub(super) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let count = usize::from(first & 0x7f);
        let (digits, behind) = rest.split_at_checked(count).filter(|_| count <= 4)?;
        length = digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit));
        rest = behind;
    }
    rest.split_at_checked(length).filter(|_| found == tag)
}

/// UTCTime (`YYMMDDHHMMSSZ`) or GeneralizedTime (`YYYYMMDDHHMMSSZ`).
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest, digits) = match (element(bytes, 0x17), element(bytes, 0x18)) {
        (Some((text, rest)), _) => (text, rest, 2),
        (_, Some((text, rest))) => (text, rest, 4),
        (None, None) => return None,
    };
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, clock) = text.split_at_checked(digits)?;
    let year: i16 = year.parse().ok()?;
    let year = match (digits, year) {
        (2, 50..) => 1900 + year,
        (2, _) => 2000 + year,
        _ => year,
    };
    let part = |at: usize| clock.get(at..at + 2)?.parse::<i8>().ok();
    let date = jiff::civil::DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    let seconds = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some((Timestamp::from_secs(u64::try_from(seconds).ok()?), rest))
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

    /// The beginning of a certificate, as far as its validity.
    fn certificate(validity: &[&[u8]]) -> String {
        let wrap = |tag: u8, content: Vec<u8>| {
            let length = u8::try_from(content.len()).expect("short");
            [vec![tag, length], content].concat()
        };
        let times = validity.iter().flat_map(|text| wrap(if text.len() == 13 { 0x17 } else { 0x18 }, text.to_vec()));
        let parts = [
            wrap(0xa0, vec![2, 1, 2]),
            wrap(0x02, vec![1]),
            wrap(0x30, vec![]),
            wrap(0x30, vec![]),
            wrap(0x30, times.collect()),
        ];
        let bytes = wrap(0x30, wrap(0x30, parts.concat()));
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(bytes))
    }

    #[test]
    fn a_certificate_ends() {
        let end = |start: &[u8], end: &[u8]| certificate_end(&certificate(&[start, end]));
        assert_eq!(end(b"000101000000Z", b"260131120000Z"), Some(Timestamp::from_secs(1_769_860_800)));
        assert_eq!(end(b"000101000000Z", b"20500101000000Z"), Some(Timestamp::from_secs(2_524_608_000)));
        assert_eq!(end(b"000101000000Z", b"20509901000000Z"), None);
        assert_eq!(certificate_end(&certificate(&[b"000101000000Z"])), None);
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
