//! Which permissions each operation needs: the action, the bucket or the object, and what conditions may be
//! about. As "Actions, resources, and condition keys for Amazon S3" of the Service Authorization Reference has
//! it.
//!
//! ARNs of buckets name no account, so a need says by `aws:ResourceAccount` whose the bucket is.

use tidegate_api_s3::DeleteObjectsRequest;
use tidegate_protocol::{Access, Call, Coverage, Members, Need, Needs, needs, needs_by_name};

use super::COVERAGE;
use crate::domain::tags_of_query;
use crate::error::Error;
use crate::service::S3;

const DELETE_MANY: &str = "DeleteObjects";

/// What conditions may ask of a request, and the input's member that says it.
const KEYS: [(&str, &str); 18] = [
    ("s3:VersionId", "VersionId"),
    ("s3:delimiter", "Delimiter"),
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
    ("s3:x-amz-storage-class", "StorageClass"),
];

/// Every operation and what it needs.
pub(crate) fn accesses() -> impl Iterator<Item = (&'static str, Access<S3>)> {
    let served = COVERAGE.iter().filter(|(_, coverage)| *coverage != Coverage::NotImplemented);
    served.map(|(name, _)| {
        let access = if *name == DELETE_MANY { needs(needs_of_deletions) } else { needs_by_name(needs_of) };
        (*name, access)
    })
}

fn needs_of(s3: &S3, call: &Call, input: &Members) -> Result<Needs, Error> {
    let operation = call.operation.name;
    let action = match operation {
        // Browsers ask before they sign. A form asks its guard once it is known who signed it.
        "OptionsBucket" | "OptionsObject" | "PostObject" => return Ok(Needs::Nothing),
        "ListBuckets" => return Ok(Need::anywhere("s3:ListAllMyBuckets").into()),
        _ => action_of(operation, input.text("VersionId").is_some()),
    };
    let bucket = input.text("Bucket").unwrap_or_default();
    let key = input.text("Key");
    let about = |action: String| described(need(s3, action, bucket, key), input);
    let mut all = vec![about(action)];
    if operation == "GetObjectAttributes" {
        all.push(about(versioned("s3:GetObject", "Attributes", input.text("VersionId").is_some())));
    }
    let writes = matches!(operation, "PutObject" | "CreateMultipartUpload" | "CopyObject");
    if writes {
        all.extend(said_with_writes(input).map(|action| about(action.to_owned())));
        let tags = input.text("Tagging").map(tags_of_query).transpose()?.unwrap_or_default();
        let names = tags.keys().cloned().collect();
        for need in &mut all {
            let tagged = need.clone().with_all("s3:RequestObjectTagKeys", Clone::clone(&names));
            let with = |need: Need, (name, value): (&String, &String)| {
                need.with(format!("s3:RequestObjectTag/{name}"), value.as_str())
            };
            *need = tags.iter().fold(tagged, with);
        }
    }
    if let Some(source) = input.text("CopySource") {
        all.extend(need_of_source(s3, source));
    }
    if bypasses_governance(call) {
        all.push(about("s3:BypassGovernanceRetention".to_owned()));
    }
    Ok(Needs::All(all))
}

/// IAM knows no action for many deletions: it needs what each of them does.
fn needs_of_deletions(s3: &S3, call: &Call, input: &DeleteObjectsRequest) -> Result<Needs, Error> {
    let bucket = input.bucket.as_deref().unwrap_or_default();
    let objects = input.delete.iter().flat_map(|delete| delete.objects.iter().flatten());
    let mut all = Vec::new();
    for object in objects {
        let key = object.key.as_deref();
        let action = versioned("s3:DeleteObject", "", object.version_id.is_some());
        all.push(need(s3, action, bucket, key).with_some("s3:VersionId", object.version_id.as_deref()));
        if bypasses_governance(call) {
            all.push(need(s3, "s3:BypassGovernanceRetention".to_owned(), bucket, key));
        }
    }
    Ok(Needs::All(all))
}

fn bypasses_governance(call: &Call) -> bool {
    let header = call.http.as_ref().and_then(|http| http.header("x-amz-bypass-governance-retention"));
    header.is_some_and(|header| header.eq_ignore_ascii_case("true"))
}

/// What an operation is called where permissions are written.
fn action_of(operation: &str, is_versioned: bool) -> String {
    let fixed = match operation {
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "ListBucket",
        "ListObjectVersions" => "ListBucketVersions",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        "ListParts" => "ListMultipartUploadParts",
        "PutObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload"
        | "CopyObject" => "PutObject",
        "GetObject" | "HeadObject" | "GetObjectAttributes" => return versioned("s3:GetObject", "", is_versioned),
        "DeleteObject" => return versioned("s3:DeleteObject", "", is_versioned),
        "GetObjectTagging" | "GetObjectAcl" => return versioned("s3:GetObject", &operation[9..], is_versioned),
        "PutObjectTagging" | "PutObjectAcl" => return versioned("s3:PutObject", &operation[9..], is_versioned),
        "DeleteObjectTagging" => return versioned("s3:DeleteObject", "Tagging", is_versioned),
        "GetObjectLockConfiguration" => "GetBucketObjectLockConfiguration",
        "PutObjectLockConfiguration" => "PutBucketObjectLockConfiguration",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => "PutBucketPublicAccessBlock",
        "DeleteBucket" | "DeleteBucketPolicy" | "DeleteBucketWebsite" => operation,
        _ => return of_configuration(operation),
    };
    format!("s3:{fixed}")
}

