//! Uploads by a browser's form: "Browser-based uploads using POST".
//!
//! The form is read as it comes: its fields, of which there may be 20 KiB, and then the file, which goes to disk.
//! What comes behind the file is left out, as S3 does. The policy is held against the fields before it, and
//! against the file's size when it has come. Where signatures count, the gateway finds out who made the form's own.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::{StreamExt, TryStreamExt};
use http::header;
use multer::{Field, Multipart};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_api_s3::{HeadBucketRequest, Tagging};
use tidegate_protocol::rest_xml::XmlReader;
use tidegate_protocol::{Answered, Call, HttpAnswer, HttpBody, HttpRequest, Pieces, ServiceError, Shape, UploadForm};
use tidegate_sigv4::{PostForm, PostPolicy};
use tidegate_types::Timestamp;

use super::content::{Announced, Received, receive};
use super::objects::{Fields, Put, Write, checked_key, shown_version, stated_md5};
use crate::domain::{Event, MAX_OBJECT_TAGS, checked_tags};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ChecksumKind, Headers};
use crate::wire;

/// The most bytes of all fields before the file.
const MAX_FIELD_BYTES: usize = 20 * 1024;

/// The fields of a form, in their order, and the file's own name and type.
#[derive(Debug, Default)]
struct Form {
    fields: Vec<(String, String)>,
    file_name: String,
}

/// Writes the object that a browser's form describes.
pub(crate) async fn post_object(s3: &S3, call: &Call, input: HeadBucketRequest) -> Result<Answered<()>, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), None)?;
    let http = call.http.as_deref().ok_or(Error::MalformedXml)?;
    let (form, file) = read(http).await?;
    let key = form.required("key")?.replace("${filename}", &form.file_name);
    let key = checked_key(Some(&key))?;
    if key.is_empty() {
        return Err(Error::InvalidArgument {
            words: "User key must have a length greater than 0.".to_owned(),
            name: "key".to_owned(),
            value: String::new(),
        });
    }
    let call = &form.signed(call, http, &bucket, key)?;
    let draft = form.object_fields()?.check(call, &bucket, s3.now());
    let tags = draft.as_ref().map(|draft| draft.tags.clone()).unwrap_or_default();
    wire::may_post(s3, call, &bucket, key, &wire::Posted { fields: &form.fields, tags: &tags })?;
    form.check_policy(s3, &bucket, key, None)?;
    let draft = draft?;
    let received = receive(s3, None, Some(file), form.announced()?).await?;
    if let Err(error) = form.check_policy(s3, &bucket, key, Some(received.size)) {
        s3.remove_files(received.files()).await;
        return Err(error);
    }
    write(s3, call, &bucket, key, &form, &draft, received).await
}

async fn write(
    s3: &S3,
    call: &Call,
    bucket: &Bucket,
    key: &str,
    form: &Form,
    draft: &super::objects::Draft,
    received: Received,
) -> Result<Answered<()>, Error> {
    let etag = format!("\"{}\"", hex::encode(received.md5));
    let put = Put { s3, call, bucket, key, event: Event::Post, write: Write::default() };
    let version = put.received(draft, received).await?;
    let location = wire::location(&call.base_url, &bucket.name, key);
    let mut answer = form.answer(bucket, key, &etag, &location);
    answer = answer.with_header(header::ETAG, &etag);
    if let Some(version) = shown_version(bucket, &version) {
        answer = answer.with_header(http::HeaderName::from_static("x-amz-version-id"), &version);
    }
    if let Some(expiration) = s3.expiration_of(bucket, key, &version) {
        answer = answer.with_header(http::HeaderName::from_static("x-amz-expiration"), &expiration);
    }
    Ok(Answered { shape: (), http: answer })
}

