//! What conditions may ask of a request.

use std::collections::BTreeMap;

use tidegate_protocol::{Call, Members, Need};
use tidegate_types::Timestamp;

use crate::domain::lifecycle::DAY_MS;
use crate::domain::tags_of_query;
use crate::error::Error;
use crate::service::S3;

/// Condition keys, and the input's member that says it.
const KEYS: [(&str, &str); 22] = [
    ("s3:VersionId", "VersionId"),
    ("s3:delimiter", "Delimiter"),
    ("s3:if-match", "IfMatch"),
    ("s3:if-none-match", "IfNoneMatch"),
    ("s3:max-keys", "MaxKeys"),
    ("s3:object-lock-legal-hold", "ObjectLockLegalHoldStatus"),
    ("s3:object-lock-mode", "ObjectLockMode"),
    ("s3:prefix", "Prefix"),
    ("s3:x-amz-acl", "ACL"),
    ("s3:x-amz-copy-source", "CopySource"),
    ("s3:x-amz-grant-full-control", "GrantFullControl"),
    ("s3:x-amz-grant-read", "GrantRead"),
    ("s3:x-amz-grant-read-acp", "GrantReadACP"),
    ("s3:x-amz-grant-write", "GrantWrite"),
    ("s3:x-amz-grant-write-acp", "GrantWriteACP"),
    ("s3:x-amz-metadata-directive", "MetadataDirective"),
    ("s3:x-amz-object-ownership", "ObjectOwnership"),
    ("s3:x-amz-server-side-encryption", "ServerSideEncryption"),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"),
    ("s3:x-amz-server-side-encryption-customer-algorithm", "SSECustomerAlgorithm"),
    ("s3:x-amz-storage-class", "StorageClass"),
    ("s3:x-amz-website-redirect-location", "WebsiteRedirectLocation"),
];

/// The condition keys of one request.
#[derive(Debug, Default)]
pub(super) struct Circumstances(Vec<(String, Vec<String>)>);

/// What a browser's form says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posted<'a> {
    /// Its fields.
    pub fields: &'a [(String, String)],
    /// The object's tags.
    pub tags: &'a BTreeMap<String, String>,
}

impl Circumstances {
    /// What a request says of itself.
    ///
    /// # Errors
    /// If it brings tags that are none.
    pub(super) fn of(s3: &S3, call: &Call, input: &Members) -> Result<Circumstances, Error> {
        let mut known = Circumstances::of_signature(s3, call);
        for (key, member) in KEYS {
            known.add_some(key, input.text(member));
        }
        let location = input.within("CreateBucketConfiguration", "LocationConstraint");
        known.add_some("s3:locationconstraint", location.first().map(String::as_str));
        if let Some(is_creation) = is_creation(call.operation.name) {
            known.add("s3:ObjectCreationOperation", is_creation.to_string());
        }
        if let Some(until) = header(call, "x-amz-object-lock-retain-until-date") {
            known.add_retention(s3.now(), until);
        }
        match input.text("Tagging") {
            Some(header) => known.add_tags(tags_of_query(header)?),
            None => {
                let pairs = input.pairs("Tagging").map(|(name, value)| (name.to_owned(), value.to_owned()));
                known.add_tags(pairs.collect());
            }
        }
        Ok(known)
    }

    /// How and when a request was signed, and what it says of its body.
    pub(super) fn of_signature(s3: &S3, call: &Call) -> Circumstances {
        let mut known = Circumstances::default();
        let Some(http) = call.http.as_deref() else { return known };
        known.add_some("s3:x-amz-content-sha256", http.header("x-amz-content-sha256"));
        let (kind, at) = match (http.header("authorization"), http.head.uri.query()) {
            (Some(_), _) => ("REST-HEADER", http.header("x-amz-date")),
            (None, Some(query)) if query.contains("X-Amz-Signature=") => ("REST-QUERY-STRING", dated(query)),
            _ => return known,
        };
        known.add_signature(s3.env.real_now(), kind, at);
        known
    }

