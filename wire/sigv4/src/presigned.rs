//! Presigned URLs.

use std::time::Duration;

use tidegate_types::Timestamp;

use crate::date;
use crate::error::SignatureError;
use crate::header::{ALGORITHM, Authorization};
use crate::request::Request;

/// The longest that a presigned URL may be valid.
const MAX_VALIDITY: i64 = 7 * 24 * 60 * 60;

/// Whether the request is presigned.
pub fn is_presigned(request: &Request<'_>) -> bool {
    request.query.split('&').any(|pair| pair.starts_with("X-Amz-Signature=") || pair.starts_with("X-Amz-Algorithm="))
}

/// Whether the request is presigned in the way of Signature Version 2, which is not spoken here; nor is it by AWS
/// for buckets that were made since June 2020.
pub fn is_of_version_2(request: &Request<'_>) -> bool {
    request.query.split('&').any(|pair| pair.starts_with("AWSAccessKeyId="))
}

/// Reads the signature from the query string, and until when it is valid.
pub fn parse(request: &Request<'_>) -> Result<(Authorization, Timestamp), SignatureError> {
    let part = |name| request.parameter(name).ok_or_else(incomplete);
    if part("X-Amz-Algorithm")? != ALGORITHM {
        return Err(SignatureError::Unsupported);
    }
    let date = part("X-Amz-Date")?;
    let authorization = Authorization {
        credential: part("X-Amz-Credential")?,
        signed_headers: part("X-Amz-SignedHeaders")?,
        signature: part("X-Amz-Signature")?,
        time: date::parse_basic(&date).ok_or_else(|| {
            SignatureError::Query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".to_owned())
        })?,
        date,
    };
    let validity = validity(&part("X-Amz-Expires")?)?;
    let until = authorization.time.plus(validity);
    Ok((authorization, until))
}

fn validity(text: &str) -> Result<Duration, SignatureError> {
    let refused = |text: &str| Err(SignatureError::Query(text.to_owned()));
    match text.parse::<i64>() {
        Err(_) => refused("X-Amz-Expires should be a number"),
        Ok(..0) => refused("X-Amz-Expires must be non-negative"),
        Ok(seconds) if seconds > MAX_VALIDITY => refused(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ),
        Ok(seconds) => Ok(Duration::from_secs(seconds.unsigned_abs())),
    }
}

fn incomplete() -> SignatureError {
    SignatureError::Query(
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
         X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
            .to_owned(),
    )
}
