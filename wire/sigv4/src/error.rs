use tidegate_protocol::{ErrorShape, Fault, ServiceError, errors};

use crate::request::Style;

/// Why a request is not accepted as its caller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It carries no credentials at all.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// It carries credentials of a kind that is not spoken here.
    #[error("Unsupported authorization type")]
    Unsupported,
    /// The `Authorization` header lacks a part or has a broken one.
    #[error("{0}")]
    Incomplete(String),
    /// The presigned URL lacks a parameter or has a broken one.
    #[error("{0}")]
    Query(String),
    /// The credential's scope is not the request's.
    #[error("{0}")]
    Scope(String),
    /// There is no such access key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The key was temporary, and its time is over.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The signature is too old or from the future.
    #[error("{0}")]
    Skewed(String),
    /// The presigned URL's or form's time is over.
    #[error("Request has expired")]
    Expired,
    /// The signature is another one than the request's.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch {
        /// What the client should have hashed, for its author's eyes.
        canonical: String,
        /// What it should have signed.
        to_sign: String,
    },
    /// The body's hash is another one than the stated.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    BodyMismatch,
    /// S3 wants the body's hash stated.
    #[error("Missing required header for this request: x-amz-content-sha256")]
    NoBodyHash,
    /// A header that must be signed is not.
    #[error("There were headers present in the request which were not signed")]
    Unsigned(String),
}

const fn s3(code: &'static str, status: u16) -> ErrorShape {
    ErrorShape::new(code, status, Fault::Sender)
}

impl SignatureError {
    /// The error in the words of the service's protocol.
    pub fn to_service_error(&self, style: Style) -> ServiceError {
        match style {
            Style::Standard => ServiceError::new(self.standard(), self.message()),
            Style::S3 => ServiceError::new(self.s3(), self.s3_message()),
        }
    }

    fn standard(&self) -> ErrorShape {
        match self {
            SignatureError::Missing => errors::MISSING_AUTHENTICATION_TOKEN,
            SignatureError::Unsupported | SignatureError::Incomplete(_) | SignatureError::Query(_) => {
                errors::INCOMPLETE_SIGNATURE
            }
            SignatureError::UnknownKey => errors::UNRECOGNIZED_CLIENT,
            SignatureError::ExpiredToken => errors::EXPIRED_TOKEN,
            SignatureError::Expired => errors::REQUEST_EXPIRED,
            SignatureError::Scope(_)
            | SignatureError::Skewed(_)
            | SignatureError::Mismatch { .. }
            | SignatureError::BodyMismatch
            | SignatureError::NoBodyHash
            | SignatureError::Unsigned(_) => errors::INVALID_SIGNATURE,
        }
    }

    /// With the canonical request and the string to sign, which AWS prints too: without them nobody
    /// finds a slip in a signer.
    fn message(&self) -> String {
        match self {
            SignatureError::Mismatch { canonical, to_sign } => format!(
                "{self}\n\nThe Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign \
                 should have been\n'{to_sign}'\n"
            ),
            SignatureError::Unsigned(name) => {
                format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")
            }
            _ => self.to_string(),
        }
    }

    fn s3(&self) -> ErrorShape {
        match self {
            SignatureError::Missing => s3("AccessDenied", 403),
            SignatureError::Unsupported => s3("InvalidRequest", 400),
            SignatureError::Incomplete(_) | SignatureError::Scope(_) => s3("AuthorizationHeaderMalformed", 400),
            SignatureError::Query(_) => s3("AuthorizationQueryParametersError", 400),
            SignatureError::UnknownKey => s3("InvalidAccessKeyId", 403),
            SignatureError::ExpiredToken => s3("ExpiredToken", 400),
            SignatureError::Skewed(_) => s3("RequestTimeTooSkewed", 403),
            SignatureError::Expired | SignatureError::Unsigned(_) => s3("AccessDenied", 403),
            SignatureError::Mismatch { .. } => s3("SignatureDoesNotMatch", 403),
            SignatureError::BodyMismatch => s3("XAmzContentSHA256Mismatch", 400),
            SignatureError::NoBodyHash => s3("InvalidRequest", 400),
        }
    }

    fn s3_message(&self) -> String {
        match self {
            SignatureError::Missing => "Access Denied".to_owned(),
            SignatureError::Unsupported => {
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
                    .to_owned()
            }
            SignatureError::UnknownKey => {
                "The AWS Access Key Id you provided does not exist in our records.".to_owned()
            }
            SignatureError::ExpiredToken => "The provided token has expired.".to_owned(),
            SignatureError::Skewed(_) => {
                "The difference between the request time and the current time is too large.".to_owned()
            }
            SignatureError::Mismatch { .. } => "The request signature we calculated does not match the signature you \
                                                provided. Check your key and signing method."
                .to_owned(),
            SignatureError::Incomplete(_)
            | SignatureError::Query(_)
            | SignatureError::Scope(_)
            | SignatureError::Expired
            | SignatureError::BodyMismatch
            | SignatureError::NoBodyHash
            | SignatureError::Unsigned(_) => self.to_string(),
        }
    }
}
