//! What a writer says of an object beside its body: the same for one request, for a copy, for parts and for a
//! form.

use std::collections::BTreeMap;

use tidegate_api_s3::ServerSideEncryptionConfiguration;
use tidegate_protocol::Call;
use tidegate_types::{AccountId, Timestamp};

use crate::domain::{self, StorageClass};
use crate::error::Error;
use crate::ops::acl_headers::acl_of_headers;
use crate::ops::configs::{check_list, ownership};
use crate::store::{Bucket, ConfigKind, Content, Encryption, Etag, Headers, Lock, LockMode, LockPeriod, ObjectRecord};

/// The most bytes of metadata, names and values.
const MAX_METADATA_BYTES: usize = 2048;

/// As a request says it.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "they are called as in the requests")]
pub(crate) struct Fields {
    pub acl: Option<String>,
    pub grant_full_control: Option<String>,
    pub grant_read: Option<String>,
    pub grant_read_acp: Option<String>,
    pub grant_write_acp: Option<String>,
    pub headers: Headers,
    pub metadata: Option<BTreeMap<String, String>>,
    pub storage_class: Option<String>,
    pub redirect: Option<String>,
    pub tagging: Option<String>,
    pub encryption: Option<String>,
    pub kms_key: Option<String>,
    pub bucket_key: Option<bool>,
    pub customer_algorithm: Option<String>,
    pub customer_key_md5: Option<String>,
    pub lock_mode: Option<String>,
    pub lock_until: Option<Timestamp>,
    pub legal_hold: Option<String>,
}

/// Takes the fields that requests that write objects have in common.
macro_rules! draft_of {
    ($input:expr) => {
        $crate::ops::objects::Fields {
            acl: $input.acl.clone(),
            grant_full_control: $input.grant_full_control.clone(),
            grant_read: $input.grant_read.clone(),
            grant_read_acp: $input.grant_read_acp.clone(),
            grant_write_acp: $input.grant_write_acp.clone(),
            headers: $crate::store::Headers {
                content_type: $input.content_type.clone(),
                cache_control: $input.cache_control.clone(),
                content_disposition: $input.content_disposition.clone(),
                content_encoding: $input.content_encoding.clone(),
                content_language: $input.content_language.clone(),
                expires: $input.expires.clone(),
            },
            metadata: $input.metadata.clone(),
            storage_class: $input.storage_class.clone(),
            redirect: $input.website_redirect_location.clone(),
            tagging: $input.tagging.clone(),
            encryption: $input.server_side_encryption.clone(),
            kms_key: $input.ssekms_key_id.clone(),
            bucket_key: $input.bucket_key_enabled,
            customer_algorithm: $input.sse_customer_algorithm.clone(),
            customer_key_md5: $input.sse_customer_key_md5.clone(),
            lock_mode: $input.object_lock_mode.clone(),
            lock_until: $input.object_lock_retain_until_date,
            legal_hold: $input.object_lock_legal_hold_status.clone(),
        }
    };
}
pub(crate) use draft_of;

/// What an object will be, checked; its body aside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are called as in the record")]
pub(crate) struct Draft {
    pub owner: AccountId,
    pub storage_class: String,
    pub headers: Headers,
    pub metadata: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub acl: Option<String>,
    pub lock: Option<Lock>,
    pub legal_hold: bool,
    pub encryption: Option<Encryption>,
    pub redirect: Option<String>,
}

