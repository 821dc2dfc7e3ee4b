//! AWS's codes and words for everything that can go wrong. No other file knows the codes.
//!
//! Where the words come from: recordings of the real service in public test suites; where there was none, the
//! service's documentation.

use tidegate_api_logs::errors;
use tidegate_log::LogError;
use tidegate_ports::ObjectRefusal;
use tidegate_protocol::{ErrorShape, ServiceError};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::ErrorKind;

use crate::domain::{BatchError, MAX_BATCH_BYTES, RETENTION_DAYS};
use crate::error::Error;

/// What is said of the name of a group or stream that is too long, instead of the constraint's own words.
pub(crate) const LONG_NAME: &str = "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";

/// Whether a constraint's words are about that and nothing else.
pub(crate) fn is_about_a_long_name(message: &str) -> bool {
    let is_name = message.contains("' at 'logGroupName' failed") || message.contains("' at 'logStreamName' failed");
    is_name
        && message.starts_with("1 validation error")
        && message.ends_with("failed to satisfy constraint: Member must have length less than or equal to 512")
}

/// What is said of days for which no group keeps events.
pub(crate) fn not_a_retention(days: i32) -> String {
    let allowed: Vec<String> = RETENTION_DAYS.iter().map(u32::to_string).collect();
    let allowed = allowed.join(", ");
    format!(
        "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must \
         satisfy enum value set: [{allowed}]"
    )
}

impl From<Error> for ServiceError {
    fn from(error: Error) -> ServiceError {
        match error {
            Error::NoSuchGroup => not_found("The specified log group does not exist."),
            Error::NoSuchStream => not_found("The specified log stream does not exist."),
            Error::NoSuchFilter(what) => not_found(format!("The specified {what} does not exist.")),
            Error::NoSuchPolicy(name) => not_found(format!("Policy with name [{name}] does not exist.")),
            Error::OnlyStandard => {
                new(errors::VALIDATION_EXCEPTION, "This operation is only supported on the Standard log class.")
            }
            Error::InUse(what) => {
                let words = format!("The specified {what} is used by a delivery.");
                new(errors::CONFLICT_EXCEPTION, words).with_kind(ErrorKind::Conflict)
            }
            Error::Conflict(words) => new(errors::CONFLICT_EXCEPTION, words).with_kind(ErrorKind::Conflict),
            Error::NotValid(words) => new(errors::VALIDATION_EXCEPTION, words),
            Error::OtherRevision => {
                new(errors::OPERATION_ABORTED_EXCEPTION, "The expectedRevisionId does not match the current revision.")
                    .with_kind(ErrorKind::Conflict)
            }
            Error::NoSuchDestination => not_found("The specified destination does not exist."),
            Error::NoSuchResource(_) => invalid("Invalid ARN. Please check the ARN and try again."),
            Error::GroupExists => exists("The specified log group already exists"),
            Error::Exists(what) => exists(&format!("The specified {what} already exists")),
            Error::StreamExists => exists("The specified log stream already exists"),
            Error::GroupIsProtected => {
                let words = "The log group is protected from deletion. Disable deletion protection to delete it.";
                new(errors::VALIDATION_EXCEPTION, words)
            }
            Error::LimitExceeded => new(errors::LIMIT_EXCEEDED_EXCEPTION, "Resource limit exceeded."),
            Error::TooManyTags(resource) => {
                let words = "A resource can have no more than 50 tags.";
                new(errors::TOO_MANY_TAGS_EXCEPTION, words).with_field("resourceName", resource)
            }
            Error::Batch(error) => invalid(batch(error)),
            Error::InvalidToken => invalid("The specified nextToken is invalid."),
            Error::NameAndIdentifier => {
                let words = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
                new(errors::VALIDATION_EXCEPTION, words)
            }
            Error::NeitherNameNorIdentifier => {
                invalid("Either LogGroup name or LogGroup identifier must be specified.")
            }
            Error::Invalid(words) => invalid(words),
            Error::Denied(words) => new(errors::ACCESS_DENIED_EXCEPTION, words).with_kind(ErrorKind::Denied),
            Error::Undeliverable { vendor, refusal } => {
                invalid(undeliverable(&vendor)).with_detail(refusal.to_string())
            }
            Error::Bucket(refusal) => bucket(refusal),
            Error::NoSuchExport => not_found("The specified export task does not exist."),
            Error::ExportHasEnded => {
                new(errors::INVALID_OPERATION_EXCEPTION, "The specified export task has already finished.")
            }
            Error::NotImplemented(what) => ServiceError::not_implemented("logs", what),
            Error::Pattern(error) => invalid(error.to_string()),
            Error::Insights(refused) => super::insights::refused(refused),
            Error::Log(error) => log(error),
            Error::Store(error) => store(&error),
            Error::Commit(error) => commit(error),
        }
    }
}

