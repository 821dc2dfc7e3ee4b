//! A bucket's policy. `domain/policy.rs` says what may stand in one and when it is public; the gateway evaluates
//! it.

use tidegate_api_s3::{
    DeleteBucketPolicyRequest, GetBucketPolicyOutput, GetBucketPolicyRequest, GetBucketPolicyStatusOutput,
    GetBucketPolicyStatusRequest, PolicyStatus, PutBucketPolicyRequest,
};
use tidegate_policy::Document;
use tidegate_protocol::{Answered, Call, HttpAnswer};

use super::{access_block, missing, set, unset};
use crate::domain::policy::{self, is_public};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};

/// The most bytes of a policy.
const MAX_BYTES: usize = 20 * 1024;

/// `GetBucketPolicy`
pub(crate) async fn get_bucket_policy(
    s3: &S3,
    _call: &Call,
    input: GetBucketPolicyRequest,
) -> Result<GetBucketPolicyOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let policy = bucket.document(ConfigKind::Policy).ok_or_else(|| absent(&bucket))?;
    Ok(GetBucketPolicyOutput { policy: Some(policy.to_owned()) })
}

/// `GetBucketPolicyStatus`
pub(crate) async fn get_bucket_policy_status(
    s3: &S3,
    _call: &Call,
    input: GetBucketPolicyStatusRequest,
) -> Result<GetBucketPolicyStatusOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let policy = bucket.document(ConfigKind::Policy).ok_or_else(|| absent(&bucket))?;
    let status = PolicyStatus { is_public: Some(is_public(&Document::of_resource(policy, bucket.record.account))) };
    Ok(GetBucketPolicyStatusOutput { policy_status: Some(status) })
}

/// `PutBucketPolicy`
pub(crate) async fn put_bucket_policy(
    s3: &S3,
    call: &Call,
    input: PutBucketPolicyRequest,
) -> Result<Answered<()>, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let text = input.policy.unwrap_or_default();
    if text.len() > MAX_BYTES {
        let words = "The maximum allowed size of a bucket policy is 20480 bytes";
        return Err(Error::Refused { code: "PolicyTooLarge", status: 400, words: words.to_owned() });
    }
    let document = policy::read(&text, &bucket.name).map_err(|words| Error::Refused {
        code: "MalformedPolicy",
        status: 400,
        words,
    })?;
    if access_block(&bucket).block_public_policy == Some(true) && is_public(&document) {
        return Err(Error::Denied(format!(
            "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because public policies are \
             prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
            call.caller.principal_arn,
            bucket.arn(),
        )));
    }
    set(s3, &bucket, ConfigKind::Policy, text).await?;
    Ok(Answered { shape: (), http: HttpAnswer::default().with_status(204) })
}

/// `DeleteBucketPolicy`
pub(crate) async fn delete_bucket_policy(s3: &S3, _call: &Call, input: DeleteBucketPolicyRequest) -> Result<(), Error> {
    unset(s3, input.bucket.as_deref(), input.expected_bucket_owner.as_deref(), ConfigKind::Policy).await
}

fn absent(bucket: &Bucket) -> Error {
    missing(bucket, "NoSuchBucketPolicy", "The bucket policy does not exist")
}