/// Reads a form up to its file.
async fn read(http: &HttpRequest) -> Result<(Form, Pieces), Error> {
    let boundary = http.header("content-type").and_then(|kind| multer::parse_boundary(kind).ok());
    let boundary =
        boundary.ok_or(Error::Precondition("Bucket POST must be of the enclosure-type multipart/form-data"))?;
    let mut parts = Multipart::new(http.take_body().ok_or_else(malformed)?, boundary);
    let (mut form, mut bytes) = (Form::default(), 0);
    while let Some(mut field) = parts.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name.eq_ignore_ascii_case("file") {
            form.file_name = file_name(&field);
            let pieces = field.map_err(|error| ServiceError::from(unreadable(error)));
            return Ok((form, pieces.boxed()));
        }
        let mut value = Vec::new();
        bytes += name.len();
        while let Some(piece) = field.chunk().await.map_err(unreadable)? {
            bytes += piece.len();
            if bytes > MAX_FIELD_BYTES {
                return Err(Error::Refused {
                    code: "MaxPostPreDataLengthExceededError",
                    status: 400,
                    words: "Your POST request fields preceding the upload file were too large.".to_owned(),
                });
            }
            value.extend_from_slice(&piece);
        }
        form.fields.push((name, String::from_utf8(value).map_err(|_| malformed())?));
    }
    Err(Error::InvalidArgument {
        words: "POST requires exactly one file upload per request.".to_owned(),
        name: "file".to_owned(),
        value: "0".to_owned(),
    })
}

/// The name of a file without the folders that some browsers put before it.
fn file_name(field: &Field<'_>) -> String {
    let name = field.file_name().unwrap_or_default();
    name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

fn malformed() -> Error {
    Error::Refused {
        code: "MalformedPOSTRequest",
        status: 400,
        words: "The body of your POST request is not well-formed multipart/form-data.".to_owned(),
    }
}

/// What the connection said, or that it is no form.
fn unreadable(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<ServiceError>() {
            Ok(error) => Error::Body(error),
            Err(_) => malformed(),
        },
        _ => malformed(),
    }
}

