//! DKIM signatures (RFC 6376): relaxed canonical forms of headers and body, RSA with SHA-256.
//!
//! Relaxed for both, because relays fold headers anew and strip white space. (AWS signs the body in its simple
//! form; whoever verifies is told which it is.)

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::rand_core::CryptoRngCore;
use rsa::sha2::{Digest, Sha256};

use super::message::Headers;
use super::signing_key::{Opened, SigningKey};

/// What is signed if a mail has it, in this order.
const SIGNED: [&str; 15] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// The name of the header.
const NAME: &str = "DKIM-Signature";

/// Bytes of Base64 on a line of the signature.
const LINE: usize = 72;

/// A mail with its signature in front, made at this time (seconds since the epoch).
pub fn signed(mime: &[u8], key: &SigningKey, opened: &Opened, now: u64, chance: &mut impl CryptoRngCore) -> Vec<u8> {
    let body = Headers::read(mime).body;
    let fields = fields(&mime[..body]);
    let (mut names, mut hash) = (Vec::new(), Sha256::new());
    for name in SIGNED {
        // The last one counts: another could be put in front of it on the way.
        let found = fields.iter().rev().find(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
        if let Some((_, value)) = found {
            hash.update(relaxed(name, value));
            hash.update(b"\r\n");
            names.push(name);
        }
    }
    let unsigned = format!(
        "v=1; a=rsa-sha256; q=dns/txt; c=relaxed/relaxed;\r\n\ts={}; d={}; t={now};\r\n\th={};\r\n\tbh={};\r\n\tb=",
        key.selector,
        key.domain,
        names.join(":"),
        STANDARD.encode(body_hash(&mime[body..])),
    );
    hash.update(relaxed(NAME, unsigned.as_bytes()));
    let signature = STANDARD.encode(opened.sign(&hash.finalize(), chance));
    let mut whole = Vec::with_capacity(mime.len() + unsigned.len() + signature.len() + 64);
    whole.extend_from_slice(format!("{NAME}: {unsigned}").as_bytes());
    for (at, line) in signature.as_bytes().chunks(LINE).enumerate() {
        if at > 0 {
            whole.extend_from_slice(b"\r\n\t ");
        }
        whole.extend_from_slice(line);
    }
    whole.extend_from_slice(b"\r\n");
    whole.extend_from_slice(mime);
    whole
}

/// The fields of a header, folded as they are.
fn fields(head: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut all: Vec<(&[u8], &[u8])> = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let goes_on = head.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if !goes_on {
            let field = &head[start..at];
            if let Some(colon) = field.iter().position(|byte| *byte == b':') {
                all.push((field[..colon].trim_ascii_end(), &field[colon + 1..]));
            }
            start = at;
        }
    }
    all
}

/// A field in its relaxed form, without an end of line.
fn relaxed(name: &str, value: &[u8]) -> Vec<u8> {
    let mut canonical = name.to_ascii_lowercase().into_bytes();
    canonical.push(b':');
    let begin = canonical.len();
    let mut gap = false;
    for byte in value {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) && canonical.len() > begin {
            canonical.push(b' ');
        }
        canonical.push(*byte);
    }
    canonical
}

/// The hash of a body in its relaxed form.
fn body_hash(body: &[u8]) -> [u8; 32] {
    let (mut hash, mut blank) = (Sha256::new(), 0);
    for line in lines(body) {
        let line = relaxed_line(line);
        if line.is_empty() {
            // Counts only if something follows.
            blank += 1;
            continue;
        }
        (0..std::mem::take(&mut blank)).for_each(|_| hash.update(b"\r\n"));
        hash.update(&line);
        hash.update(b"\r\n");
    }
    hash.finalize().into()
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let all = body.split_inclusive(|byte| *byte == b'\n');
    all.map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
}

fn relaxed_line(line: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(line.len());
    let mut gap = false;
    for byte in line {
        if matches!(byte, b' ' | b'\t') {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            canonical.push(b' ');
        }
        canonical.push(*byte);
    }
    canonical
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::signing_key::tests::chance;

    /// RFC 6376, section 3.4.5.
    #[test]
    fn the_example_of_the_rfc() {
        let mail = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
        let body = Headers::read(mail).body;
        let fields = fields(&mail[..body]);
        let all: Vec<_> =
            fields.iter().map(|(name, value)| relaxed(std::str::from_utf8(name).unwrap(), value)).collect();
        assert_eq!(all, [b"a:X".to_vec(), b"b:Y Z".to_vec()]);
        let expected: [u8; 32] = Sha256::digest(b" C\r\nD E\r\n").into();
        assert_eq!(body_hash(&mail[body..]), expected);
    }

    #[test]
    fn bodies_of_nothing() {
        let empty: [u8; 32] = Sha256::digest(b"").into();
        for body in [&b""[..], b"\r\n", b"\r\n \r\n\t\r\n"] {
            assert_eq!(body_hash(body), empty);
        }
        let expected: [u8; 32] = Sha256::digest(b"x\r\n").into();
        assert_eq!(body_hash(b"x"), expected);
    }

    #[test]
    fn a_signature_is_of_the_key() {
        let mut chance = chance();
        let key = SigningKey::generate("example.com", "selector", 1024, 5, &mut chance).unwrap();
        let opened = key.open().unwrap();
        let mail = b"From: a@example.com\r\nSubject: x\r\n y\r\n\r\nbody\r\n";
        let signed = signed(mail, &key, &opened, 7, &mut chance);
        assert!(signed.ends_with(mail));
        let head = &signed[..signed.len() - mail.len()];
        let fields = fields(head);
        let value = fields[0].1;
        let text = String::from_utf8_lossy(value);
        let (before, signature) = text.split_once("\tb=").unwrap();
        assert!(text.contains("h=From:Subject;") && text.contains("d=example.com; t=7;"), "{text}");
        let unsigned = format!("{before}\tb=");
        let mut hash = Sha256::new();
        for part in ["from:a@example.com\r\n", "subject:x y\r\n"] {
            hash.update(part);
        }
        hash.update(relaxed(NAME, unsigned.as_bytes()));
        let signature: String = signature.split_ascii_whitespace().collect();
        assert!(opened.verifies(&hash.finalize(), &STANDARD.decode(signature).unwrap()));
    }
}
