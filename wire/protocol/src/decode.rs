use crate::errors;
use crate::service::ServiceError;

/// Why bytes could not be read as a request. The texts are those that AWS sends, because clients
/// show them and tests compare them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the protocol's syntax at all: broken JSON, a bad escape, bytes that are not UTF-8.
    #[error("{0}")]
    Malformed(String),
    /// Well formed, but not of the member's type.
    #[error("{0}")]
    Mismatch(String),
    /// A query parameter that cannot be read as its type.
    #[error("{0}")]
    BadParameter(String),
    /// No XML, or not what the API's schema allows.
    #[error("The XML you provided was not well-formed or did not validate against our published schema")]
    Xml,
    /// Nested more deeply, or in more parts, than any request of the API is.
    #[error("{0}")]
    TooLarge(&'static str),
}

impl From<DecodeError> for ServiceError {
    fn from(error: DecodeError) -> ServiceError {
        let shape = match &error {
            DecodeError::Malformed(_) | DecodeError::Mismatch(_) | DecodeError::TooLarge(_) => errors::SERIALIZATION,
            DecodeError::BadParameter(_) => errors::MALFORMED_INPUT,
            DecodeError::Xml => errors::MALFORMED_XML,
        };
        ServiceError::new(shape, error.to_string())
    }
}