impl Form {
    fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.field(name).map(str::to_owned)
    }

    fn required(&self, name: &str) -> Result<&str, Error> {
        self.field(name).ok_or_else(|| Error::InvalidArgument {
            words: format!(
                "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the \
                 fields."
            ),
            name: name.to_owned(),
            value: String::new(),
        })
    }

    /// What the form says of the object.
    fn object_fields(&self) -> Result<Fields, Error> {
        let metadata = self.fields.iter().filter_map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            Some((name.strip_prefix("x-amz-meta-")?.to_owned(), value.clone()))
        });
        Ok(Fields {
            acl: self.owned("acl"),
            headers: Headers {
                content_type: self.owned("content-type"),
                cache_control: self.owned("cache-control"),
                content_disposition: self.owned("content-disposition"),
                content_encoding: self.owned("content-encoding"),
                content_language: self.owned("content-language"),
                expires: self.owned("expires"),
            },
            metadata: Some(metadata.collect::<BTreeMap<_, _>>()),
            storage_class: self.owned("x-amz-storage-class"),
            redirect: self.owned("x-amz-website-redirect-location"),
            tagging: self.field("tagging").map(tags_as_query).transpose()?,
            encryption: self.owned("x-amz-server-side-encryption"),
            kms_key: self.owned("x-amz-server-side-encryption-aws-kms-key-id"),
            lock_mode: self.owned("x-amz-object-lock-mode"),
            lock_until: self.field("x-amz-object-lock-retain-until-date").and_then(timestamp),
            legal_hold: self.owned("x-amz-object-lock-legal-hold"),
            ..Fields::default()
        })
    }

    /// What the form says of the file.
    fn announced(&self) -> Result<Announced, Error> {
        let md5 = self.field("content-md5").map(stated_md5).transpose()?;
        let stated = ChecksumKind::ALL.into_iter().find_map(|kind| Some((kind, self.field(kind.header())?)));
        let checksum = match stated {
            Some((kind, text)) => {
                let invalid = || Error::InvalidRequest(format!("Value for {} header is invalid.", kind.header()));
                (kind, Some(kind.parse(text).ok_or_else(invalid)?))
            }
            None => (ChecksumKind::DEFAULT, None),
        };
        Ok(Announced { length: None, md5, checksum: Some(checksum) })
    }

    /// The call as one of whoever signed the form, where signatures are checked. A form that nobody signed is
    /// nobody's.
    fn signed(&self, call: &Call, http: &HttpRequest, bucket: &Bucket, key: &str) -> Result<Call, Error> {
        let is_signed = ["policy", "x-amz-signature", "signature"].iter().any(|name| self.field(name).is_some());
        let Some(signers) = http.form_signers().filter(|_| is_signed) else { return Ok(call.clone()) };
        let fields = self.fields_with(key);
        let signer = signers.signer(&UploadForm { bucket: &bucket.name, fields: &fields });
        let (account, caller) = signer.map_err(Error::from)?;
        Ok(Call { account, caller, ..call.clone() })
    }

    /// The fields, with the key as it is in the end: that is what a policy speaks of.
    fn fields_with(&self, key: &str) -> Vec<(String, String)> {
        let mut fields = self.fields.clone();
        for (name, value) in &mut fields {
            if name.eq_ignore_ascii_case("key") {
                key.clone_into(value);
            }
        }
        fields
    }

    /// Whether the form keeps to the policy that it brings, as far as is known by now.
    fn check_policy(&self, s3: &S3, bucket: &Bucket, key: &str, size: Option<u64>) -> Result<(), Error> {
        let Some(policy) = self.field("policy") else {
            // Without one a bucket must let everybody write; a guard has decided that.
            return Ok(());
        };
        let refused = |error: tidegate_sigv4::PolicyError| Error::from(error.to_service_error());
        let invalid = tidegate_sigv4::PolicyError::Invalid("Invalid Policy: Invalid Base64.");
        let document = BASE64.decode(policy).map_err(|_| refused(invalid))?;
        let fields = self.fields_with(key);
        let form = PostForm { bucket: &bucket.name, fields: &fields, content_length: size };
        PostPolicy::parse(&document).and_then(|policy| policy.check(&form, s3.env.real_now())).map_err(refused)
    }

    /// The answer that the form asks for.
    fn answer(&self, bucket: &Bucket, key: &str, etag: &str, location: &str) -> HttpAnswer {
        let redirect = self.field("success_action_redirect").or_else(|| self.field("redirect"));
        if let Some(target) = redirect.filter(|target| target.contains("://")) {
            let separator = if target.contains('?') { '&' } else { '?' };
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let (name, key, etag) = (encoded(&bucket.name), encoded(key), encoded(etag));
            let target = format!("{target}{separator}bucket={name}&key={key}&etag={etag}");
            return HttpAnswer::default().with_status(303).with_header(header::LOCATION, &target);
        }
        match self.field("success_action_status") {
            Some("201") => {
                let text = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{}</Location>\
                     <Bucket>{}</Bucket><Key>{}</Key><ETag>{}</ETag></PostResponse>",
                    escaped(location),
                    escaped(&bucket.name),
                    escaped(key),
                    escaped(etag),
                );
                HttpAnswer::with_body(HttpBody::Whole(text.into()))
                    .with_status(201)
                    .with_header(header::CONTENT_TYPE, "application/xml")
                    .with_header(header::LOCATION, location)
            }
            Some("200") => HttpAnswer::default().with_status(200).with_header(header::LOCATION, location),
            _ => HttpAnswer::default().with_status(204).with_header(header::LOCATION, location),
        }
    }
}

fn timestamp(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(u64::try_from(instant.as_millisecond()).ok()?))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

/// A form brings its tags as XML.
fn tags_as_query(document: &str) -> Result<String, Error> {
    let read = XmlReader::new(document.as_bytes()).and_then(|mut reader| Tagging::read(&mut reader));
    let tags = read.map_err(|_| Error::MalformedXml)?.tag_set.into_iter().flatten();
    let pairs = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    let checked = checked_tags(pairs, MAX_OBJECT_TAGS)?;
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = checked.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
    Ok(pairs.collect::<Vec<_>>().join("&"))
}
