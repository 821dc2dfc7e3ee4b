//! Where everything of S3 lies.
//!
//! | space | key | record |
//! |---|---|---|
//! | map | `S3 1 1 name` | [`crate::store::BucketRecord`] |
//! | map | `S3 1 2 bucket kind id` | [`crate::store::ConfigRecord`]: a bucket's configuration |
//! | map | `S3 2 bucket key` | [`crate::store::VersionRecord`]: the newest version of a key |
//! | map | `S3 3 bucket key ^version` | [`crate::store::VersionRecord`]: an older one, newest first |
//! | map | `S3 4 bucket key` | the number of the older version that is called `null`, if one is |
//! | map | `S3 5 content` | [`crate::store::PiecesRecord`]: the parts of a body that came in parts |
//! | map | `S3 6 blob` | nothing: a file that something refers to |
//! | map | `S3 7 bucket key upload` | [`crate::store::UploadRecord`]: an upload in parts that goes on |
//! | map | `S3 8 upload part` | [`crate::store::PartRecord`] |
//! | map | `S3 9 …` | lifecycle's progress |
//! | log | `S3 1 content` | a body of up to 64 KiB |
//! | log | `S3 2 bucket number` | [`crate::store::AccessLineRecord`]: a line of an access log |

use bytes::Bytes;
use tidegate_blob::BlobId;
use tidegate_record::{DecodeError, Key, KeyReader, Root};

use super::{BucketId, ConfigKey, ContentId, VersionId};

const CATALOGUE: u8 = 1;
const CURRENT: u8 = 2;
const OLDER: u8 = 3;
const NULL: u8 = 4;
const PIECES: u8 = 5;
const BLOB: u8 = 6;
const UPLOAD: u8 = 7;
const PART: u8 = 8;
const LIFECYCLE: u8 = 9;

const BUCKET: u8 = 1;
const CONFIG: u8 = 2;

const BODY: u8 = 1;
const ACCESS_LINE: u8 = 2;

fn tagged(tag: u8) -> Key {
    Key::new(Root::S3).u8(tag)
}

/// What a key of the catalogue names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Catalogued {
    /// A bucket, by its name.
    Bucket(String),
    /// A configuration of a bucket.
    Config(BucketId, ConfigKey),
}

/// Buckets and their configurations: what is held in memory.
pub fn catalogue() -> Bytes {
    tagged(CATALOGUE).build()
}

/// A bucket.
pub fn bucket(name: &str) -> Bytes {
    tagged(CATALOGUE).u8(BUCKET).text(name).build()
}

/// All configurations of a bucket.
pub fn configs(bucket: BucketId) -> Bytes {
    tagged(CATALOGUE).u8(CONFIG).u64(bucket.0).build()
}

/// A configuration of a bucket.
pub fn config(bucket: BucketId, key: &ConfigKey) -> Bytes {
    tagged(CATALOGUE).u8(CONFIG).u64(bucket.0).u8(key.kind as u8).text(&key.id).build()
}

/// What a key of the catalogue names.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_catalogue(key: &[u8]) -> Result<Catalogued, DecodeError> {
    let mut reader = KeyReader::after(key, &catalogue())?;
    let malformed = |what| DecodeError::Malformed { at: 0, what };
    let found = match reader.u8()? {
        BUCKET => Catalogued::Bucket(reader.text()?),
        CONFIG => {
            let bucket = BucketId(reader.u64()?);
            let kind = reader.u8()?.try_into().map_err(|()| malformed("an unknown kind of configuration"))?;
            Catalogued::Config(bucket, ConfigKey { kind, id: reader.text()? })
        }
        _ => return Err(malformed("an unknown kind of record")),
    };
    reader.end()?;
    Ok(found)
}

/// The newest versions of all keys of a bucket.
pub fn currents(bucket: BucketId) -> Bytes {
    tagged(CURRENT).u64(bucket.0).build()
}

/// The newest versions of the keys that begin so.
pub fn currents_with_prefix(bucket: BucketId, prefix: &str) -> Bytes {
    tagged(CURRENT).u64(bucket.0).text_prefix(prefix).build()
}

/// The newest version of a key.
pub fn current(bucket: BucketId, key: &str) -> Bytes {
    tagged(CURRENT).u64(bucket.0).text(key).build()
}

/// The key of an entry of [`currents`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_current(key: &[u8], bucket: BucketId) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, &currents(bucket))?;
    let name = reader.text()?;
    reader.end()?;
    Ok(name)
}

/// The older versions of all keys of a bucket.
pub fn olders(bucket: BucketId) -> Bytes {
    tagged(OLDER).u64(bucket.0).build()
}

/// The older versions of the keys that begin so.
pub fn olders_with_prefix(bucket: BucketId, prefix: &str) -> Bytes {
    tagged(OLDER).u64(bucket.0).text_prefix(prefix).build()
}

/// The older versions of a key, newest first.
pub fn olders_of(bucket: BucketId, key: &str) -> Bytes {
    tagged(OLDER).u64(bucket.0).text(key).build()
}

/// An older version of a key.
pub fn older(bucket: BucketId, key: &str, version: VersionId) -> Bytes {
    let inverse = (!version.0).to_be_bytes();
    tagged(OLDER).u64(bucket.0).text(key).rest(&inverse).build()
}

/// The key and the version of an entry of [`olders`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_older(key: &[u8], bucket: BucketId) -> Result<(String, VersionId), DecodeError> {
    let mut reader = KeyReader::after(key, &olders(bucket))?;
    let name = reader.text()?;
    let (high, low) = (reader.u64()?, reader.u64()?);
    reader.end()?;
    Ok((name, VersionId(!(u128::from(high) << 64 | u128::from(low)))))
}

