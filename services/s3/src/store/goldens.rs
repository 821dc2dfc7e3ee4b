//! The layouts of versions, uploads, parts and lists of parts: what one release has written, the next must read.

use std::collections::BTreeMap;

use tidegate_blob::{BlobId, BlobRef};
use tidegate_record::testing::{assert_golden, assert_round_trip};
use tidegate_types::{AccountId, Timestamp};

use super::{
    Checksum, ChecksumKind, Content, ContentId, Encryption, Etag, Headers, Lock, LockMode, ObjectRecord, PartRecord,
    Piece, PiecesRecord, Stands, UploadRecord, VersionId, VersionRecord,
};

fn texts(texts: &[(&str, &str)]) -> BTreeMap<String, String> {
    texts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn file() -> Content {
    Content::File(BlobRef { id: BlobId::from_bytes([7; 16]), length: 70_000, checksum: 9 })
}

fn object() -> ObjectRecord {
    ObjectRecord {
        owner: AccountId::DEFAULT,
        content: file(),
        size: 70_000,
        etag: Etag { md5: [1; 16], parts: Some(2) },
        checksum: Some(Checksum { kind: ChecksumKind::Crc32, value: vec![1, 2, 3, 4], composite_of: Some(2) }),
        storage_class: "STANDARD".to_owned(),
        headers: Headers { content_type: Some("t".to_owned()), ..Headers::default() },
        metadata: texts(&[("a", "b")]),
        tags: texts(&[("t", "1")]),
        acl: Some("<a/>".to_owned()),
        lock: Some(Lock { mode: LockMode::Compliance, until: Timestamp::from_secs(5) }),
        legal_hold: true,
        encryption: Some(Encryption::Service {
            algorithm: "aws:kms".to_owned(),
            key: Some("k".to_owned()),
            has_bucket_key: true,
        }),
        redirect: Some("/x".to_owned()),
        restored_until: Some(Timestamp::from_secs(6)),
    }
}

fn version(stands: Stands) -> VersionRecord {
    let created_at = Timestamp::from_secs(1);
    VersionRecord { version: VersionId(3), is_null: true, created_at, replaced_at: None, stands }
}

fn upload() -> UploadRecord {
    let ObjectRecord {
        owner, storage_class, headers, metadata, tags, acl, lock, legal_hold, encryption, redirect, ..
    } = object();
    UploadRecord {
        created_at: Timestamp::from_secs(1),
        owner,
        initiator: "i".to_owned(),
        checksum: Some(ChecksumKind::Sha256),
        is_composite: true,
        storage_class,
        headers,
        metadata,
        tags,
        acl,
        lock,
        legal_hold,
        encryption,
        redirect,
    }
}

#[test]
fn versions() {
    assert_golden(
        "010000000000000000000000000000000301e8070001000207070707070707070707070707070707f0a20400000009f0\
         a204010101010101010101010101010101010102010004010203040102085354414e4441524401017400000000000101\
         610162010174013101043c612f3e01018827010100076177733a6b6d7301016b0101022f7801f02e",
        &version(Stands::Object(Box::new(object()))),
    );
    assert_golden(
        "010000000000000000000000000000000301e807000000",
        &version(Stands::Marker { owner: AccountId::DEFAULT }),
    );
    let plain = ObjectRecord {
        content: Content::Empty,
        etag: Etag { md5: [0; 16], parts: None },
        checksum: None,
        acl: None,
        lock: None,
        encryption: None,
        redirect: None,
        restored_until: None,
        ..object()
    };
    let replaced_at = Some(Timestamp::from_secs(2));
    assert_round_trip(&VersionRecord { replaced_at, ..version(Stands::Object(Box::new(plain))) });
}

#[test]
fn uploads() {
    assert_golden(
        "01e807000169010401085354414e4441524401017400000000000101610162010174013101043c612f3e010188270101\
         00076177733a6b6d7301016b0101022f78",
        &upload(),
    );
    assert_round_trip(&UploadRecord { checksum: None, is_composite: false, ..upload() });
}

#[test]
fn parts() {
    let part = PartRecord {
        created_at: Timestamp::from_secs(1),
        size: 5,
        md5: [2; 16],
        content: Content::Stored(ContentId(4)),
        checksum: None,
    };
    assert_golden("01e8070502020202020202020202020202020202010000000000000000000000000000000400", &part);
    for kind in ChecksumKind::ALL {
        let checksum = Some(Checksum { kind, value: vec![0; kind.bytes()], composite_of: None });
        assert_round_trip(&PartRecord { checksum, content: file(), ..part.clone() });
    }
}

#[test]
fn lists_of_parts() {
    let piece = |number, content| Piece { number, size: 5, content, checksum: None };
    let pieces = vec![piece(1, file()), piece(10_000, Content::Stored(ContentId(4))), piece(10_001, Content::Empty)];
    assert_golden(
        "010301050207070707070707070707070707070707f0a2040000000900904e0501000000000000000000000000000000\
         0400914e050000",
        &PiecesRecord { pieces },
    );
    assert_round_trip(&PiecesRecord { pieces: vec![piece(1, Content::Pieces(ContentId(1)))] });
}
