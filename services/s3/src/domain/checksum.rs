//! Checksums of bodies: how each kind is computed while the bytes pass, what headers carry it, and what
//! follows for a whole object from the checksums of its parts. "Checking object integrity in Amazon S3".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use xxhash_rust::xxh3::Xxh3;
use xxhash_rust::xxh64::Xxh64;

use crate::store::{Checksum, ChecksumKind};

/// Computes the checksum of one body, piece by piece.
pub struct Hasher(State);

enum State {
    Crc(crc_fast::Digest, usize),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
    Md5(Md5),
    XxHash64(Xxh64),
    XxHash3(Box<Xxh3>),
    XxHash128(Box<Xxh3>),
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new(kind: ChecksumKind) -> Hasher {
        Hasher(match kind {
            ChecksumKind::Crc32 => State::Crc(crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc), 4),
            ChecksumKind::Crc32c => State::Crc(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi), 4),
            ChecksumKind::Crc64Nvme => State::Crc(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme), 8),
            ChecksumKind::Sha1 => State::Sha1(Sha1::new()),
            ChecksumKind::Sha256 => State::Sha256(Sha256::new()),
            ChecksumKind::Sha512 => State::Sha512(Sha512::new()),
            ChecksumKind::Md5 => State::Md5(Md5::new()),
            ChecksumKind::XxHash64 => State::XxHash64(Xxh64::new(0)),
            ChecksumKind::XxHash3 => State::XxHash3(Box::default()),
            ChecksumKind::XxHash128 => State::XxHash128(Box::default()),
        })
    }

    /// The next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc(digest, _) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
            State::Sha512(digest) => digest.update(bytes),
            State::Md5(digest) => digest.update(bytes),
            State::XxHash64(digest) => digest.update(bytes),
            State::XxHash3(digest) | State::XxHash128(digest) => digest.update(bytes),
        }
    }

    /// The checksum of all that came: big-endian where it is a number.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Crc(digest, bytes) => crc_bytes(digest.finalize(), bytes),
            State::Sha1(digest) => digest.finalize().to_vec(),
            State::Sha256(digest) => digest.finalize().to_vec(),
            State::Sha512(digest) => digest.finalize().to_vec(),
            State::Md5(digest) => digest.finalize().to_vec(),
            State::XxHash64(digest) => digest.digest().to_be_bytes().to_vec(),
            State::XxHash3(digest) => digest.digest().to_be_bytes().to_vec(),
            State::XxHash128(digest) => digest.digest128().to_be_bytes().to_vec(),
        }
    }
}

/// The checksum of a body that is at hand.
pub fn checksum_of(kind: ChecksumKind, bytes: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(kind);
    hasher.update(bytes);
    hasher.finish()
}

impl ChecksumKind {
    /// What is computed where nobody asked for another one.
    pub const DEFAULT: ChecksumKind = ChecksumKind::Crc64Nvme;

    /// AWS's name of it, as in `ChecksumAlgorithm`.
    pub fn name(self) -> &'static str {
        match self {
            ChecksumKind::Crc32 => "CRC32",
            ChecksumKind::Crc32c => "CRC32C",
            ChecksumKind::Crc64Nvme => "CRC64NVME",
            ChecksumKind::Sha1 => "SHA1",
            ChecksumKind::Sha256 => "SHA256",
            ChecksumKind::Sha512 => "SHA512",
            ChecksumKind::Md5 => "MD5",
            ChecksumKind::XxHash64 => "XXHASH64",
            ChecksumKind::XxHash3 => "XXHASH3",
            ChecksumKind::XxHash128 => "XXHASH128",
        }
    }

    /// The kind of this name, in whatever case.
    pub fn named(name: &str) -> Option<ChecksumKind> {
        ChecksumKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The header or trailer that carries it, in lower case.
    pub fn header(self) -> &'static str {
        match self {
            ChecksumKind::Crc32 => "x-amz-checksum-crc32",
            ChecksumKind::Crc32c => "x-amz-checksum-crc32c",
            ChecksumKind::Crc64Nvme => "x-amz-checksum-crc64nvme",
            ChecksumKind::Sha1 => "x-amz-checksum-sha1",
            ChecksumKind::Sha256 => "x-amz-checksum-sha256",
            ChecksumKind::Sha512 => "x-amz-checksum-sha512",
            ChecksumKind::Md5 => "x-amz-checksum-md5",
            ChecksumKind::XxHash64 => "x-amz-checksum-xxhash64",
            ChecksumKind::XxHash3 => "x-amz-checksum-xxhash3",
            ChecksumKind::XxHash128 => "x-amz-checksum-xxhash128",
        }
    }

    /// The kind that this header or trailer carries.
    pub fn of_header(name: &str) -> Option<ChecksumKind> {
        ChecksumKind::ALL.into_iter().find(|kind| kind.header().eq_ignore_ascii_case(name))
    }

    /// The bytes of its value.
    pub fn bytes(self) -> usize {
        match self {
            ChecksumKind::Crc32 | ChecksumKind::Crc32c => 4,
            ChecksumKind::Crc64Nvme | ChecksumKind::XxHash64 | ChecksumKind::XxHash3 => 8,
            ChecksumKind::Md5 | ChecksumKind::XxHash128 => 16,
            ChecksumKind::Sha1 => 20,
            ChecksumKind::Sha256 => 32,
            ChecksumKind::Sha512 => 64,
        }
    }

    /// Whether that of a whole body follows from those of its parts.
    pub fn can_be_full_object(self) -> bool {
        self.crc().is_some()
    }

    /// Whether an object may have that of its parts' checksums.
    pub fn can_be_composite(self) -> bool {
        self != ChecksumKind::Crc64Nvme
    }

    /// The value that a client wrote, if it is one: base64, and of the right length.
    pub fn parse(self, text: &str) -> Option<Vec<u8>> {
        STANDARD.decode(text).ok().filter(|value| value.len() == self.bytes())
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            ChecksumKind::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            ChecksumKind::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            ChecksumKind::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            _ => None,
        }
    }
}

