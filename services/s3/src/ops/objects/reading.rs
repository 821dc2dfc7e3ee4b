//! Which version a reader gets, and whether: conditions, ranges, parts.

use std::ops::Range;

use http::header::{ALLOW, ETAG, HeaderName, LAST_MODIFIED};
use tidegate_protocol::ServiceError;
use tidegate_types::Timestamp;

use super::unquoted;
use crate::domain::{StorageClass, http_date};
use crate::error::Error;
use crate::ops::content::{Opened, open, pieces_of};
use crate::ops::versions::find;
use crate::service::S3;
use crate::store::{Bucket, Checksum, Content, Encryption, ObjectRecord, Stands, VersionRecord, Versioning};

/// Conditions on what is read.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs, reason = "they are HTTP's")]
pub(crate) struct Conditions<'a> {
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_modified_since: Option<Timestamp>,
    pub if_unmodified_since: Option<Timestamp>,
}

/// Why something is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// A condition does not hold.
    Failed(&'static str),
    /// The reader has it already.
    NotModified,
}

impl Conditions<'_> {
    /// Whether they hold for an object. Times are compared by the second, as HTTP writes them; a condition on
    /// the entity tag weighs more than one on the time.
    pub(crate) fn check(self, object: &ObjectRecord, written_at: Timestamp) -> Result<(), Unread> {
        let names = |list: &str| {
            let etag = object.etag.to_string();
            list.split(',').any(|name| name.trim() == "*" || unquoted(name) == etag)
        };
        let seconds = |time: Timestamp| time.as_millis() / 1000;
        match self.if_match {
            Some(list) if !names(list) => return Err(Unread::Failed("If-Match")),
            Some(_) => {}
            None => {
                let is_newer = |time: Timestamp| seconds(written_at) > seconds(time);
                if self.if_unmodified_since.is_some_and(is_newer) {
                    return Err(Unread::Failed("If-Unmodified-Since"));
                }
            }
        }
        match self.if_none_match {
            Some(list) if names(list) => Err(Unread::NotModified),
            Some(_) => Ok(()),
            None => {
                let is_no_newer = |time: Timestamp| seconds(written_at) <= seconds(time);
                if self.if_modified_since.is_some_and(is_no_newer) { Err(Unread::NotModified) } else { Ok(()) }
            }
        }
    }
}

/// What a reader asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading<'a> {
    /// The version; the newest if none is named.
    pub version: Option<&'a str>,
    /// Conditions.
    pub conditions: Conditions<'a>,
    /// The MD5 of the key that the reader keeps itself.
    pub customer_key_md5: Option<&'a str>,
    /// A `Range` header.
    pub range: Option<&'a str>,
    /// One of the parts that the object came in.
    pub part: Option<i32>,
    /// Whether the body is wanted too.
    pub wants_body: bool,
}

/// What the reader gets.
#[derive(Debug)]
pub(crate) struct Viewed {
    /// The version.
    pub version: VersionRecord,
    /// What is read of the body.
    pub range: Range<u64>,
    /// Whether that is said: a part of the body was asked for.
    pub is_partial: bool,
    /// How many parts it came in, where one of them was asked for.
    pub parts: Option<u16>,
    /// The checksum of the part that was asked for.
    pub part_checksum: Option<Checksum>,
}

impl Viewed {
    /// The object that is read.
    pub(crate) fn object(&self) -> &ObjectRecord {
        match &self.version.stands {
            Stands::Object(object) => object,
            Stands::Marker { .. } => unreachable!("only objects are viewed"),
        }
    }
}

impl Reading<'_> {
    /// Finds what is read.
    ///
    /// # Errors
    /// Everything that S3 says instead of an object.
    pub(crate) async fn view(&self, s3: &S3, bucket: &Bucket, key: &str) -> Result<Viewed, Error> {
        let snapshot = s3.store.snapshot()?;
        let (version, is_latest) = find(&*snapshot, bucket.id(), key, self.version).await?;
        let Some(object) = version.object() else {
            return Err(marker(bucket, key, &version, is_latest && self.version.is_none()));
        };
        match self.conditions.check(object, version.created_at) {
            Ok(()) => {}
            Err(Unread::Failed(condition)) => return Err(Error::Precondition(condition)),
            Err(Unread::NotModified) => {
                let error = ServiceError::from(Error::NotModified)
                    .with_header(ETAG, format!("\"{}\"", object.etag))
                    .with_header(LAST_MODIFIED, http_date(version.created_at));
                return Err(Error::from(error));
            }
        }
        self.check_key(object)?;
        let is_restored = object.restored_until.is_some_and(|until| until > s3.now());
        if self.wants_body && StorageClass::is_archive(&object.storage_class) && !is_restored {
            let words = "The operation is not valid for the object's storage class".to_owned();
            let error = Error::Refused { code: "InvalidObjectState", status: 403, words };
            return Err(Error::from(
                ServiceError::from(error).with_field("StorageClass", object.storage_class.clone()),
            ));
        }
        let (size, content) = (object.size, object.content);
        let mut viewed = Viewed { range: 0..size, is_partial: false, parts: None, part_checksum: None, version };
        match (self.part, self.range) {
            (Some(_), Some(_)) => {
                let words = "Cannot specify both Range header and partNumber query parameter";
                return Err(Error::InvalidRequest(words.to_owned()));
            }
            (Some(number), None) => {
                let parts = match content {
                    Content::Pieces(id) => pieces_of(&*snapshot, id).await?,
                    _ => Vec::new(),
                };
                view_part(&mut viewed, number, &parts)?;
            }
            (None, Some(header)) => {
                if let Some(range) = range_of(header, size)? {
                    viewed.range = range;
                    viewed.is_partial = true;
                }
            }
            (None, None) => {}
        }
        Ok(viewed)
    }

    /// Who keeps the key must bring it along.
    fn check_key(&self, object: &ObjectRecord) -> Result<(), Error> {
        let kept = match &object.encryption {
            Some(Encryption::Customer { key_md5 }) => Some(key_md5.as_str()),
            Some(Encryption::Service { .. }) | None => None,
        };
        match (kept, self.customer_key_md5) {
            (None, None) => Ok(()),
            (None, Some(_)) => {
                let words = "The encryption parameters are not applicable to this object.";
                Err(Error::InvalidRequest(words.to_owned()))
            }
            (Some(_), None) => {
                let words = "The object was stored using a form of Server Side Encryption. The correct parameters must \
                             be provided to retrieve the object.";
                Err(Error::InvalidRequest(words.to_owned()))
            }
            (Some(kept), Some(brought)) if kept == brought => Ok(()),
            (Some(_), Some(_)) => Err(Error::Denied("Access Denied".to_owned())),
        }
    }
}