/// What is said of a bucket that does not take an object.
fn bucket(refusal: ObjectRefusal) -> ServiceError {
    match refusal {
        ObjectRefusal::NoSuchBucket => invalid("The given bucket does not exist. Please provide a valid bucket."),
        ObjectRefusal::Unavailable(why) => ServiceError::unavailable(why),
        ObjectRefusal::Denied
        | ObjectRefusal::NoSuchKey
        | ObjectRefusal::NoSuchVersion
        | ObjectRefusal::TooLarge { .. } => {
            let words = "PutObject call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation.";
            invalid(words).with_detail(refusal.to_string())
        }
    }
}

/// A Live Tail session has lasted as long as one may.
pub(crate) fn session_timeout() -> ServiceError {
    new(errors::SESSION_TIMEOUT_EXCEPTION, "The session has reached its maximum duration.")
}

/// A Live Tail session cannot go on.
pub(crate) fn session_failure(error: Error) -> ServiceError {
    let cause = ServiceError::from(error);
    new(errors::SESSION_STREAMING_EXCEPTION, cause.message.clone()).with_detail(cause.to_string())
}

fn new(shape: ErrorShape, message: impl Into<String>) -> ServiceError {
    ServiceError::new(shape, message)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    new(errors::INVALID_PARAMETER_EXCEPTION, message)
}

fn not_found(message: impl Into<String>) -> ServiceError {
    new(errors::RESOURCE_NOT_FOUND_EXCEPTION, message).with_kind(ErrorKind::NotFound)
}

fn exists(message: &str) -> ServiceError {
    new(errors::RESOURCE_ALREADY_EXISTS_EXCEPTION, message).with_kind(ErrorKind::Conflict)
}

fn batch(error: BatchError) -> String {
    match error {
        BatchError::TooLarge(bytes) => format!("Upload too large: {bytes} bytes exceeds limit of {MAX_BATCH_BYTES}"),
        BatchError::NotInOrder => {
            "Log events in a single PutLogEvents request must be in chronological order.".to_owned()
        }
        BatchError::SpansTooLong => {
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.".to_owned()
        }
    }
}

/// What AWS says of a destination that did not take its test message.
fn undeliverable(vendor: &str) -> String {
    match vendor {
        "lambda" => "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to \
                     execute your function."
            .to_owned(),
        "kinesis" => "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream \
                      is in ACTIVE state."
            .to_owned(),
        "firehose" => "Could not deliver test message to specified Firehose stream. Check if the given Firehose \
                       stream is in ACTIVE state."
            .to_owned(),
        "sqs" => "Could not deliver test message to specified SQS queue. Check if the given queue exists.".to_owned(),
        other => format!("PutSubscriptionFilter operation cannot work with destinationArn for vendor {other}"),
    }
}

fn log(error: LogError) -> ServiceError {
    match error {
        LogError::Store(error) => store(&error),
        LogError::Commit(error) => commit(error),
        // The stream was deleted while it was written to.
        LogError::NoSuchLog(_) => Error::NoSuchStream.into(),
        LogError::NoSuchCursor { .. } | LogError::CursorMoved { .. } => ServiceError::internal(error.to_string()),
    }
}

fn store(error: &StoreError) -> ServiceError {
    match error {
        StoreError::Unavailable { .. } | StoreError::Engine(_) => ServiceError::unavailable(error.to_string()),
        StoreError::Corrupt { .. } => ServiceError::internal(error.to_string()).with_kind(ErrorKind::Corrupt),
    }
}

fn commit(error: CommitError) -> ServiceError {
    match error {
        CommitError::Store(error) => store(&error),
        CommitError::Conflict { .. } => ServiceError::unavailable(error.to_string()),
        CommitError::TooLarge { .. } => ServiceError::internal(error.to_string()),
    }
}
