//! What operations are called where permissions are written.

use tidegate_protocol::{Call, Members};

/// Whether an operation is about an object that must be there already: its tags, its list and its owner weigh then.
pub(super) fn reads_what_stands(operation: &str) -> bool {
    matches!(
        operation,
        "GetObject"
            | "HeadObject"
            | "GetObjectAcl"
            | "GetObjectAttributes"
            | "GetObjectLegalHold"
            | "GetObjectRetention"
            | "GetObjectTagging"
            | "PutObjectAcl"
            | "PutObjectLegalHold"
            | "PutObjectRetention"
            | "PutObjectTagging"
            | "DeleteObjectTagging"
            | "UpdateObjectEncryption"
    )
}

/// What an operation is called where permissions are written.
pub(super) fn action_of(operation: &str, is_versioned: bool) -> String {
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
pub(super) fn versioned(object: &str, what: &str, is_versioned: bool) -> String {
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
        "Abac" => "BucketABAC",
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
pub(super) fn said_with_writes(input: &Members) -> impl Iterator<Item = &'static str> {
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

/// What more the creation of a bucket needs for what it says of it ("CreateBucket": Permissions).
pub(super) fn said_of_buckets(call: &Call, input: &Members) -> impl Iterator<Item = &'static str> {
    let has = |names: &[&str]| names.iter().any(|name| input.text(name).is_some());
    let has_list = has(&["ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP"]);
    let http = call.http.as_ref();
    let locks = http.and_then(|http| http.header("x-amz-bucket-object-lock-enabled"));
    let locks = locks.is_some_and(|header| header.eq_ignore_ascii_case("true"));
    [
        (has_list, "s3:PutBucketAcl"),
        (locks, "s3:PutBucketObjectLockConfiguration"),
        (locks, "s3:PutBucketVersioning"),
        (has(&["ObjectOwnership"]), "s3:PutBucketOwnershipControls"),
        (input.pairs("CreateBucketConfiguration").next().is_some(), "s3:TagResource"),
    ]
    .into_iter()
    .filter_map(|(is_said, action)| is_said.then_some(action))
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
