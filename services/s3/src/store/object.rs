use std::collections::BTreeMap;
use std::fmt;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{AccountId, Timestamp};

use super::bucket::{LockMode, read_account};
use super::content::{Content, read_content, read_u16, write_content};

/// The number of a version, or of an upload: larger for later ones of the same key. Its upper 48 bits are
/// milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub u128);

impl VersionId {
    /// A number drawn at `now`, behind all that were drawn earlier.
    pub fn draw(now: Timestamp, random: u128) -> VersionId {
        VersionId(u128::from(now.as_millis()) << 80 | random >> 48)
    }

    /// When it was drawn, to the millisecond; later by some if others were drawn in the same one.
    pub fn drawn_at(self) -> Timestamp {
        Timestamp::from_millis(u64::try_from(self.0 >> 80).unwrap_or(u64::MAX))
    }

    /// This one, or the next behind `other` if it is not behind that.
    #[must_use]
    pub fn behind(self, other: VersionId) -> VersionId {
        if self > other { self } else { VersionId(other.0 + 1) }
    }

    /// The number that a client wrote.
    pub fn parse(text: &str) -> Option<VersionId> {
        let is_ours = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u128::from_str_radix(text, 16).ok().filter(|_| is_ours).map(VersionId)
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// Its number.
    pub version: VersionId,
    /// Whether clients know it by the name `null`: it was written while versions were not kept.
    pub is_null: bool,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it ceased to be the newest, if it has.
    pub replaced_at: Option<Timestamp>,
    /// What stands there.
    pub stands: Stands,
}

/// What stands under a key at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// Nothing: it was deleted.
    Marker {
        /// Whose deletion it was.
        owner: AccountId,
    },
    /// An object.
    Object(Box<ObjectRecord>),
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRecord {
    /// Who wrote it.
    pub owner: AccountId,
    /// Where its body lies.
    pub content: Content,
    /// The bytes of its body.
    pub size: u64,
    /// Its entity tag.
    pub etag: Etag,
    /// Its checksum.
    pub checksum: Option<Checksum>,
    /// What it is stored as, such as `STANDARD`.
    pub storage_class: String,
    /// What is said about its body when it is read.
    pub headers: Headers,
    /// What its owner says about it: names in lower case, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Who may do what, as an XML document; `None`: its owner alone.
    pub acl: Option<String>,
    /// Until when it must stay.
    pub lock: Option<Lock>,
    /// Whether it must stay until somebody says otherwise.
    pub legal_hold: bool,
    /// How its owner wants it encrypted.
    pub encryption: Option<Encryption>,
    /// Where a website sends those who ask for it.
    pub redirect: Option<String>,
    /// Until when an archived object can be read.
    pub restored_until: Option<Timestamp>,
}

/// An entity tag: the MD5 of a body, or of its parts' MD5s with their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Etag {
    /// The MD5.
    pub md5: [u8; 16],
    /// How many parts it came in, if it came in parts.
    pub parts: Option<u16>,
}

impl fmt::Display for Etag {
    /// Without the quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 32];
        hex::encode_to_slice(self.md5, &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)?;
        match self.parts {
            Some(parts) => write!(f, "-{parts}"),
            None => Ok(()),
        }
    }
}

/// The headers that come back with a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are HTTP's")]
pub struct Headers {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub expires: Option<String>,
}

/// How an object's owner wants it encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// By the service.
    Service {
        /// The algorithm, such as `AES256` or `aws:kms`.
        algorithm: String,
        /// The key's name, where there are several.
        key: Option<String>,
        /// Whether objects of a bucket share a key.
        has_bucket_key: bool,
    },
    /// With a key that the client keeps, and brings along whenever it reads.
    Customer {
        /// The key's MD5, as the client writes it.
        key_md5: String,
    },
}

/// Until when a version must stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// How strictly.
    pub mode: LockMode,
    /// Until when.
    pub until: Timestamp,
}

/// How a checksum is computed. The numbers are in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "they are called as they are")]
pub enum ChecksumKind {
    Crc32 = 0,
    Crc32c = 1,
    Crc64Nvme = 2,
    Sha1 = 3,
    Sha256 = 4,
    Sha512 = 5,
    Md5 = 6,
    XxHash64 = 7,
    XxHash3 = 8,
    XxHash128 = 9,
}

impl ChecksumKind {
    /// All of them, in order of their numbers.
    pub const ALL: [ChecksumKind; 10] = [
        ChecksumKind::Crc32,
        ChecksumKind::Crc32c,
        ChecksumKind::Crc64Nvme,
        ChecksumKind::Sha1,
        ChecksumKind::Sha256,
        ChecksumKind::Sha512,
        ChecksumKind::Md5,
        ChecksumKind::XxHash64,
        ChecksumKind::XxHash3,
        ChecksumKind::XxHash128,
    ];

    pub(super) fn read(from: &mut Reader<'_>) -> Result<ChecksumKind, DecodeError> {
        let number = from.u8()?;
        let kind = ChecksumKind::ALL.into_iter().find(|kind| *kind as u8 == number);
        kind.ok_or_else(|| from.malformed("an unknown kind of checksum"))
    }
}

/// A checksum of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// How it was computed.
    pub kind: ChecksumKind,
    /// Its bytes.
    pub value: Vec<u8>,
    /// Of how many parts' checksums it is the checksum; `None`: it is the whole body's.
    pub composite_of: Option<u16>,
}

pub(super) fn write_checksum(to: &mut Writer, checksum: &Checksum) {
    to.u8(checksum.kind as u8);
    to.bytes(&checksum.value);
    to.option(checksum.composite_of, |to, parts| to.varint(u64::from(parts)));
}

