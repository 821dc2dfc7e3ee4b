//! Which pages of other origins may ask a bucket for what. `domain/cors.rs` answers them.

use tidegate_api_s3::{
    CORSConfiguration, CORSRule, DeleteBucketCorsRequest, GetBucketCorsOutput, GetBucketCorsRequest,
    PutBucketCorsRequest,
};
use tidegate_protocol::Call;

use super::{document, found, request, set, unset};
use crate::error::Error;
use crate::service::S3;
use crate::store::ConfigKind;

const MAX_RULES: usize = 100;

/// `GetBucketCors`
pub(crate) async fn get_bucket_cors(
    s3: &S3,
    _call: &Call,
    input: GetBucketCorsRequest,
) -> Result<GetBucketCorsOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let (code, words) = ("NoSuchCORSConfiguration", "The CORS configuration does not exist");
    let config: CORSConfiguration = found(&bucket, ConfigKind::Cors, code, words)?;
    Ok(GetBucketCorsOutput { cors_rules: config.cors_rules })
}

/// `PutBucketCors`
pub(crate) async fn put_bucket_cors(s3: &S3, _call: &Call, input: PutBucketCorsRequest) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config = input.cors_configuration.ok_or(Error::MalformedXml)?;
    let rules = config.cors_rules.as_deref().unwrap_or_default();
    if rules.is_empty() {
        return Err(Error::MalformedXml);
    }
    if rules.len() > MAX_RULES {
        return Err(request("The number of CORS rules should not exceed allowed limit of 100 rules."));
    }
    rules.iter().try_for_each(check)?;
    set(s3, &bucket, ConfigKind::Cors, document("CORSConfiguration", &config)).await
}

/// `DeleteBucketCors`
pub(crate) async fn delete_bucket_cors(s3: &S3, _call: &Call, input: DeleteBucketCorsRequest) -> Result<(), Error> {
    unset(s3, input.bucket.as_deref(), input.expected_bucket_owner.as_deref(), ConfigKind::Cors).await
}

fn check(rule: &CORSRule) -> Result<(), Error> {
    let (methods, origins) = (rule.allowed_methods.as_deref(), rule.allowed_origins.as_deref());
    let (methods, origins) = (methods.unwrap_or_default(), origins.unwrap_or_default());
    if methods.is_empty() || origins.is_empty() {
        return Err(Error::MalformedXml);
    }
    for method in methods {
        if !["GET", "PUT", "HEAD", "POST", "DELETE"].contains(&method.as_str()) {
            let words = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
            return Err(request(words));
        }
    }
    let stars = |text: &String| text.matches('*').count();
    if let Some(origin) = origins.iter().find(|origin| stars(origin) > 1) {
        return Err(request(format!("AllowedOrigin \"{origin}\" can not have more than one wildcard.")));
    }
    if let Some(header) = rule.allowed_headers.iter().flatten().find(|header| stars(header) > 1) {
        return Err(request(format!("AllowedHeader \"{header}\" can not have more than one wildcard.")));
    }
    if let Some(header) = rule.expose_headers.iter().flatten().find(|header| stars(header) > 0) {
        let words = format!(
            "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
        );
        return Err(request(words));
    }
    Ok(())
}