    /// What a form says of itself.
    pub(super) fn of_form(s3: &S3, posted: &Posted<'_>) -> Circumstances {
        let mut known = Circumstances::default();
        known.add("s3:ObjectCreationOperation", "true");
        known.add_tags(posted.tags.clone());
        known.add_some("s3:x-amz-acl", posted.field("acl"));
        for (key, _) in KEYS {
            if let Some(name) =
                key.strip_prefix("s3:").filter(|name| name.starts_with("x-amz-") && *name != "x-amz-acl")
            {
                known.add_some(key, posted.field(name));
            }
        }
        if posted.field("x-amz-signature").is_some() {
            known.add_signature(s3.env.real_now(), "POST", posted.field("x-amz-date"));
        }
        known
    }

    /// A need under these circumstances.
    pub(super) fn describe(&self, mut need: Need) -> Need {
        need.keys.extend(self.0.iter().cloned());
        need
    }

    fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push((key.into(), vec![value.into()]));
    }

    fn add_some(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(key, value);
        }
    }

    /// The tags that a request gives an object.
    fn add_tags(&mut self, tags: BTreeMap<String, String>) {
        if tags.is_empty() {
            return;
        }
        self.0.push(("s3:RequestObjectTagKeys".to_owned(), tags.keys().cloned().collect()));
        for (name, value) in tags {
            self.add(format!("s3:RequestObjectTag/{name}"), value);
        }
    }

    fn add_signature(&mut self, now: Timestamp, kind: &str, at: Option<&str>) {
        self.add("s3:authType", kind);
        self.add("s3:signatureversion", "AWS4-HMAC-SHA256");
        if let Some(at) = at.and_then(signed_at) {
            self.add("s3:signatureAge", now.as_millis().saturating_sub(at.as_millis()).to_string());
        }
    }

    /// Until when a version is to stay, and for how many days that is.
    fn add_retention(&mut self, now: Timestamp, until: &str) {
        self.add("s3:object-lock-retain-until-date", until);
        let instant = until.parse::<jiff::Timestamp>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
        if let Some(until_ms) = instant {
            let days = until_ms.saturating_sub(now.as_millis()).div_ceil(DAY_MS);
            self.add("s3:object-lock-remaining-retention-days", days.to_string());
        }
    }
}

impl<'a> Posted<'a> {
    fn field(&self, name: &str) -> Option<&'a str> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// What more the writer needs for what the form says of the object.
    pub(super) fn said(&self) -> impl Iterator<Item = &'static str> {
        let has = |name: &str| self.field(name).is_some();
        [
            (has("acl"), "s3:PutObjectAcl"),
            (!self.tags.is_empty(), "s3:PutObjectTagging"),
            (has("x-amz-object-lock-mode"), "s3:PutObjectRetention"),
            (has("x-amz-object-lock-legal-hold"), "s3:PutObjectLegalHold"),
        ]
        .into_iter()
        .filter_map(|(is_said, action)| is_said.then_some(action))
    }
}

/// Whether a write makes an object by itself; `None` if it writes none.
fn is_creation(operation: &str) -> Option<bool> {
    match operation {
        "PutObject" | "CopyObject" | "CompleteMultipartUpload" => Some(true),
        "CreateMultipartUpload" | "UploadPart" | "UploadPartCopy" => Some(false),
        _ => None,
    }
}

fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.http.as_deref()?.header(name)
}

/// When a presigned URL was signed.
fn dated(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Date="))
}

/// `20261121T163000Z`
fn signed_at(text: &str) -> Option<Timestamp> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let instant = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp::from_millis(u64::try_from(instant.as_millisecond()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_have_an_age() {
        let at = signed_at("20261121T163000Z").unwrap();
        assert_eq!(at.as_millis(), 1_795_278_600_000);
        let mut known = Circumstances::default();
        known.add_signature(at.plus_millis(1500), "REST-HEADER", Some("20261121T163000Z"));
        assert!(known.0.contains(&("s3:signatureAge".to_owned(), vec!["1500".to_owned()])));
        assert_eq!(signed_at("yesterday"), None);
    }

    #[test]
    fn a_retention_lasts_for_days() {
        let mut known = Circumstances::default();
        known.add_retention(Timestamp::from_millis(0), "1970-01-02T00:00:01Z");
        assert!(known.0.contains(&("s3:object-lock-remaining-retention-days".to_owned(), vec!["2".to_owned()])));
    }
}
