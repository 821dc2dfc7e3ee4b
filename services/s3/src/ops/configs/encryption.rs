//! How objects are encrypted that say nothing about it: kept and shown. A bucket that says nothing encrypts with
//! S3's own keys, as all have done since January 2023.

use tidegate_api_s3::{
    DeleteBucketEncryptionRequest, GetBucketEncryptionOutput, GetBucketEncryptionRequest, PutBucketEncryptionRequest,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use tidegate_protocol::Call;

use super::{document, invalid, one_of, set, unset};
use crate::error::Error;
use crate::service::S3;
use crate::store::ConfigKind;

/// `GetBucketEncryption`
pub(crate) async fn get_bucket_encryption(
    s3: &S3,
    _call: &Call,
    input: GetBucketEncryptionRequest,
) -> Result<GetBucketEncryptionOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config = bucket.config(ConfigKind::Encryption).unwrap_or_else(own_keys);
    Ok(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(config) })
}

/// `PutBucketEncryption`
pub(crate) async fn put_bucket_encryption(
    s3: &S3,
    _call: &Call,
    input: PutBucketEncryptionRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let mut config = input.server_side_encryption_configuration.ok_or(Error::MalformedXml)?;
    let [rule] = config.rules.as_deref_mut().unwrap_or_default() else { return Err(Error::MalformedXml) };
    let default = rule.apply_server_side_encryption_by_default.as_ref().ok_or(Error::MalformedXml)?;
    one_of(default.sse_algorithm.as_deref(), &["AES256", "aws:kms", "aws:kms:dsse"])?;
    if let Some(key) =
        default.kms_master_key_id.as_deref().filter(|_| default.sse_algorithm.as_deref() == Some("AES256"))
    {
        let words = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
        return Err(invalid(words, "ApplyServerSideEncryptionByDefault", key));
    }
    rule.bucket_key_enabled.get_or_insert(false);
    set(s3, &bucket, ConfigKind::Encryption, document("ServerSideEncryptionConfiguration", &config)).await
}

/// `DeleteBucketEncryption`
pub(crate) async fn delete_bucket_encryption(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketEncryptionRequest,
) -> Result<(), Error> {
    unset(s3, input.bucket.as_deref(), input.expected_bucket_owner.as_deref(), ConfigKind::Encryption).await
}

fn own_keys() -> ServerSideEncryptionConfiguration {
    let default = ServerSideEncryptionByDefault { sse_algorithm: Some("AES256".to_owned()), kms_master_key_id: None };
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(default),
        bucket_key_enabled: Some(false),
        ..ServerSideEncryptionRule::default()
    };
    ServerSideEncryptionConfiguration { rules: Some(vec![rule]) }
}
