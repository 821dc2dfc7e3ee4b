//! Who pays for requests: kept and shown.

use tidegate_api_s3::{
    GetBucketRequestPaymentOutput, GetBucketRequestPaymentRequest, PutBucketRequestPaymentRequest,
    RequestPaymentConfiguration,
};
use tidegate_protocol::Call;

use super::{document, one_of, set};
use crate::error::Error;
use crate::service::S3;
use crate::store::ConfigKind;

/// `GetBucketRequestPayment`
pub(crate) async fn get_bucket_request_payment(
    s3: &S3,
    _call: &Call,
    input: GetBucketRequestPaymentRequest,
) -> Result<GetBucketRequestPaymentOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config: Option<RequestPaymentConfiguration> = bucket.config(ConfigKind::RequestPayment);
    let payer = config.and_then(|config| config.payer).unwrap_or_else(|| "BucketOwner".to_owned());
    Ok(GetBucketRequestPaymentOutput { payer: Some(payer) })
}

/// `PutBucketRequestPayment`
pub(crate) async fn put_bucket_request_payment(
    s3: &S3,
    _call: &Call,
    input: PutBucketRequestPaymentRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config = input.request_payment_configuration.ok_or(Error::MalformedXml)?;
    one_of(config.payer.as_deref(), &["BucketOwner", "Requester"])?;
    set(s3, &bucket, ConfigKind::RequestPayment, document("RequestPaymentConfiguration", &config)).await
}
