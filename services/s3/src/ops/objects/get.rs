use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES, HeaderName,
};
use tidegate_api_s3::{GetObjectOutput, GetObjectRequest, HeadObjectRequest};
use tidegate_protocol::{Answered, Call, HttpAnswer, HttpBody};

use super::reading::{Conditions, Reading, Viewed, opened};
use crate::domain::http_date;
use crate::error::Error;
use crate::ops::content::Opened;
use crate::service::S3;
use crate::store::{Bucket, Versioning};
use crate::wire;

/// What overrides the headers of an answer. Only for those who have signed.
type Overrides = [(HeaderName, Option<String>); 6];

macro_rules! reading_of {
    ($input:expr, $wants_body:expr) => {
        Reading {
            version: $input.version_id.as_deref(),
            conditions: Conditions {
                if_match: $input.if_match.as_deref(),
                if_none_match: $input.if_none_match.as_deref(),
                if_modified_since: $input.if_modified_since,
                if_unmodified_since: $input.if_unmodified_since,
            },
            customer_key_md5: $input.sse_customer_key_md5.as_deref(),
            range: $input.range.as_deref(),
            part: $input.part_number,
            wants_body: $wants_body,
        }
    };
}

macro_rules! overrides_of {
    ($input:expr) => {
        [
            (CACHE_CONTROL, $input.response_cache_control.clone()),
            (CONTENT_DISPOSITION, $input.response_content_disposition.clone()),
            (CONTENT_ENCODING, $input.response_content_encoding.clone()),
            (CONTENT_LANGUAGE, $input.response_content_language.clone()),
            (CONTENT_TYPE, $input.response_content_type.clone()),
            (EXPIRES, $input.response_expires.map(http_date)),
        ]
    };
}

/// Reads an object.
pub(crate) async fn get_object(
    s3: &S3,
    call: &Call,
    input: GetObjectRequest,
) -> Result<Answered<GetObjectOutput>, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let overrides = checked_overrides(call, overrides_of!(input))?;
    let reading = &reading_of!(input, true);
    let bucket = &bucket;
    let (viewed, opened) = opened(s3, async || {
        let viewed = reading.view(s3, bucket, key).await?;
        let (content, range) = (viewed.object().content, viewed.range.clone());
        Ok((viewed, content, range))
    })
    .await?;
    let shape = shown(s3, bucket, key, &viewed, input.checksum_mode.is_some());
    let length = viewed.range.end - viewed.range.start;
    let body = match opened {
        Opened::Whole(bytes) => HttpBody::Whole(bytes),
        Opened::Pieces(pieces) => HttpBody::Pieces(pieces, length),
    };
    let http = with_overrides(HttpAnswer::with_body(body), &viewed, overrides);
    Ok(Answered { shape, http })
}

/// Reads all of an object but its body.
pub(crate) async fn head_object(
    s3: &S3,
    call: &Call,
    input: HeadObjectRequest,
) -> Result<Answered<GetObjectOutput>, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let overrides = checked_overrides(call, overrides_of!(input))?;
    let viewed = reading_of!(input, false).view(s3, &bucket, key).await?;
    let shape = shown(s3, &bucket, key, &viewed, input.checksum_mode.is_some());
    Ok(Answered { shape, http: with_overrides(HttpAnswer::default(), &viewed, overrides) })
}

fn checked_overrides(call: &Call, overrides: Overrides) -> Result<Overrides, Error> {
    let is_signed = call.caller.access_key.is_some();
    if is_signed || overrides.iter().all(|(_, value)| value.is_none()) {
        return Ok(overrides);
    }
    let words = "Request specific response headers cannot be used for anonymous GET requests.";
    Err(Error::InvalidRequest(words.to_owned()))
}

fn with_overrides(http: HttpAnswer, viewed: &Viewed, overrides: Overrides) -> HttpAnswer {
    let http = if viewed.is_partial { http.with_status(206) } else { http };
    overrides
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(http, |http, (name, value)| http.with_header(name, &value))
}

fn shown(s3: &S3, bucket: &Bucket, key: &str, viewed: &Viewed, with_checksum: bool) -> GetObjectOutput {
    let (version, object) = (&viewed.version, viewed.object());
    let headers = object.headers.clone();
    let length = viewed.range.end - viewed.range.start;
    let content_range =
        || format!("bytes {}-{}/{}", viewed.range.start, viewed.range.end.saturating_sub(1), object.size);
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        expiration: s3.expiration_of(bucket, key, version),
        restore: object
            .restored_until
            .map(|until| format!("ongoing-request=\"false\", expiry-date=\"{}\"", http_date(until))),
        last_modified: Some(version.created_at),
        content_length: i64::try_from(length).ok(),
        e_tag: Some(format!("\"{}\"", object.etag)),
        version_id: (bucket.record.versioning != Versioning::Never).then(|| version.name()),
        cache_control: headers.cache_control,
        content_disposition: headers.content_disposition,
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        content_range: viewed.is_partial.then(content_range).filter(|_| object.size > 0),
        content_type: Some(headers.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned())),
        expires: headers.expires,
        website_redirect_location: object.redirect.clone(),
        metadata: Some(object.metadata.clone()),
        storage_class: Some(object.storage_class.clone()).filter(|class| class != "STANDARD"),
        parts_count: viewed.parts.map(i32::from),
        tag_count: i32::try_from(object.tags.len()).ok().filter(|count| *count > 0),
        object_lock_mode: object.lock.map(|lock| wire::lock_mode(lock.mode).to_owned()),
        object_lock_retain_until_date: object.lock.map(|lock| lock.until),
        object_lock_legal_hold_status: object.legal_hold.then(|| "ON".to_owned()),
        ..GetObjectOutput::default()
    };
    wire::show_encryption!(output, object.encryption);
    if with_checksum {
        let whole = object.checksum.as_ref().filter(|_| !viewed.is_partial);
        wire::show_checksum!(output, viewed.part_checksum.as_ref().or(whole));
    }
    output
}