/// What `view` finds, with that range of that content, opened. An object that is replaced in between takes its body
/// along: then what has come instead is read.
pub(crate) async fn opened<T>(
    s3: &S3,
    view: impl AsyncFnOnce() -> Result<(T, Content, Range<u64>), Error> + Clone,
) -> Result<(T, Opened), Error> {
    let (mut found, mut content, mut range) = view.clone()().await?;
    loop {
        let error = match open(s3, &*s3.store.snapshot()?, content, range).await {
            Ok(opened) => return Ok((found, opened)),
            Err(error) => error,
        };
        let before = content;
        (found, content, range) = view.clone()().await?;
        if content == before {
            return Err(error);
        }
    }
}

/// What is said of a deletion.
fn marker(bucket: &Bucket, key: &str, version: &VersionRecord, is_latest: bool) -> Error {
    let name = version.name();
    let error = ServiceError::from(Error::IsMarker { key: key.to_owned(), version: name.clone(), latest: is_latest });
    let error = error.with_header(HeaderName::from_static("x-amz-delete-marker"), "true");
    let error = match bucket.record.versioning {
        Versioning::Never => error,
        Versioning::Enabled | Versioning::Suspended => {
            error.with_header(HeaderName::from_static("x-amz-version-id"), name)
        }
    };
    Error::from(match is_latest {
        true => error,
        false => error.with_header(ALLOW, "DELETE").with_header(LAST_MODIFIED, http_date(version.created_at)),
    })
}

/// The range that one part of an object is.
fn view_part(viewed: &mut Viewed, number: i32, pieces: &[crate::store::Piece]) -> Result<(), Error> {
    let invalid = || Error::Refused {
        code: "InvalidPartNumber",
        status: 416,
        words: "The requested partnumber is not satisfiable".to_owned(),
    };
    if !(1..=10_000).contains(&number) {
        return Err(Error::InvalidArgument {
            words: "Part number must be an integer between 1 and 10000, inclusive".to_owned(),
            name: "partNumber".to_owned(),
            value: number.to_string(),
        });
    }
    viewed.is_partial = true;
    if pieces.is_empty() {
        return if number == 1 { Ok(()) } else { Err(invalid()) };
    }
    // Parts are counted from one on, whatever numbers they were uploaded under.
    let place = usize::try_from(number - 1).map_err(|_| invalid())?;
    let piece = pieces.get(place).ok_or_else(invalid)?;
    let start: u64 = pieces[..place].iter().map(|piece| piece.size).sum();
    viewed.range = start..start + piece.size;
    viewed.parts = u16::try_from(pieces.len()).ok();
    viewed.part_checksum = piece.checksum.clone();
    Ok(())
}

/// The bytes that a `Range` header asks for; `None` if it is not one that S3 understands, which is as none.
///
/// # Errors
/// If none of them are there.
pub(crate) fn range_of(header: &str, size: u64) -> Result<Option<Range<u64>>, Error> {
    let unsatisfiable = || Error::InvalidRange { asked: header.to_owned(), size };
    let Some((first, last)) = header.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.trim().is_empty() => first..size,
        (None, Some(0)) if first.trim().is_empty() => return Err(unsatisfiable()),
        (None, Some(count)) if first.trim().is_empty() => size.saturating_sub(count)..size,
        _ => return Ok(None),
    };
    if range.start >= size { Err(unsatisfiable()) } else { Ok(Some(range)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, expected) in [
            ("bytes=0-4", Some(Some(0..5))),
            ("bytes=5-", Some(Some(5..10))),
            ("bytes=-3", Some(Some(7..10))),
            ("bytes=-30", Some(Some(0..10))),
            ("bytes=8-100", Some(Some(8..10))),
            ("bytes=10-", None),
            ("bytes=-0", None),
            ("bytes=5-4", Some(None)),
            ("bytes=a-b", Some(None)),
            ("lines=1-2", Some(None)),
        ] {
            assert_eq!(range_of(header, 10).ok(), expected, "{header}");
        }
        assert!(range_of("bytes=0-", 0).is_err());
    }
}
