//! Why an operation did not happen. `wire/errors.rs` gives each of these its AWS code and words.

use tidegate_blob::BlobError;
use tidegate_protocol::ServiceError;
use tidegate_store::{CommitError, StoreError, TransactError};

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("there is no bucket {0}")]
    NoSuchBucket(String),
    #[error("the bucket {0} is somebody else's")]
    BucketExists(String),
    #[error("the bucket {0} is the caller's already")]
    BucketIsYours(String),
    #[error("the bucket {name} is not empty")]
    BucketNotEmpty { name: String, has_versions: bool },
    #[error("no bucket may be called {0}")]
    InvalidBucketName(String),
    #[error("another change of the bucket goes on")]
    Aborted,
    #[error("there is no object {0}")]
    NoSuchKey(String),
    #[error("there is no version {version} of {key}")]
    NoSuchVersion { key: String, version: String },
    #[error("what stands there is a deletion")]
    IsMarker { key: String, version: String, latest: bool },
    #[error("there is no upload {0}")]
    NoSuchUpload(String),
    #[error("a configuration is missing: {code}")]
    NoSuchConfig { code: &'static str, words: &'static str, bucket: String },
    #[error("the key is too long")]
    KeyTooLong(usize),
    #[error("the condition {0} does not hold")]
    Precondition(&'static str),
    #[error("two conditional writes met")]
    ConditionalConflict(String),
    #[error("it has not changed")]
    NotModified,
    #[error("the range lies behind the end")]
    InvalidRange { asked: String, size: u64 },
    #[error("{0}")]
    Denied(String),
    #[error("{words}")]
    InvalidArgument { words: String, name: String, value: String },
    #[error("{0}")]
    InvalidRequest(String),
    #[error("{code}: {words}")]
    Refused { code: &'static str, status: u16, words: String },
    #[error("{words}")]
    CorsForbidden { words: String, method: String, kind: &'static str },
    #[error("the XML is not what the schema wants")]
    MalformedXml,
    #[error("the body has {got} bytes instead of {announced}")]
    IncompleteBody { announced: u64, got: u64 },
    #[error("the body is too large")]
    TooLarge { size: u64, most: u64 },
    #[error("the checksum {0} is another one")]
    BadChecksum(&'static str),
    #[error("the MD5 is another one")]
    BadDigest { expected: String, calculated: String },
    #[error("{0} is not implemented")]
    NotImplemented(&'static str),
    #[error(transparent)]
    Body(Box<ServiceError>),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl From<TransactError<Error>> for Error {
    fn from(error: TransactError<Error>) -> Error {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}

impl From<ServiceError> for Error {
    /// Boxed: it is larger than all other errors.
    fn from(error: ServiceError) -> Error {
        Error::Body(Box::new(error))
    }
}