pub(super) fn read_checksum(from: &mut Reader<'_>) -> Result<Checksum, DecodeError> {
    Ok(Checksum {
        kind: ChecksumKind::read(from)?,
        value: from.bytes()?.to_vec(),
        composite_of: from.option(read_u16)?,
    })
}

pub(super) fn write_headers(to: &mut Writer, headers: &Headers) {
    let Headers { content_type, cache_control, content_disposition, content_encoding, content_language, expires } =
        headers;
    for text in [content_type, cache_control, content_disposition, content_encoding, content_language, expires] {
        to.option(text.as_deref(), Writer::text);
    }
}

pub(super) fn read_headers(from: &mut Reader<'_>) -> Result<Headers, DecodeError> {
    Ok(Headers {
        content_type: from.option(Reader::text)?,
        cache_control: from.option(Reader::text)?,
        content_disposition: from.option(Reader::text)?,
        content_encoding: from.option(Reader::text)?,
        content_language: from.option(Reader::text)?,
        expires: from.option(Reader::text)?,
    })
}

pub(super) fn write_texts(to: &mut Writer, texts: &BTreeMap<String, String>) {
    to.list(texts.iter(), |to, (key, value)| {
        to.text(key);
        to.text(value);
    });
}

pub(super) fn read_texts(from: &mut Reader<'_>) -> Result<BTreeMap<String, String>, DecodeError> {
    from.list(|from| Ok((from.text()?, from.text()?)))
}

pub(super) fn write_lock(to: &mut Writer, lock: Option<Lock>) {
    to.option(lock, |to, lock| {
        lock.mode.write(to);
        to.timestamp(lock.until);
    });
}

pub(super) fn read_lock(from: &mut Reader<'_>) -> Result<Option<Lock>, DecodeError> {
    from.option(|from| Ok(Lock { mode: LockMode::read(from)?, until: from.timestamp()? }))
}

pub(super) fn write_encryption(to: &mut Writer, encryption: Option<&Encryption>) {
    to.option(encryption, |to, encryption| match encryption {
        Encryption::Service { algorithm, key, has_bucket_key } => {
            to.u8(0);
            to.text(algorithm);
            to.option(key.as_deref(), Writer::text);
            to.bool(*has_bucket_key);
        }
        Encryption::Customer { key_md5 } => {
            to.u8(1);
            to.text(key_md5);
        }
    });
}

pub(super) fn read_encryption(from: &mut Reader<'_>) -> Result<Option<Encryption>, DecodeError> {
    from.option(|from| match from.u8()? {
        0 => Ok(Encryption::Service {
            algorithm: from.text()?,
            key: from.option(Reader::text)?,
            has_bucket_key: from.bool()?,
        }),
        1 => Ok(Encryption::Customer { key_md5: from.text()? }),
        _ => Err(from.malformed("an unknown kind of encryption")),
    })
}

impl ObjectRecord {
    fn write(&self, to: &mut Writer) {
        to.varint(self.owner.as_u64());
        write_content(to, self.content);
        to.varint(self.size);
        to.array(&self.etag.md5);
        to.option(self.etag.parts, |to, parts| to.varint(u64::from(parts)));
        to.option(self.checksum.as_ref(), write_checksum);
        to.text(&self.storage_class);
        write_headers(to, &self.headers);
        write_texts(to, &self.metadata);
        write_texts(to, &self.tags);
        to.option(self.acl.as_deref(), Writer::text);
        write_lock(to, self.lock);
        to.bool(self.legal_hold);
        write_encryption(to, self.encryption.as_ref());
        to.option(self.redirect.as_deref(), Writer::text);
        to.option(self.restored_until, Writer::timestamp);
    }

    fn read(from: &mut Reader<'_>) -> Result<ObjectRecord, DecodeError> {
        Ok(ObjectRecord {
            owner: read_account(from)?,
            content: read_content(from)?,
            size: from.varint()?,
            etag: Etag { md5: from.array()?, parts: from.option(read_u16)? },
            checksum: from.option(read_checksum)?,
            storage_class: from.text()?,
            headers: read_headers(from)?,
            metadata: read_texts(from)?,
            tags: read_texts(from)?,
            acl: from.option(Reader::text)?,
            lock: read_lock(from)?,
            legal_hold: from.bool()?,
            encryption: read_encryption(from)?,
            redirect: from.option(Reader::text)?,
            restored_until: from.option(Reader::timestamp)?,
        })
    }
}

impl VersionRecord {
    /// The object, unless it was deleted.
    pub fn object(&self) -> Option<&ObjectRecord> {
        match &self.stands {
            Stands::Object(object) => Some(object),
            Stands::Marker { .. } => None,
        }
    }

    /// What clients call this version.
    pub fn name(&self) -> String {
        if self.is_null { "null".to_owned() } else { self.version.to_string() }
    }
}

impl Stored for VersionRecord {
    const NAME: &'static str = "version of an object";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.array(&self.version.0.to_be_bytes());
        to.bool(self.is_null);
        to.timestamp(self.created_at);
        to.option(self.replaced_at, Writer::timestamp);
        match &self.stands {
            Stands::Marker { owner } => {
                to.u8(0);
                to.varint(owner.as_u64());
            }
            Stands::Object(object) => {
                to.u8(1);
                object.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(VersionRecord {
            version: VersionId(u128::from_be_bytes(from.array()?)),
            is_null: from.bool()?,
            created_at: from.timestamp()?,
            replaced_at: from.option(Reader::timestamp)?,
            stands: match from.u8()? {
                0 => Stands::Marker { owner: read_account(from)? },
                1 => Stands::Object(Box::new(ObjectRecord::read(from)?)),
                _ => return Err(from.malformed("neither an object nor a deletion")),
            },
        })
    }
}