/// Which older version of a key is called `null`.
pub fn null(bucket: BucketId, key: &str) -> Bytes {
    tagged(NULL).u64(bucket.0).text(key).build()
}

/// The parts of a body.
pub fn pieces(content: ContentId) -> Bytes {
    tagged(PIECES).rest(&content.0.to_be_bytes()).build()
}

/// The sign that a file is referred to.
pub fn blob(id: BlobId) -> Bytes {
    tagged(BLOB).rest(&id.to_bytes()).build()
}

/// All uploads in parts of a bucket.
pub fn uploads(bucket: BucketId) -> Bytes {
    tagged(UPLOAD).u64(bucket.0).build()
}

/// The uploads in parts of the keys that begin so.
pub fn uploads_with_prefix(bucket: BucketId, prefix: &str) -> Bytes {
    tagged(UPLOAD).u64(bucket.0).text_prefix(prefix).build()
}

/// The uploads in parts of a key.
pub fn uploads_of(bucket: BucketId, key: &str) -> Bytes {
    tagged(UPLOAD).u64(bucket.0).text(key).build()
}

/// An upload in parts.
pub fn upload(bucket: BucketId, key: &str, upload: VersionId) -> Bytes {
    tagged(UPLOAD).u64(bucket.0).text(key).rest(&upload.0.to_be_bytes()).build()
}

/// The key and the upload of an entry of [`uploads`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_upload(key: &[u8], bucket: BucketId) -> Result<(String, VersionId), DecodeError> {
    let mut reader = KeyReader::after(key, &uploads(bucket))?;
    let name = reader.text()?;
    let (high, low) = (reader.u64()?, reader.u64()?);
    reader.end()?;
    Ok((name, VersionId(u128::from(high) << 64 | u128::from(low))))
}

/// The parts of an upload.
pub fn parts(upload: VersionId) -> Bytes {
    tagged(PART).rest(&upload.0.to_be_bytes()).build()
}

/// A part of an upload.
pub fn part(upload: VersionId, number: u16) -> Bytes {
    tagged(PART).rest(&upload.0.to_be_bytes()).u16(number).build()
}

/// The number of a part.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_part(key: &[u8], upload: VersionId) -> Result<u16, DecodeError> {
    let mut reader = KeyReader::after(key, &parts(upload))?;
    let number = u16::from(reader.u8()?) << 8 | u16::from(reader.u8()?);
    reader.end()?;
    Ok(number)
}

/// The newest versions of all keys of all buckets.
pub fn all_currents() -> Bytes {
    tagged(CURRENT).build()
}

/// The older versions of all keys of all buckets.
pub fn all_olders() -> Bytes {
    tagged(OLDER).build()
}

/// Which older versions are called `null`, of all keys.
pub fn nulls() -> Bytes {
    tagged(NULL).build()
}

/// All uploads in parts.
pub fn all_uploads() -> Bytes {
    tagged(UPLOAD).build()
}

/// All parts of all uploads.
pub fn all_parts() -> Bytes {
    tagged(PART).build()
}

/// The signs of all files that are referred to.
pub fn all_blobs() -> Bytes {
    tagged(BLOB).build()
}

/// How far lifecycle has come.
pub fn lifecycle() -> Bytes {
    tagged(LIFECYCLE).build()
}

/// A body in the store.
pub fn body(content: ContentId) -> Bytes {
    tagged(BODY).rest(&content.0.to_be_bytes()).build()
}

/// The lines of all access logs that are not in objects yet.
pub fn all_access_lines() -> Bytes {
    tagged(ACCESS_LINE).build()
}

/// Those of a bucket.
pub fn access_lines(bucket: BucketId) -> Bytes {
    tagged(ACCESS_LINE).u64(bucket.0).build()
}

/// A line of a bucket's access log.
pub fn access_line(bucket: BucketId, number: VersionId) -> Bytes {
    tagged(ACCESS_LINE).u64(bucket.0).rest(&number.0.to_be_bytes()).build()
}

/// The bucket and the number of an entry of [`all_access_lines`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_access_line(key: &[u8]) -> Result<(BucketId, VersionId), DecodeError> {
    let mut reader = KeyReader::after(key, &all_access_lines())?;
    let (bucket, high, low) = (reader.u64()?, reader.u64()?, reader.u64()?);
    reader.end()?;
    Ok((BucketId(bucket), VersionId(u128::from(high) << 64 | u128::from(low))))
}

/// Everything that a reset removes, in the map.
pub fn everything() -> Bytes {
    Key::new(Root::S3).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ConfigKind;

    #[test]
    fn keys_are_read_back() {
        let bucket = BucketId(7);
        assert_eq!(read_current(&current(bucket, "a/ü"), bucket).unwrap(), "a/ü");
        let version = VersionId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(read_older(&older(bucket, "a", version), bucket).unwrap(), ("a".to_owned(), version));
        assert_eq!(read_upload(&upload(bucket, "a", version), bucket).unwrap(), ("a".to_owned(), version));
        assert_eq!(read_part(&part(version, 258), version).unwrap(), 258);
        assert_eq!(read_access_line(&access_line(bucket, version)).unwrap(), (bucket, version));
        let key = ConfigKey { kind: ConfigKind::Inventory, id: "x".to_owned() };
        assert_eq!(read_catalogue(&config(bucket, &key)).unwrap(), Catalogued::Config(bucket, key));
        assert_eq!(read_catalogue(&super::bucket("b")).unwrap(), Catalogued::Bucket("b".to_owned()));
    }

    #[test]
    fn newer_versions_sort_before_older_ones() {
        let bucket = BucketId(7);
        assert!(older(bucket, "a", VersionId(2)) < older(bucket, "a", VersionId(1)));
        assert!(older(bucket, "a", VersionId(1)) < older(bucket, "a!", VersionId(2)));
    }
}