impl Checksum {
    /// As clients read it: base64, and behind a hyphen the number of parts, if it is made of theirs.
    pub fn text(&self) -> String {
        let value = STANDARD.encode(&self.value);
        match self.composite_of {
            Some(parts) => format!("{value}-{parts}"),
            None => value,
        }
    }

    /// AWS's word for what it is computed of.
    pub fn type_name(&self) -> &'static str {
        if self.composite_of.is_some() { "COMPOSITE" } else { "FULL_OBJECT" }
    }
}

/// The checksum of the checksums of all parts, in order.
pub fn composite<'a>(kind: ChecksumKind, parts: impl IntoIterator<Item = &'a [u8]>) -> Checksum {
    let mut hasher = Hasher::new(kind);
    let mut count: u16 = 0;
    for part in parts {
        hasher.update(part);
        count += 1;
    }
    Checksum { kind, value: hasher.finish(), composite_of: Some(count) }
}

/// The checksum of the body that these parts make: each with its checksum and its size, in order. `None` if it
/// does not follow from them: [`ChecksumKind::can_be_full_object`].
pub fn full_object<'a>(kind: ChecksumKind, parts: impl IntoIterator<Item = (&'a [u8], u64)>) -> Option<Checksum> {
    let crc = kind.crc()?;
    let nothing = crc_fast::Digest::new(crc).finalize();
    let whole = parts
        .into_iter()
        .fold(nothing, |whole, (part, size)| crc_fast::checksum_combine(crc, whole, crc_number(part), size));
    Some(Checksum { kind, value: crc_bytes(whole, kind.bytes()), composite_of: None })
}

fn crc_number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn crc_bytes(number: u64, bytes: usize) -> Vec<u8> {
    number.to_be_bytes()[8 - bytes..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, proptest};

    #[test]
    fn known_values() {
        let cases = [
            (ChecksumKind::Crc32, "cbf43926"),
            (ChecksumKind::Crc32c, "e3069283"),
            (ChecksumKind::Crc64Nvme, "ae8b14860a799888"),
            (ChecksumKind::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (ChecksumKind::Md5, "25f9e794323b453885f5181f1b624d0b"),
            (ChecksumKind::XxHash64, "8cb841db40e6ae83"),
        ];
        for (kind, expected) in cases {
            assert_eq!(hex::encode(checksum_of(kind, b"123456789")), expected, "{}", kind.name());
        }
        assert_eq!(hex::encode(checksum_of(ChecksumKind::XxHash3, b"")), "2d06800538d394c2");
        assert_eq!(hex::encode(checksum_of(ChecksumKind::XxHash128, b"")), "99aa06d3014798d86001c324468d497f");
        assert_eq!(hex::encode(checksum_of(ChecksumKind::XxHash64, b"")), "ef46db3751d8e999");
    }

    #[test]
    fn names_and_lengths() {
        for kind in ChecksumKind::ALL {
            assert_eq!(ChecksumKind::named(kind.name()), Some(kind));
            assert_eq!(ChecksumKind::of_header(&kind.header().to_uppercase()), Some(kind));
            assert_eq!(kind.header(), format!("x-amz-checksum-{}", kind.name().to_lowercase()));
            let value = checksum_of(kind, b"x");
            assert_eq!(value.len(), kind.bytes());
            let text = Checksum { kind, value: value.clone(), composite_of: None }.text();
            assert_eq!(kind.parse(&text), Some(value));
            assert_eq!(kind.parse("AA=="), None);
            assert!(kind.can_be_composite() || kind.can_be_full_object());
        }
    }

    #[test]
    fn composite_checksums_name_their_parts() {
        let parts = [checksum_of(ChecksumKind::Sha256, b"a"), checksum_of(ChecksumKind::Sha256, b"b")];
        let composite = composite(ChecksumKind::Sha256, parts.iter().map(Vec::as_slice));
        assert_eq!(composite.value, checksum_of(ChecksumKind::Sha256, &parts.concat()));
        assert!(composite.text().ends_with("=-2"));
        assert_eq!(composite.type_name(), "COMPOSITE");
    }

    proptest! {
        #[test]
        fn what_follows_from_parts_is_that_of_the_whole(parts in prop::collection::vec(
            prop::collection::vec(any::<u8>(), 0..200), 0..6,
        )) {
            let whole = parts.concat();
            for kind in ChecksumKind::ALL {
                let sums: Vec<_> = parts.iter().map(|part| checksum_of(kind, part)).collect();
                let sized = sums.iter().zip(&parts).map(|(sum, part)| (sum.as_slice(), part.len() as u64));
                let combined = full_object(kind, sized);
                assert_eq!(combined.is_some(), kind.can_be_full_object());
                if let Some(combined) = combined {
                    assert_eq!(combined.value, checksum_of(kind, &whole), "{}", kind.name());
                }
            }
        }

        #[test]
        fn pieces_make_no_difference(bytes in prop::collection::vec(any::<u8>(), 0..600), at in any::<prop::sample::Index>()) {
            let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
            for kind in ChecksumKind::ALL {
                let mut hasher = Hasher::new(kind);
                hasher.update(first);
                hasher.update(second);
                assert_eq!(hasher.finish(), checksum_of(kind, &bytes));
            }
        }
    }
}