impl Fields {
    /// Checks them, and adds what the bucket says of objects that say nothing.
    ///
    /// # Errors
    /// What S3 says of the first that is wrong.
    pub(crate) fn check(self, call: &Call, bucket: &Bucket, now: Timestamp) -> Result<Draft, Error> {
        let metadata = checked_metadata(self.metadata.unwrap_or_default())?;
        let storage_class = self.storage_class.unwrap_or_else(|| StorageClass::STANDARD.to_owned());
        if !StorageClass::can_be_written(&storage_class) {
            return Err(refused("InvalidStorageClass", "The storage class you specified is not valid"));
        }
        let tags = self.tagging.as_deref().map(domain::tags_of_query).transpose()?.unwrap_or_default();
        let acl = acl_of_headers(
            call,
            bucket.record.account,
            self.acl.as_deref(),
            &[
                ("FULL_CONTROL", self.grant_full_control.as_deref()),
                ("READ", self.grant_read.as_deref()),
                ("READ_ACP", self.grant_read_acp.as_deref()),
                ("WRITE_ACP", self.grant_write_acp.as_deref()),
            ],
        )?;
        check_list(bucket, acl.as_deref())?;
        let (owner, acl) = owned(call, bucket, self.acl.as_deref(), acl);
        let lock = lock_of(bucket, self.lock_mode.as_deref(), self.lock_until, now)?;
        let legal_hold = legal_hold_of(bucket, self.legal_hold.as_deref())?;
        let customer = self.customer_algorithm.zip(self.customer_key_md5);
        let encryption = Some(encryption_of(bucket, self.encryption, self.kms_key, self.bucket_key, customer)?);
        if let Some(target) = &self.redirect
            && !(target.starts_with('/') || target.starts_with("http://") || target.starts_with("https://"))
        {
            let words = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
            return Err(refused("InvalidRedirectLocation", words));
        }
        Ok(Draft {
            owner,
            storage_class,
            headers: stored_headers(self.headers),
            metadata,
            tags,
            acl,
            lock,
            legal_hold,
            encryption,
            redirect: self.redirect,
        })
    }
}

impl Draft {
    /// The object, with this body.
    pub(crate) fn object(
        &self,
        content: Content,
        size: u64,
        etag: Etag,
        checksum: Option<crate::store::Checksum>,
    ) -> ObjectRecord {
        let draft = self.clone();
        ObjectRecord {
            owner: draft.owner,
            content,
            size,
            etag,
            checksum,
            storage_class: draft.storage_class,
            headers: draft.headers,
            metadata: draft.metadata,
            tags: draft.tags,
            acl: draft.acl,
            lock: draft.lock,
            legal_hold: draft.legal_hold,
            encryption: draft.encryption,
            redirect: draft.redirect,
            restored_until: None,
        }
    }
}

fn refused(code: &'static str, words: &str) -> Error {
    Error::Refused { code, status: 400, words: words.to_owned() }
}

/// How a body was packed for its journey is nobody's business who reads it.
fn stored_headers(mut headers: Headers) -> Headers {
    if let Some(encoding) = headers.content_encoding.take() {
        let kept: Vec<&str> =
            encoding.split(',').map(str::trim).filter(|name| !name.eq_ignore_ascii_case("aws-chunked")).collect();
        headers.content_encoding = Some(kept.join(",")).filter(|kept| !kept.is_empty());
    }
    headers
}

