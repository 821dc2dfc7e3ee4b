use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tidegate_api_s3::{PutObjectOutput, PutObjectRequest};
use tidegate_blob::BlobId;
use tidegate_protocol::{Call, HttpRequest};
use tidegate_store::Tx;

use super::{Draft, draft_of};
use crate::domain::{Event, MAX_KEY_BYTES};
use crate::error::Error;
use crate::ops::content::{Announced, MAX_SINGLE_BODY, Received, receive};
use crate::ops::versions::{bucket_in_tx, current_in_tx, latch, put_version_in_tx};
use crate::service::S3;
use crate::store::{Bucket, ChecksumKind, ContentId, Etag, ObjectRecord, Stands, VersionRecord, Versioning};
use crate::wire;

/// Conditions on what stands under a key before it is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Write<'a> {
    /// `If-Match`: an entity tag.
    pub if_match: Option<&'a str>,
    /// `If-None-Match`, which must be `*`.
    pub if_none_match: Option<&'a str>,
}

impl Write<'_> {
    /// Whether it may be written at all.
    ///
    /// # Errors
    /// `If-None-Match` with anything but `*`, or with `If-Match`, is not implemented by S3 either.
    pub(crate) fn check(self) -> Result<Self, Error> {
        match self.if_none_match {
            None => Ok(self),
            Some("*") if self.if_match.is_none() => Ok(self),
            Some(_) => Err(Error::Refused {
                code: "NotImplemented",
                status: 501,
                words: "A header you provided implies functionality that is not implemented".to_owned(),
            }),
        }
    }

    /// Whether what stands there lets it be written.
    pub(crate) fn allows(self, key: &str, current: Option<&VersionRecord>) -> Result<(), Error> {
        let object = current.and_then(VersionRecord::object);
        if self.if_none_match.is_some() && object.is_some() {
            return Err(Error::Precondition("If-None-Match"));
        }
        match (self.if_match, object) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(Error::NoSuchKey(key.to_owned())),
            (Some("*"), Some(_)) => Ok(()),
            (Some(wanted), Some(object)) if unquoted(wanted) == object.etag.to_string() => Ok(()),
            (Some(_), Some(_)) => Err(Error::Precondition("If-Match")),
        }
    }
}

/// An entity tag without its quotes.
pub(crate) fn unquoted(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}

/// Writes an object.
pub(crate) async fn put_object(s3: &S3, call: &Call, input: PutObjectRequest) -> Result<PutObjectOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = checked_key(input.key.as_deref())?;
    let write = Write { if_match: input.if_match.as_deref(), if_none_match: input.if_none_match.as_deref() }.check()?;
    let draft = draft_of!(input).check(call, &bucket, s3.now())?;
    if (draft.lock.is_some() || draft.legal_hold) && input.object_lock_mode.is_some() && !has_digest(call) {
        let words = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock \
                     parameters";
        return Err(Error::InvalidRequest(words.to_owned()));
    }
    let http = call.http.as_deref();
    let announced = announced(http, input.content_md5.as_deref(), input.checksum_algorithm.as_deref())?;
    let received = receive(s3, http, http.and_then(HttpRequest::take_body), announced).await?;
    let etag = Etag { md5: received.md5, parts: None };
    let checksum = received.checksum.clone();
    let put = Put { s3, call, bucket: &bucket, key, event: Event::Put, write };
    let version = put.received(&draft, received).await?;
    let mut output = PutObjectOutput {
        e_tag: Some(format!("\"{etag}\"")),
        version_id: shown_version(&bucket, &version),
        expiration: s3.expiration_of(&bucket, key, &version),
        ..PutObjectOutput::default()
    };
    wire::show_encryption!(output, draft.encryption);
    wire::show_checksum!(output, checksum.as_ref());
    Ok(output)
}

/// The name of a new version, where versions are kept.
pub(crate) fn shown_version(bucket: &Bucket, version: &VersionRecord) -> Option<String> {
    (bucket.record.versioning != Versioning::Never).then(|| version.name())
}

/// An object about to be written.
#[derive(Clone, Copy)]
pub(crate) struct Put<'a> {
    pub s3: &'a S3,
    pub call: &'a Call,
    pub bucket: &'a Bucket,
    pub key: &'a str,
    pub event: Event,
    pub write: Write<'a>,
}

