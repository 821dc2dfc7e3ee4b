//! How an object is said to be encrypted, changed without its body.

use tidegate_api_s3::{
    ObjectEncryption, SSEKMSEncryption, UpdateObjectEncryptionRequest, UpdateObjectEncryptionResponse,
};
use tidegate_protocol::Call;
use tidegate_types::{AccountId, Arn};

use super::delete::check_lock;
use super::editing::Named;
use crate::error::Error;
use crate::service::S3;
use crate::store::{Encryption, ObjectRecord};

/// `UpdateObjectEncryption`. The key's name is kept; no key is asked for, as with other writes.
pub(crate) async fn update_object_encryption(
    s3: &S3,
    call: &Call,
    input: UpdateObjectEncryptionRequest,
) -> Result<UpdateObjectEncryptionResponse, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let wanted = wanted(input.object_encryption.unwrap_or_default(), bucket.record.account)?;
    let named = Named { bucket, key, version: input.version_id.as_deref() };
    let edited = named.edit(s3, call, None, |object| {
        check(object)?;
        check_lock(object, s3.now(), false).map_err(|_| locked())?;
        object.encryption = Some(wanted.clone());
        Ok(())
    });
    edited.await?;
    Ok(UpdateObjectEncryptionResponse::default())
}

/// What the object is to be encrypted with.
fn wanted(asked: ObjectEncryption, owner: AccountId) -> Result<Encryption, Error> {
    let ObjectEncryption::Ssekms(SSEKMSEncryption { kms_key_arn, bucket_key_enabled }) = asked else {
        return refused(
            "Requests that modify an object encryption configuration require a valid new encryption type. Valid values \
             are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.",
        );
    };
    let Some(text) = kms_key_arn.filter(|text| !text.is_empty()) else {
        return refused(
            "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name \
             (ARN). Modify the request to specify a KMS key ARN, and then try again.",
        );
    };
    let Some(arn) = text.parse::<Arn>().ok().filter(|arn| arn.service == "kms" && arn.resource.starts_with("key/"))
    else {
        return refused(
            "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource \
             Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.",
        );
    };
    if arn.account != Some(owner) {
        return Err(Error::Denied(
            "The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to \
             specify a KMS key from the same account, and then try again."
                .to_owned(),
        ));
    }
    let has_bucket_key = bucket_key_enabled == Some(true);
    Ok(Encryption::Service { algorithm: "aws:kms".to_owned(), key: Some(text), has_bucket_key })
}

fn check(object: &ObjectRecord) -> Result<(), Error> {
    match &object.encryption {
        Some(Encryption::Service { algorithm, .. }) if matches!(algorithm.as_str(), "AES256" | "aws:kms") => Ok(()),
        None => refused(
            "The UpdateObjectEncryption operation doesn't supported unencrypted source objects. Only source objects \
             encrypted with SSE-S3 or SSE-KMS are supported.",
        ),
        Some(_) => refused(
            "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or \
             SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
        ),
    }
}

fn locked() -> Error {
    Error::Denied(
        "The encryption type for the specified object can’t be updated because that object is protected by S3 Object \
         Lock. If the object has a governance-mode retention period or a legal hold, you must first remove the Object \
         Lock status on the object before you issue your UpdateObjectEncryption request. You can't use the \
         UpdateObjectEncryption operation with objects that have an Object Lock compliance mode retention period \
         applied to them."
            .to_owned(),
    )
}

fn refused<T>(words: &str) -> Result<T, Error> {
    Err(Error::InvalidRequest(words.to_owned()))
}