/// `GetObject` and `Tagging` are `GetObjectVersionTagging` if the request names a version.
fn versioned(object: &str, what: &str, is_versioned: bool) -> String {
    format!("{object}{}{what}", if is_versioned { "Version" } else { "" })
}

/// To delete a configuration is to put none; to list configurations is to get each.
fn of_configuration(operation: &str) -> String {
    let Some((verb, what)) = operation.split_once("Bucket") else { return format!("s3:{operation}") };
    let verb = match verb {
        "Delete" => "Put",
        "List" => "Get",
        verb => verb,
    };
    let what = match what.strip_suffix('s').filter(|what| what.ends_with("Configuration")).unwrap_or(what) {
        "Cors" => "BucketCORS",
        "Encryption" => "EncryptionConfiguration",
        "Lifecycle" => "LifecycleConfiguration",
        "NotificationConfiguration" => "BucketNotification",
        "Replication" => "ReplicationConfiguration",
        what if what.ends_with("Configuration") => what,
        what => return format!("s3:{verb}Bucket{what}"),
    };
    format!("s3:{verb}{what}")
}

/// What more a write needs for what it says of the object.
fn said_with_writes(input: &Members) -> impl Iterator<Item = &'static str> {
    let has = |names: &[&str]| names.iter().any(|name| input.text(name).is_some());
    let has_list = has(&["ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"]);
    [
        (has_list, "s3:PutObjectAcl"),
        (has(&["Tagging"]), "s3:PutObjectTagging"),
        (has(&["ObjectLockMode", "ObjectLockRetainUntilDate"]), "s3:PutObjectRetention"),
        (has(&["ObjectLockLegalHoldStatus"]), "s3:PutObjectLegalHold"),
    ]
    .into_iter()
    .filter_map(|(is_said, action)| is_said.then_some(action))
}

/// What a copy needs for what it copies. A source that names nothing fails the operation itself.
fn need_of_source(s3: &S3, source: &str) -> Option<Need> {
    let (path, version) = source.split_once("?versionId=").map_or((source, None), |(path, id)| (path, Some(id)));
    let path = path.replace('+', " ");
    let path = percent_encoding::percent_decode_str(&path).decode_utf8().ok()?;
    let path = path.strip_prefix("arn:aws:s3:::").unwrap_or(&path);
    let (bucket, key) = path.trim_start_matches('/').split_once('/')?;
    let need = need(s3, versioned("s3:GetObject", "", version.is_some()), bucket, Some(key));
    Some(need.with_some("s3:VersionId", version))
}

/// A need on a bucket or an object.
fn need(s3: &S3, action: String, bucket: &str, key: Option<&str>) -> Need {
    let object = key.map(|key| format!("/{key}")).unwrap_or_default();
    let need = Need::new(action, format!("arn:aws:s3:::{bucket}{object}"));
    match s3.directory.get(bucket) {
        Ok(Some(found)) => {
            let owner = found.record.account.to_string();
            need.with("aws:ResourceAccount", owner.as_str()).with("s3:ResourceAccount", owner)
        }
        // Whoever may do it learns that there is no such bucket, or that it cannot be read.
        Ok(None) | Err(_) => need,
    }
}

fn described(need: Need, input: &Members) -> Need {
    KEYS.iter().fold(need, |need, (key, member)| need.with_some(*key, input.text(member)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_called_as_policies_write_them() {
        let cases = [
            ("ListObjectsV2", false, "s3:ListBucket"),
            ("HeadObject", true, "s3:GetObjectVersion"),
            ("PutObjectAcl", true, "s3:PutObjectVersionAcl"),
            ("GetObjectTagging", false, "s3:GetObjectTagging"),
            ("GetObjectRetention", true, "s3:GetObjectRetention"),
            ("DeleteBucketCors", false, "s3:PutBucketCORS"),
            ("GetBucketEncryption", false, "s3:GetEncryptionConfiguration"),
            ("DeleteBucketLifecycle", false, "s3:PutLifecycleConfiguration"),
            ("GetBucketLifecycleConfiguration", false, "s3:GetLifecycleConfiguration"),
            ("ListBucketInventoryConfigurations", false, "s3:GetInventoryConfiguration"),
            ("GetBucketAccelerateConfiguration", false, "s3:GetAccelerateConfiguration"),
            ("PutBucketNotificationConfiguration", false, "s3:PutBucketNotification"),
            ("DeleteBucketPolicy", false, "s3:DeleteBucketPolicy"),
            ("GetBucketAcl", false, "s3:GetBucketAcl"),
            ("DeletePublicAccessBlock", false, "s3:PutBucketPublicAccessBlock"),
            ("CreateBucket", false, "s3:CreateBucket"),
            ("GetBucketVersioning", false, "s3:GetBucketVersioning"),
        ];
        for (operation, is_versioned, expected) in cases {
            assert_eq!(action_of(operation, is_versioned), expected, "{operation}");
        }
    }
}