impl Put<'_> {
    /// Writes an object of a body that has come. If nothing comes of it, the body's file is removed.
    pub(crate) async fn received(self, draft: &Draft, received: Received) -> Result<VersionRecord, Error> {
        // In order of time: what is written together lies together, and is dropped together.
        let content = ContentId(self.s3.draw_version().0);
        let etag = Etag { md5: received.md5, parts: None };
        let (kept, size, checksum) = (&received, received.size, &received.checksum);
        let committed = self
            .commit(async |tx: &mut Tx| {
                let content = kept.place(tx, content);
                Ok((draft.object(content, size, etag, checksum.clone()), Vec::new()))
            })
            .await;
        if committed.is_err() {
            self.s3.remove_files(received.files()).await;
        }
        committed
    }

    /// Writes the object that `object` makes, with whatever else it writes, and raises the event: one
    /// transaction. Files that nothing refers to any more are removed when it is durable; `object` may name
    /// some too.
    pub(crate) async fn commit(
        self,
        object: impl AsyncFnOnce(&mut Tx) -> Result<(ObjectRecord, Vec<BlobId>), Error> + Clone,
    ) -> Result<VersionRecord, Error> {
        let Put { s3, call, bucket, key, event, write } = self;
        let (now, version) = (s3.now(), s3.draw_version());
        let audience = &s3.audience(call, bucket, key);
        let mut latches = audience.latches(s3);
        latches.push(latch(bucket.id(), key));
        let written = s3.transact(&latches, async |tx: &mut Tx| {
            let record = bucket_in_tx(tx, &bucket.name).await?;
            let current = current_in_tx(tx, record.id, key).await?;
            write.allows(key, current.as_ref())?;
            let (object, mut files) = object(tx).await?;
            let new = VersionRecord {
                version,
                is_null: false,
                created_at: now,
                replaced_at: None,
                stands: Stands::Object(Box::new(object)),
            };
            let (new, gone) = put_version_in_tx(tx, &record, key, current, new).await?;
            files.extend(gone);
            audience.raise_in_tx(s3, tx, event, &new).await?;
            Ok((new, files))
        });
        let (version, files) = written.await?.value;
        s3.leave_files(files).await;
        Ok(version)
    }
}

/// The key of a request that writes.
pub(crate) fn checked_key(key: Option<&str>) -> Result<&str, Error> {
    let key = key.unwrap_or_default();
    if key.len() > MAX_KEY_BYTES { Err(Error::KeyTooLong(key.len())) } else { Ok(key) }
}

fn has_digest(call: &Call) -> bool {
    let Some(http) = &call.http else { return false };
    let mut names = http.head.headers.keys().map(http::HeaderName::as_str);
    names.any(|name| name == "content-md5" || name.starts_with("x-amz-checksum-") || name == "x-amz-trailer")
}

/// The bytes that a body will have, as its request says.
///
/// # Errors
/// If it says nothing: S3 takes no bodies of unknown length.
pub(crate) fn content_length(http: &HttpRequest) -> Result<u64, Error> {
    let decoded = http.header("x-amz-decoded-content-length");
    let said = decoded.or_else(|| http.header("content-length").filter(|_| !is_chunked(http)));
    let missing = || Error::Refused {
        code: "MissingContentLength",
        status: 411,
        words: "You must provide the Content-Length HTTP header.".to_owned(),
    };
    let length = said.ok_or_else(missing)?.trim().parse().map_err(|_| missing())?;
    if length > MAX_SINGLE_BODY {
        return Err(Error::TooLarge { size: length, most: MAX_SINGLE_BODY });
    }
    Ok(length)
}

fn is_chunked(http: &HttpRequest) -> bool {
    http.header("x-amz-content-sha256").is_some_and(|stated| stated.starts_with("STREAMING-"))
}

/// An MD5 as a client states it: in base64.
///
/// # Errors
/// If it is none.
pub(crate) fn stated_md5(text: &str) -> Result<[u8; 16], Error> {
    let digest = BASE64.decode(text).ok().and_then(|digest| digest.try_into().ok());
    let words = "The Content-MD5 you specified was invalid.".to_owned();
    digest.ok_or(Error::Refused { code: "InvalidDigest", status: 400, words })
}

/// What a request says of the body that it brings.
///
/// # Errors
/// What S3 says of digests that cannot be, and of two kinds of checksums at once.
pub(crate) fn announced(
    http: Option<&HttpRequest>,
    md5: Option<&str>,
    algorithm: Option<&str>,
) -> Result<Announced, Error> {
    let Some(http) = http else { return Ok(Announced::default()) };
    let md5 = md5.map(stated_md5).transpose()?;
    let length = match content_length(http) {
        Err(Error::Refused { .. }) if http.header("transfer-encoding").is_none() => 0,
        length => length?,
    };
    Ok(Announced { length: Some(length), md5, checksum: Some(checksum_of(http, algorithm)?) })
}

fn checksum_of(http: &HttpRequest, algorithm: Option<&str>) -> Result<(ChecksumKind, Option<Vec<u8>>), Error> {
    let kinds = http.head.headers.keys().filter_map(|name| ChecksumKind::of_header(name.as_str()));
    let mut stated = kinds.filter_map(|kind| Some((kind, http.header(kind.header())?)));
    let first = stated.next();
    if stated.next().is_some() {
        let words = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
        return Err(Error::InvalidRequest(words.to_owned()));
    }
    if let Some((kind, text)) = first {
        let invalid = || Error::InvalidRequest(format!("Value for {} header is invalid.", kind.header()));
        return Ok((kind, Some(kind.parse(text).ok_or_else(invalid)?)));
    }
    let trailer = http
        .header("x-amz-trailer")
        .and_then(|names| names.split(',').find_map(|name| ChecksumKind::of_header(name.trim())));
    if let Some(kind) = trailer {
        return Ok((kind, None));
    }
    match algorithm {
        Some(name) => {
            let unknown = || {
                let words = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
                             [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
                Error::InvalidRequest(words.to_owned())
            };
            Ok((ChecksumKind::named(name).ok_or_else(unknown)?, None))
        }
        None => Ok((ChecksumKind::DEFAULT, None)),
    }
}
