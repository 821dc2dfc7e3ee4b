//! Public keys in SSH's form (RFC 4253) and in PEM (RFC 5280), which say the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::certificate::{element, pem};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// The algorithm of RSA keys, with its absent parameters.
const RSA: [u8; 13] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// The algorithm of Ed25519 keys, which has no parameters.
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];
const LINE: usize = 64;

/// A text of SSH's form: its length and its bytes; and what stands behind it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn write_text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(bytes);
}

fn wrap(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let mut out = vec![tag];
    let digits = content.len().to_be_bytes();
    match content.len() {
        short @ ..0x80 => out.extend(u8::try_from(short)),
        _ => {
            let digits: Vec<u8> = digits.into_iter().skip_while(|digit| *digit == 0).collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0x7f));
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

/// A key of SSH's form in PEM; `None` if it is of a kind that has no such form here (RSA and Ed25519 have).
pub fn ssh_key_as_pem(key: &[u8]) -> Option<String> {
    let (kind, rest) = text(key)?;
    let info = match kind {
        b"ssh-rsa" => {
            let (exponent, rest) = text(rest)?;
            let (modulus, _) = text(rest)?;
            // Both forms write numbers alike.
            let key = wrap(SEQUENCE, &[&wrap(INTEGER, &[modulus]), &wrap(INTEGER, &[exponent])]);
            wrap(SEQUENCE, &[&wrap(SEQUENCE, &[&RSA]), &wrap(BIT_STRING, &[&[0], &key])])
        }
        b"ssh-ed25519" => {
            let (key, _) = text(rest)?;
            wrap(SEQUENCE, &[&wrap(SEQUENCE, &[&ED25519]), &wrap(BIT_STRING, &[&[0], key])])
        }
        _ => return None,
    };
    let encoded = STANDARD.encode(info);
    let lines: Vec<&str> = (0..encoded.len()).step_by(LINE).filter_map(|at| line(&encoded, at)).collect();
    Some(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")))
}

fn line(encoded: &str, at: usize) -> Option<&str> {
    encoded.get(at..(at + LINE).min(encoded.len()))
}

/// An RSA key that is given in PEM, in SSH's form.
pub fn pem_as_ssh_key(given: &str) -> Option<String> {
    let bytes = pem(given, "PUBLIC KEY")?;
    let (info, _) = element(&bytes, SEQUENCE)?;
    let (algorithm, rest) = element(info, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING).filter(|_| algorithm == RSA)?;
    let (key, _) = element(bits.strip_prefix(&[0])?, SEQUENCE)?;
    let (modulus, rest) = element(key, INTEGER)?;
    let (exponent, _) = element(rest, INTEGER)?;
    let mut out = Vec::new();
    [&b"ssh-rsa"[..], exponent, modulus].into_iter().for_each(|part| write_text(&mut out, part));
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
