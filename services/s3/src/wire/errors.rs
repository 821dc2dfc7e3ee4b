//! AWS's codes and words for everything that can go wrong. No other file knows the codes, but for those that
//! travel in [`Error::Refused`] and [`Error::NoSuchConfig`].
//!
//! Where the words come from: "Error responses" of the API reference, and recordings of the real service in
//! public test suites.

use tidegate_blob::{BlobError, Mismatch};
use tidegate_protocol::{ErrorShape, Fault, ServiceError};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::ErrorKind;

use crate::domain::MAX_KEY_BYTES;
use crate::error::Error;

impl From<Error> for ServiceError {
    fn from(error: Error) -> ServiceError {
        match error {
            Error::NoSuchBucket(name) => {
                new("NoSuchBucket", 404, "The specified bucket does not exist").with_field("BucketName", name)
            }
            Error::BucketExists(name) => new(
                "BucketAlreadyExists",
                409,
                "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                 system. Please select a different name and try again.",
            )
            .with_field("BucketName", name),
            Error::BucketIsYours(name) => new(
                "BucketAlreadyOwnedByYou",
                409,
                "Your previous request to create the named bucket succeeded and you already own it.",
            )
            .with_field("BucketName", name),
            Error::BucketNotEmpty { name, has_versions } => {
                let words = match has_versions {
                    true => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                    false => "The bucket you tried to delete is not empty",
                };
                new("BucketNotEmpty", 409, words).with_field("BucketName", name)
            }
            Error::InvalidBucketName(name) => {
                new("InvalidBucketName", 400, "The specified bucket is not valid.").with_field("BucketName", name)
            }
            Error::Aborted => new(
                "OperationAborted",
                409,
                "A conflicting conditional operation is currently in progress against this resource. Please try again.",
            ),
            Error::NoSuchKey(key) => new("NoSuchKey", 404, "The specified key does not exist.").with_field("Key", key),
            Error::NoSuchVersion { key, version } => new("NoSuchVersion", 404, "The specified version does not exist.")
                .with_field("Key", key)
                .with_field("VersionId", version),
            Error::IsMarker { key, latest: true, .. } => {
                new("NoSuchKey", 404, "The specified key does not exist.").with_field("Key", key)
            }
            Error::IsMarker { .. } => {
                new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
                    .with_field("ResourceType", "DeleteMarker")
            }
            Error::NoSuchUpload(id) => new(
                "NoSuchUpload",
                404,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                 aborted or completed.",
            )
            .with_field("UploadId", id),
            Error::NoSuchConfig { code, words, bucket } => new(code, 404, words).with_field("BucketName", bucket),
            Error::KeyTooLong(size) => new("KeyTooLongError", 400, "Your key is too long")
                .with_field("Size", size.to_string())
                .with_field("MaxSizeAllowed", MAX_KEY_BYTES.to_string()),
            Error::Precondition(condition) => {
                new("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
                    .with_field("Condition", condition)
            }
            Error::ConditionalConflict(key) => new(
                "ConditionalRequestConflict",
                409,
                "The conditional request cannot succeed due to a conflicting operation against this resource.",
            )
            .with_field("Key", key),
            Error::NotModified => new("NotModified", 304, "Not Modified"),
            Error::InvalidRange { asked, size } => new("InvalidRange", 416, "The requested range is not satisfiable")
                .with_field("RangeRequested", asked)
                .with_field("ActualObjectSize", size.to_string()),
            Error::Denied(words) => new("AccessDenied", 403, words),
            Error::InvalidArgument { words, name, value } => {
                new("InvalidArgument", 400, words).with_field("ArgumentName", name).with_field("ArgumentValue", value)
            }
            Error::InvalidRequest(words) => new("InvalidRequest", 400, words),
            Error::Refused { code, status, words } => new(code, status, words),
            Error::CorsForbidden { words, method, kind } => {
                new("AccessForbidden", 403, words).with_field("Method", method).with_field("ResourceType", kind)
            }
            Error::MalformedXml => new(
                "MalformedXML",
                400,
                "The XML you provided was not well-formed or did not validate against our published schema",
            ),
            Error::IncompleteBody { .. } => new(
                "IncompleteBody",
                400,
                "You did not provide the number of bytes specified by the Content-Length HTTP header",
            ),
            Error::TooLarge { size, most } => {
                new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
                    .with_field("ProposedSize", size.to_string())
                    .with_field("MaxSizeAllowed", most.to_string())
            }
            Error::BadChecksum(kind) => {
                new("BadDigest", 400, format!("The {kind} you specified did not match the calculated checksum."))
            }
            Error::BadDigest { expected, calculated } => {
                new("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
                    .with_field("ExpectedDigest", expected)
                    .with_field("CalculatedDigest", calculated)
            }
            Error::NotImplemented(what) => ServiceError::not_implemented("s3", what),
            Error::Body(error) => *error,
            Error::Blob(error) => blob(error),
            Error::Store(error) => store(&error),
            Error::Commit(error) => commit(error),
        }
    }
}

fn new(code: &'static str, status: u16, message: impl Into<String>) -> ServiceError {
    let fault = if status < 500 { Fault::Sender } else { Fault::Receiver };
    let error = ServiceError::new(ErrorShape::new(code, status, fault), message);
    // What S3 itself has not is the caller's mistake.
    if status == 501 { error.with_kind(ErrorKind::Invalid) } else { error }
}

fn unavailable(detail: String) -> ServiceError {
    new("ServiceUnavailable", 503, "Please reduce your request rate.").with_detail(detail)
}

fn internal(detail: String) -> ServiceError {
    new("InternalError", 500, "We encountered an internal error. Please try again.").with_detail(detail)
}

fn blob(error: BlobError) -> ServiceError {
    match error {
        BlobError::TooLarge { .. } => {
            new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
        }
        BlobError::Mismatch(Mismatch::Length) => new(
            "IncompleteBody",
            400,
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
        ),
        BlobError::Mismatch(_) => {
            new("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
        }
        BlobError::DiskFull => unavailable(error.to_string()),
        BlobError::Missing(_) | BlobError::Corrupt { .. } => internal(error.to_string()).with_kind(ErrorKind::Corrupt),
        other => internal(other.to_string()),
    }
}

fn store(error: &StoreError) -> ServiceError {
    match error {
        StoreError::Unavailable { .. } | StoreError::Engine(_) => unavailable(error.to_string()),
        StoreError::Corrupt { .. } => internal(error.to_string()).with_kind(ErrorKind::Corrupt),
    }
}

fn commit(error: CommitError) -> ServiceError {
    match error {
        CommitError::Store(error) => store(&error),
        CommitError::Conflict { .. } => unavailable(error.to_string()),
        CommitError::TooLarge { .. } => internal(error.to_string()),
    }
}
