use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{AccountId, Timestamp};

use super::bucket::read_account;
use super::content::{Content, read_content, write_content};
use super::object::{
    Checksum, ChecksumKind, Encryption, Headers, Lock, read_checksum, read_encryption, read_headers, read_lock,
    read_texts, write_checksum, write_encryption, write_headers, write_lock, write_texts,
};

/// An upload in parts that goes on: what its object will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRecord {
    /// When it was begun.
    pub created_at: Timestamp,
    /// Who began it.
    pub owner: AccountId,
    /// The ARN of who began it.
    pub initiator: String,
    /// How its parts' checksums are computed.
    pub checksum: Option<ChecksumKind>,
    /// Whether the object's checksum is that of its parts' checksums, not of its whole body.
    pub is_composite: bool,
    /// What the object is stored as.
    pub storage_class: String,
    /// What is said about the object's body.
    pub headers: Headers,
    /// What is said about the object.
    pub metadata: BTreeMap<String, String>,
    /// The object's tags.
    pub tags: BTreeMap<String, String>,
    /// Who may do what with the object, as an XML document.
    pub acl: Option<String>,
    /// Until when the object must stay.
    pub lock: Option<Lock>,
    /// Whether the object must stay until somebody says otherwise.
    pub legal_hold: bool,
    /// How the object is to be encrypted.
    pub encryption: Option<Encryption>,
    /// Where a website sends those who ask for the object.
    pub redirect: Option<String>,
}

/// A part that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRecord {
    /// When.
    pub created_at: Timestamp,
    /// Its bytes.
    pub size: u64,
    /// Their MD5.
    pub md5: [u8; 16],
    /// Where they lie.
    pub content: Content,
    /// Their checksum.
    pub checksum: Option<Checksum>,
}

impl Stored for UploadRecord {
    const NAME: &'static str = "upload in parts";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.created_at);
        to.varint(self.owner.as_u64());
        to.text(&self.initiator);
        to.option(self.checksum, |to, kind| to.u8(kind as u8));
        to.bool(self.is_composite);
        to.text(&self.storage_class);
        write_headers(to, &self.headers);
        write_texts(to, &self.metadata);
        write_texts(to, &self.tags);
        to.option(self.acl.as_deref(), Writer::text);
        write_lock(to, self.lock);
        to.bool(self.legal_hold);
        write_encryption(to, self.encryption.as_ref());
        to.option(self.redirect.as_deref(), Writer::text);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(UploadRecord {
            created_at: from.timestamp()?,
            owner: read_account(from)?,
            initiator: from.text()?,
            checksum: from.option(ChecksumKind::read)?,
            is_composite: from.bool()?,
            storage_class: from.text()?,
            headers: read_headers(from)?,
            metadata: read_texts(from)?,
            tags: read_texts(from)?,
            acl: from.option(Reader::text)?,
            lock: read_lock(from)?,
            legal_hold: from.bool()?,
            encryption: read_encryption(from)?,
            redirect: from.option(Reader::text)?,
        })
    }
}

impl Stored for PartRecord {
    const NAME: &'static str = "part of an upload";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.created_at);
        to.varint(self.size);
        to.array(&self.md5);
        write_content(to, self.content);
        to.option(self.checksum.as_ref(), write_checksum);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(PartRecord {
            created_at: from.timestamp()?,
            size: from.varint()?,
            md5: from.array()?,
            content: read_content(from)?,
            checksum: from.option(read_checksum)?,
        })
    }
}
