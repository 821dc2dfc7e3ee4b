//! S3: names, tokens, tags, and what is read back from disk. Whatever comes is understood or refused.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Debug;

use bytes::Bytes;
use tidegate_fuzz::{Material, fuzz};
use tidegate_record::Stored;
use tidegate_s3::domain::{
    Grouping, bucket_name_fault, checksum_of, continuation_token, read_continuation_token, tags_of_query,
};
use tidegate_s3::store::{
    BucketId, BucketRecord, Checksum, ChecksumKind, ConfigRecord, LifecycleRecord, PartRecord, PiecesRecord,
    UploadRecord, VersionId, VersionRecord, keys,
};

const NAMES: Material<'static> = Material {
    examples: &[
        b"photos/2024/\xc3\xbc.jpg",
        b"MWEvYg",
        b"a=b&c=d%20e",
        b"my.bucket-1",
        b"01a1fe384c1fbb788681780b41a7a242",
        b"dOFKGg==",
    ],
    words: &["/", "//", "%2", "%00", "&", "=", "+", "..", "-", "ü", "\u{0}", "xn--", "192.168.0.1"],
};

#[test]
fn names_tokens_and_tags() {
    fuzz(NAMES, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(read_continuation_token(&continuation_token(&text)).as_deref(), Some(&*text));
        if let Some(last) = read_continuation_token(&text) {
            assert_eq!(continuation_token(&last), text);
        }
        for (prefix, delimiter) in [("", "/"), ("a", "//"), ("photos/", "ü")] {
            let grouping = Grouping { prefix: prefix.to_owned(), delimiter: Some(delimiter.to_owned()) };
            if let Some(group) = grouping.group_of(&text) {
                assert!(group.starts_with(prefix) && group.ends_with(delimiter) && text.starts_with(group));
                assert!(grouping.is_group(group));
            }
        }
        if let Some(version) = VersionId::parse(&text) {
            assert_eq!(version.to_string(), text);
        }
        for kind in ChecksumKind::ALL {
            if let Some(value) = kind.parse(&text) {
                assert_eq!(value.len(), kind.bytes());
            }
            let value = checksum_of(kind, bytes);
            let shown = Checksum { kind, value: value.clone(), composite_of: None }.text();
            assert_eq!(kind.parse(&shown), Some(value));
        }
        if bucket_name_fault(&text).is_none() {
            assert!((3..=63).contains(&text.len()) && text.is_ascii());
        }
        tags_of_query(&text).ok();
    });
}

/// What decodes is encoded again to what decodes to the same.
fn decode<T: Stored + PartialEq + Debug>(bytes: &Bytes) {
    if let Ok(record) = T::decode(bytes) {
        assert_eq!(T::decode(&record.encode()).as_ref(), Ok(&record), "{}", T::NAME);
    }
}

const RECORDS: Material<'static> = Material {
    examples: &[
        b"\x01\x04<a/>",
        b"\x01\xe8\x07\x05\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x00\x01\x00\x04\x01\x02\x03\x04\x00",
        b"\x01\xe8\x07\x00\x01i\x01\x04\x01\x08STANDARD\x01\x01t\x00\x00\x00\x00\x00\x01\x01a\x01b\x01\x01t\x011\x00\x00\x01\x00\x00",
        b"\x01\x01\x01\x05\x00\x00",
        b"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x01\xe8\x07\x00\x00\x00",
    ],
    words: &["\u{0}", "\u{1}", "\u{7f}", "\u{ff}", "STANDARD", "aaaaaaaaaaaaaaaa"],
};

#[test]
fn records_and_keys() {
    fuzz(RECORDS, |bytes| {
        let bytes = Bytes::copy_from_slice(bytes);
        decode::<BucketRecord>(&bytes);
        decode::<ConfigRecord>(&bytes);
        decode::<LifecycleRecord>(&bytes);
        decode::<PartRecord>(&bytes);
        decode::<PiecesRecord>(&bytes);
        decode::<UploadRecord>(&bytes);
        decode::<VersionRecord>(&bytes);
        let bucket = BucketId(7);
        let behind = |root: Bytes| Bytes::from([&root[..], &bytes[..]].concat());
        if let Ok(key) = keys::read_current(&behind(keys::currents(bucket)), bucket) {
            assert_eq!(keys::current(bucket, &key), behind(keys::currents(bucket)));
        }
        if let Ok((key, version)) = keys::read_older(&behind(keys::olders(bucket)), bucket) {
            assert_eq!(keys::older(bucket, &key, version), behind(keys::olders(bucket)));
        }
        if let Ok((key, upload)) = keys::read_upload(&behind(keys::uploads(bucket)), bucket) {
            assert_eq!(keys::upload(bucket, &key, upload), behind(keys::uploads(bucket)));
        }
        let upload = VersionId(9);
        if let Ok(number) = keys::read_part(&behind(keys::parts(upload)), upload) {
            assert_eq!(keys::part(upload, number), behind(keys::parts(upload)));
        }
    });
}
