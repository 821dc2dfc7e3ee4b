//! Who owns the objects that others write, and whether lists of access weigh anything.

use tidegate_api_s3::{
    AccessControlPolicy, DeleteBucketOwnershipControlsRequest, GetBucketOwnershipControlsOutput,
    GetBucketOwnershipControlsRequest, OwnershipControls, PutBucketOwnershipControlsRequest,
};
use tidegate_protocol::Call;

use super::{document, found, one_of, set, unset};
use crate::domain::acl;
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};

const ENFORCED: &str = "BucketOwnerEnforced";

/// `GetBucketOwnershipControls`
pub(crate) async fn get_bucket_ownership_controls(
    s3: &S3,
    _call: &Call,
    input: GetBucketOwnershipControlsRequest,
) -> Result<GetBucketOwnershipControlsOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let (code, words) = ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found");
    let controls: OwnershipControls = found(&bucket, ConfigKind::OwnershipControls, code, words)?;
    Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(controls) })
}

/// `PutBucketOwnershipControls`
pub(crate) async fn put_bucket_ownership_controls(
    s3: &S3,
    _call: &Call,
    input: PutBucketOwnershipControlsRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let controls = input.ownership_controls.ok_or(Error::MalformedXml)?;
    let [rule] = controls.rules.as_deref().unwrap_or_default() else { return Err(Error::MalformedXml) };
    let asked = rule.object_ownership.as_deref();
    one_of(asked, &["BucketOwnerPreferred", "ObjectWriter", ENFORCED])?;
    if asked == Some(ENFORCED) && grants_to_others(&bucket) {
        let words = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting".to_owned();
        return Err(Error::Refused { code: "InvalidBucketAclWithObjectOwnership", status: 400, words });
    }
    set(s3, &bucket, ConfigKind::OwnershipControls, document("OwnershipControls", &controls)).await
}

/// `DeleteBucketOwnershipControls`
pub(crate) async fn delete_bucket_ownership_controls(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketOwnershipControlsRequest,
) -> Result<(), Error> {
    unset(s3, input.bucket.as_deref(), input.expected_bucket_owner.as_deref(), ConfigKind::OwnershipControls).await
}

fn grants_to_others(bucket: &Bucket) -> bool {
    let list: Option<AccessControlPolicy> = bucket.config(ConfigKind::Acl);
    let owner = acl::canonical_id(bucket.record.account);
    let grants = list.and_then(|list| list.grants);
    let mut grantees = grants.iter().flatten().filter_map(|grant| grant.grantee.as_ref());
    grantees.any(|grantee| grantee.id.as_ref() != Some(&owner))
}
