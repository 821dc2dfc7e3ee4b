//! As much of PEM, X.509 and SSH keys as IAM looks at.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tidegate_types::Timestamp;
use x509_cert::der::asn1::AnyRef;
use x509_cert::der::{Reader, SliceReader, Tag, Tagged};
use x509_cert::time::Time;

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

/// When a certificate ends; `None` if it is none. Nothing else of it is looked at: not all who make some keep to the
/// standard.
pub fn certificate_end(text: &str) -> Option<Timestamp> {
    let bytes = pem(text, "CERTIFICATE")?;
    let mut fields = sequence(sequence(SliceReader::new(&bytes).ok()?)?)?;
    // Version (perhaps), serial number, algorithm, issuer, validity.
    if fields.peek_byte() == Some(VERSION) {
        fields.decode::<AnyRef<'_>>().ok()?;
    }
    for _ in 0..3 {
        fields.decode::<AnyRef<'_>>().ok()?;
    }
    let mut validity = sequence(fields)?;
    validity.decode::<AnyRef<'_>>().ok()?;
    let end: Time = validity.decode().ok()?;
    Some(Timestamp::from_secs(end.to_unix_duration().as_secs()))
}

/// The tag of a certificate's version.
const VERSION: u8 = 0xa0;

/// What is in the sequence that comes next.
fn sequence(mut reader: SliceReader<'_>) -> Option<SliceReader<'_>> {
    let element: AnyRef<'_> = reader.decode().ok()?;
    SliceReader::new(element.value()).ok().filter(|_| element.tag() == Tag::Sequence)
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

    /// The beginning of a certificate, as far as its validity, and bytes behind it.
    fn beginning(serial: &[u8], validity: &[&[u8]]) -> String {
        let wrap = |tag: u8, content: Vec<u8>| {
            let length = u8::try_from(content.len()).expect("short");
            [vec![tag, length], content].concat()
        };
        let times = validity.iter().flat_map(|text| wrap(if text.len() == 13 { 0x17 } else { 0x18 }, text.to_vec()));
        let parts = [
            wrap(0xa0, vec![2, 1, 2]),
            wrap(0x02, serial.to_vec()),
            wrap(0x30, vec![]),
            wrap(0x30, vec![]),
            wrap(0x30, times.collect()),
        ];
        let bytes = [wrap(0x30, wrap(0x30, parts.concat())), vec![0; 3]].concat();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(bytes))
    }

    #[test]
    fn a_certificate_ends() {
        // The year 2050 is written otherwise than the ones before it.
        for (year, seconds) in [(2026, 1_769_904_000), (2050, 2_527_286_400)] {
            assert_eq!(certificate_end(&certificate([2000, year])), Some(Timestamp::from_secs(seconds)), "{year}");
        }
        let end = |start: &[u8], end: &[u8]| certificate_end(&beginning(&[1], &[start, end]));
        assert_eq!(end(b"000101000000Z", b"260131120000Z"), Some(Timestamp::from_secs(1_769_860_800)));
        assert_eq!(end(b"000101000000Z", b"20500101000000Z"), Some(Timestamp::from_secs(2_524_608_000)));
        assert_eq!(end(b"510101000000Z", b"260131120000Z"), Some(Timestamp::from_secs(1_769_860_800)), "begins early");
        assert_eq!(end(b"000101000000Z", b"20509901000000Z"), None);
        assert_eq!(end(b"000101000000Z", b"510101000000Z"), None, "before all time");
        assert_eq!(certificate_end(&beginning(&[1], &[b"000101000000Z"])), None);
        let long = beginning(&[1; 40], &[b"000101000000Z", b"260131120000Z"]);
        assert_eq!(certificate_end(&long), Some(Timestamp::from_secs(1_769_860_800)), "a long serial number");
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