fn checked_metadata(metadata: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES {
        let words = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(refused("MetadataTooLarge", words));
    }
    Ok(metadata.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

fn lock_of(
    bucket: &Bucket,
    mode: Option<&str>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Lock>, Error> {
    let (mode, until) = match (mode, until) {
        (None, None) => return Ok(default_lock(bucket, now)),
        (Some(mode), Some(until)) => (mode, until),
        (mode, _) => {
            let words =
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied".to_owned();
            let missing = if mode.is_some() { "retain-until-date" } else { "mode" };
            let name = format!("x-amz-object-lock-{missing}");
            return Err(Error::InvalidArgument { words, name, value: String::new() });
        }
    };
    needs_lock(bucket)?;
    let mode = lock_mode(mode)?;
    if until <= now {
        let words = "The retain until date must be in the future!".to_owned();
        let name = "x-amz-object-lock-retain-until-date".to_owned();
        return Err(Error::InvalidArgument { words, name, value: iso_date(until) });
    }
    Ok(Some(Lock { mode, until }))
}

/// Whose the object will be, and its list: its writer's, unless the bucket's owner is to own everything, or is
/// preferred and given everything. What nobody signed is the bucket's owner's too: who should it belong to?
fn owned(call: &Call, bucket: &Bucket, canned: Option<&str>, acl: Option<String>) -> (AccountId, Option<String>) {
    let is_given = canned == Some("bucket-owner-full-control");
    let owner = bucket.record.account;
    match ownership(bucket).as_deref() {
        Some("BucketOwnerPreferred") if is_given => (owner, None),
        Some("BucketOwnerEnforced") => (owner, acl),
        _ if call.caller.permissions.guard().is_some() && call.caller.access_key.is_none() => (owner, acl),
        _ => (call.account, acl),
    }
}

/// A time as requests write it.
fn iso_date(time: Timestamp) -> String {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |time| time.to_string())
}

/// The mode of a lock by its name.
pub(crate) fn lock_mode(name: &str) -> Result<LockMode, Error> {
    match name {
        "GOVERNANCE" => Ok(LockMode::Governance),
        "COMPLIANCE" => Ok(LockMode::Compliance),
        other => Err(Error::InvalidArgument {
            words: "Unknown wormMode directive.".to_owned(),
            name: "x-amz-object-lock-mode".to_owned(),
            value: other.to_owned(),
        }),
    }
}

fn legal_hold_of(bucket: &Bucket, legal_hold: Option<&str>) -> Result<bool, Error> {
    match legal_hold {
        None => Ok(false),
        Some(word @ ("ON" | "OFF")) => needs_lock(bucket).map(|()| word == "ON"),
        Some(other) => Err(Error::InvalidArgument {
            words: "Legal Hold must be either of 'ON' or 'OFF'".to_owned(),
            name: "x-amz-object-lock-legal-hold".to_owned(),
            value: other.to_owned(),
        }),
    }
}

/// Locks are only for buckets that were made for them.
pub(crate) fn needs_lock(bucket: &Bucket) -> Result<(), Error> {
    if bucket.record.has_lock {
        Ok(())
    } else {
        Err(Error::InvalidRequest("Bucket is missing Object Lock Configuration".to_owned()))
    }
}

fn default_lock(bucket: &Bucket, now: Timestamp) -> Option<Lock> {
    const DAY_MS: u64 = 86_400_000;
    let lock = bucket.record.default_lock?;
    let days = match lock.period {
        LockPeriod::Days(days) => u64::from(days),
        LockPeriod::Years(years) => u64::from(years) * 365,
    };
    Some(Lock { mode: lock.mode, until: now.plus_millis(days * DAY_MS) })
}

fn encryption_of(
    bucket: &Bucket,
    algorithm: Option<String>,
    key: Option<String>,
    has_bucket_key: Option<bool>,
    customer: Option<(String, String)>,
) -> Result<Encryption, Error> {
    if let Some((algorithm, key_md5)) = customer {
        if algorithm != "AES256" {
            let words = "The encryption request you specified is not valid. Supported value: AES256.";
            return Err(refused("InvalidEncryptionAlgorithmError", words));
        }
        return Ok(Encryption::Customer { key_md5 });
    }
    match algorithm {
        Some(algorithm) if algorithm == "AES256" && key.is_some() => Err(Error::InvalidArgument {
            words: "Server Side Encryption with AWS KMS managed key requires HTTP header \
                    x-amz-server-side-encryption : aws:kms"
                .to_owned(),
            name: "x-amz-server-side-encryption".to_owned(),
            value: algorithm,
        }),
        Some(algorithm) if matches!(algorithm.as_str(), "AES256" | "aws:kms" | "aws:kms:dsse") => {
            Ok(Encryption::Service { algorithm, key, has_bucket_key: has_bucket_key == Some(true) })
        }
        Some(other) => Err(Error::InvalidArgument {
            words: "The encryption method specified is not supported".to_owned(),
            name: "x-amz-server-side-encryption".to_owned(),
            value: other,
        }),
        None => Ok(default_encryption(bucket)),
    }
}

/// What a bucket's configuration says of objects that say nothing; S3's own keys otherwise.
fn default_encryption(bucket: &Bucket) -> Encryption {
    let configured: Option<ServerSideEncryptionConfiguration> = bucket.config(ConfigKind::Encryption);
    let rule = configured.and_then(|configured| configured.rules?.into_iter().next());
    let has_bucket_key = rule.as_ref().and_then(|rule| rule.bucket_key_enabled) == Some(true);
    let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
    let (algorithm, key) = match default.map(|default| (default.sse_algorithm, default.kms_master_key_id)) {
        Some((Some(algorithm), key)) => (algorithm, key),
        _ => ("AES256".to_owned(), None),
    };
    Encryption::Service { algorithm, key, has_bucket_key }
}
