use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use tidegate_api_s3::{CopyObjectOutput, CopyObjectRequest, CopyObjectResult};
use tidegate_protocol::Call;

use super::reading::{Conditions, Reading, Viewed, opened};
use super::{Draft, Put, Write, checked_key, draft_of, shown_version};
use crate::domain::Event;
use crate::error::Error;
use crate::ops::content::{Announced, MAX_SINGLE_BODY, receive};
use crate::service::S3;
use crate::store::{Bucket, ChecksumKind, Etag, ObjectRecord};
use crate::wire;

/// What is copied: the header `x-amz-copy-source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopySource {
    /// The bucket's name.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version, if not the newest.
    pub version: Option<String>,
}

impl CopySource {
    /// Reads `bucket/key?versionId=…`, with or without a slash in front, or the same as an ARN.
    ///
    /// # Errors
    /// If it is neither.
    pub(crate) fn parse(header: &str) -> Result<CopySource, Error> {
        let invalid = |words: &str| Error::InvalidArgument {
            words: words.to_owned(),
            name: "x-amz-copy-source".to_owned(),
            value: header.to_owned(),
        };
        let (path, query) = match header.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version.to_owned())),
            None => (header, None),
        };
        // Some clients write a space as a form does, Terraform among them.
        let path = path.replace('+', " ");
        let decoded = percent_decode_str(&path).decode_utf8();
        let decoded = decoded.map_err(|_| invalid("Invalid copy source encoding."))?;
        let path = decoded.strip_prefix("arn:aws:s3:::").unwrap_or(&decoded);
        let path = path.strip_prefix('/').unwrap_or(path);
        match path.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(CopySource { bucket: bucket.to_owned(), key: key.to_owned(), version: query })
            }
            _ => Err(invalid("Invalid copy source object key")),
        }
    }

    /// Finds what is copied.
    ///
    /// # Errors
    /// As reading it; what would be *not modified* is a condition that fails.
    pub(crate) async fn view(
        &self,
        s3: &S3,
        conditions: Conditions<'_>,
        customer_key_md5: Option<&str>,
        owner: Option<&str>,
    ) -> Result<(Bucket, Viewed), Error> {
        let bucket = s3.bucket_of(Some(&self.bucket), owner)?;
        let version = self.version.as_deref();
        let reading = Reading { version, conditions, customer_key_md5, wants_body: true, ..Reading::default() };
        match reading.view(s3, &bucket, &self.key).await {
            Ok(viewed) => Ok((bucket, viewed)),
            Err(Error::Body(error)) if error.shape.status == 304 => {
                Err(Error::Precondition("x-amz-copy-source-If-None-Match"))
            }
            Err(Error::Precondition(condition)) => Err(Error::Precondition(of_source(condition))),
            Err(Error::Body(error)) if error.shape.status == 405 => {
                let words = "The source of a copy request may not specifically refer to a delete marker by version id.";
                Err(Error::InvalidRequest(words.to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Copies an object, also onto itself with other settings.
pub(crate) async fn copy_object(s3: &S3, call: &Call, input: CopyObjectRequest) -> Result<CopyObjectOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = checked_key(input.key.as_deref())?;
    let source = CopySource::parse(input.copy_source.as_deref().unwrap_or_default())?;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.as_deref(),
        if_none_match: input.copy_source_if_none_match.as_deref(),
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let owner = input.expected_source_bucket_owner.as_deref();
    let customer_key = input.copy_source_sse_customer_key_md5.as_deref();
    let from = &source;
    let ((from, viewed), opened) = opened(s3, async || {
        let (bucket, viewed) = from.view(s3, conditions, customer_key, owner).await?;
        let (content, range) = (viewed.object().content, viewed.range.clone());
        Ok(((bucket, viewed), content, range))
    })
    .await?;
    let object = viewed.object();
    if object.size > MAX_SINGLE_BODY {
        let words = format!(
            "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_SINGLE_BODY}"
        );
        return Err(Error::InvalidRequest(words));
    }
    let takes_over = !is_replaced("x-amz-metadata-directive", input.metadata_directive.as_deref())?;
    let takes_tags = !is_replaced("x-amz-tagging-directive", input.tagging_directive.as_deref())?;
    let mut draft = draft_of!(input).check(call, &bucket, s3.now())?;
    if takes_over {
        take_over(&mut draft, object);
    }
    if takes_tags {
        draft.tags = object.tags.clone();
    }
    if input.storage_class.is_none() && is_itself(&from, &source, &bucket, key) && !takes_over {
        draft.storage_class = object.storage_class.clone();
    }
    let changes_something = !takes_over
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some()
        || input.sse_customer_algorithm.is_some()
        || source.version.is_some();
    if is_itself(&from, &source, &bucket, key) && !changes_something {
        let words = "This copy request is illegal because it is trying to copy an object to itself without changing \
                     the object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(Error::InvalidRequest(words.to_owned()));
    }
    let kind = checksum_kind(input.checksum_algorithm.as_deref(), object)?;
    let announced = Announced { length: Some(object.size), md5: None, checksum: Some((kind, None)) };
    let received = receive(s3, None, Some(opened.into_pieces()), announced).await?;
    let (etag, checksum) = (Etag { md5: received.md5, parts: None }, received.checksum.clone());
    let write = Write { if_match: input.if_match.as_deref(), if_none_match: input.if_none_match.as_deref() }.check()?;
    let version = Put { s3, call, bucket: &bucket, key, event: Event::Copy, write }.received(&draft, received).await?;
    let mut result = CopyObjectResult {
        e_tag: Some(format!("\"{etag}\"")),
        last_modified: Some(version.created_at),
        ..CopyObjectResult::default()
    };
    wire::show_checksum!(result, checksum.as_ref());
    let mut output = CopyObjectOutput {
        copy_object_result: Some(result),
        expiration: s3.expiration_of(&bucket, key, &version),
        copy_source_version_id: shown_version(&from, &viewed.version),
        version_id: shown_version(&bucket, &version),
        ..CopyObjectOutput::default()
    };
    wire::show_encryption!(output, draft.encryption);
    Ok(output)
}

/// The header that says a condition of a copy's source.
fn of_source(condition: &str) -> &'static str {
    match condition {
        "If-Match" => "x-amz-copy-source-If-Match",
        "If-Unmodified-Since" => "x-amz-copy-source-If-Unmodified-Since",
        _ => "x-amz-copy-source-If-None-Match",
    }
}

fn is_itself(from: &Bucket, source: &CopySource, bucket: &Bucket, key: &str) -> bool {
    from.id() == bucket.id() && source.key == key
}

/// What the source says is said of the copy too, a redirection excepted.
fn take_over(draft: &mut Draft, object: &ObjectRecord) {
    draft.headers = object.headers.clone();
    draft.metadata = BTreeMap::clone(&object.metadata);
}

fn is_replaced(header: &str, directive: Option<&str>) -> Result<bool, Error> {
    match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => {
            let what = if header.contains("tagging") { "tagging" } else { "metadata" };
            let words = format!("Unknown {what} directive.");
            Err(Error::InvalidArgument { words, name: header.to_owned(), value: other.to_owned() })
        }
    }
}

/// The copy's checksum is of the source's kind, unless the copier asks for another.
fn checksum_kind(asked: Option<&str>, object: &ObjectRecord) -> Result<ChecksumKind, Error> {
    match asked {
        Some(name) => ChecksumKind::named(name)
            .ok_or_else(|| Error::InvalidRequest("Checksum algorithm provided is unsupported.".to_owned())),
        None => Ok(object.checksum.as_ref().map_or(ChecksumKind::DEFAULT, |checksum| checksum.kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read() {
        let source = |bucket: &str, key: &str, version: Option<&str>| CopySource {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: version.map(str::to_owned),
        };
        for (header, expected) in [
            ("b/k", source("b", "k", None)),
            ("/b/a%20b/c?versionId=v1", source("b", "a b/c", Some("v1"))),
            ("b/a+b", source("b", "a b", None)),
            ("b%2Fk", source("b", "k", None)),
            ("arn:aws:s3:::b/k", source("b", "k", None)),
        ] {
            assert_eq!(CopySource::parse(header).unwrap(), expected, "{header}");
        }
        for wrong in ["", "b", "/b/", "b/%ff"] {
            assert!(CopySource::parse(wrong).is_err(), "{wrong}");
        }
    }
}
