//! AWS's codes and words for everything that can go wrong. No other file knows the codes.

use tidegate_api_dynamodb::{
    BatchStatementError, CancellationReason, ConditionalCheckFailedException, ProvisionedThroughputExceededException,
    ThrottlingException, ThrottlingReason, TransactionCanceledException, errors,
};
use tidegate_api_dynamodbstreams::errors as streams;
use tidegate_log::LogError;
use tidegate_protocol::errors::VALIDATION;
use tidegate_protocol::{ErrorShape, ServiceError};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::ErrorKind;

use super::values::wire_item;
use crate::domain::{Flow, Throttled};
use crate::error::{Error, Reason};

const CONDITION_FAILED: &str = "The conditional request failed";
const COLLECTION_FULL: &str = "Collection size exceeded.";
const DUPLICATE: &str = "Duplicate primary key exists in table";

impl From<Error> for ServiceError {
    fn from(error: Error) -> ServiceError {
        match error {
            Error::Misuse(misuse) => ServiceError::new(VALIDATION, misuse.to_string()),
            Error::NoSuchTable => not_found("Requested resource not found".to_owned()),
            Error::NoTableNamed(name) => not_found(format!("Requested resource not found: Table: {name} not found")),
            Error::TableExists(name) => in_use(format!("Table already exists: {name}")),
            Error::TableInUse(words) => in_use(words),
            Error::NoSuchBackup(arn) => {
                new(errors::BACKUP_NOT_FOUND_EXCEPTION, format!("Backup not found: {arn}"), ErrorKind::NotFound)
            }
            Error::BackupInUse(arn) => {
                new(errors::BACKUP_IN_USE_EXCEPTION, format!("Backup is in use: {arn}"), ErrorKind::Conflict)
            }
            Error::NoTableToBackUp(name) => {
                new(errors::TABLE_NOT_FOUND_EXCEPTION, format!("Table not found: {name}"), ErrorKind::NotFound)
            }
            Error::NoTableToRestore(name) => {
                new(errors::TABLE_NOT_FOUND_EXCEPTION, format!("Source table not found: {name}"), ErrorKind::NotFound)
            }
            Error::RestoredTableExists(name) => new(
                errors::TABLE_ALREADY_EXISTS_EXCEPTION,
                format!("Table already exists: {name}"),
                ErrorKind::Conflict,
            ),
            Error::TableBusy(name) => new(
                errors::TABLE_IN_USE_EXCEPTION,
                format!("Table is being created or deleted: {name}"),
                ErrorKind::Conflict,
            ),
            // What Terraform and CDK wait for when they set up recovery.
            Error::RecoveryBusy(name) => new(
                errors::CONTINUOUS_BACKUPS_UNAVAILABLE_EXCEPTION,
                format!("Backups are being enabled for the table: {name}. Please retry later"),
                ErrorKind::Conflict,
            ),
            Error::TooManyBackups(name) => new(
                errors::LIMIT_EXCEEDED_EXCEPTION,
                format!("Subscriber limit exceeded: too many backups of table {name} are being created simultaneously"),
                ErrorKind::Throttled,
            ),
            Error::NoRecovery(name) => new(
                errors::POINT_IN_TIME_RECOVERY_UNAVAILABLE_EXCEPTION,
                format!("Point in time recovery is not enabled for table '{name}'"),
                ErrorKind::Conflict,
            ),
            Error::RestoreTime { earliest, latest } => new(
                errors::INVALID_RESTORE_TIME_EXCEPTION,
                format!(
                    "RestoreDateTime must be between EarliestRestorableDateTime {} and LatestRestorableDateTime {}",
                    earliest.as_secs(),
                    latest.as_secs()
                ),
                ErrorKind::Invalid,
            ),
            Error::OneIndexAtATime => new(
                errors::LIMIT_EXCEEDED_EXCEPTION,
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table".to_owned(),
                ErrorKind::Throttled,
            ),
            Error::NoSuchResource { arn } => not_found(format!("Requested resource not found: ResourceArn: {arn} not found")),
            Error::NoPolicy { arn } => {
                let words = format!("Resource-based policy not found for the provided ResourceArn: {arn}");
                new(errors::POLICY_NOT_FOUND_EXCEPTION, words, ErrorKind::NotFound)
            }
            Error::ConditionFailed { item } => {
                let message = Some(CONDITION_FAILED.to_owned());
                let structure = ConditionalCheckFailedException { message, item: item.map(wire_item) };
                new(errors::CONDITIONAL_CHECK_FAILED_EXCEPTION, CONDITION_FAILED.to_owned(), ErrorKind::Conflict)
                    .with_structure(structure)
            }
            Error::Duplicate => new(errors::DUPLICATE_ITEM_EXCEPTION, DUPLICATE.to_owned(), ErrorKind::Conflict),
            Error::Cancelled(reasons) => cancelled(reasons),
            Error::CollectionFull => new(
                errors::ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED_EXCEPTION,
                COLLECTION_FULL.to_owned(),
                ErrorKind::Invalid,
            ),
            Error::Throttled(why) => throttled(&why),
            Error::TokenReused => new(
                errors::IDEMPOTENT_PARAMETER_MISMATCH_EXCEPTION,
                "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical".to_owned(),
                ErrorKind::Invalid,
            ),
            Error::NoSuchStream(words) => not_found(words),
            Error::NoSuchIndex(which) => not_found(format!("Requested resource not found: {which}")),
            Error::ExpiredIterator => new(
                streams::EXPIRED_ITERATOR_EXCEPTION,
                "The shard iterator has expired and can no longer be used to retrieve stream records. A shard iterator expires 15 minutes after it is retrieved using the GetShardIterator action.".to_owned(),
                ErrorKind::Invalid,
            ),
            Error::Trimmed => new(
                streams::TRIMMED_DATA_ACCESS_EXCEPTION,
                "The operation attempted to read past the oldest stream record in a shard.".to_owned(),
                ErrorKind::Invalid,
            ),
            Error::NotImplemented(what) => ServiceError::not_implemented("dynamodb", what),
            Error::Log(error) => log(error),
            Error::Store(error) => store(&error),
            Error::Commit(error) => commit(error),
        }
    }
}

/// Why one statement of a batch failed. The codes are shorter than those of exceptions.
pub(crate) fn statement_error(error: Error) -> BatchStatementError {
    let code = match &error {
        Error::Misuse(_)
        | Error::NoRecovery(_)
        | Error::RestoreTime { .. }
        | Error::OneIndexAtATime
        | Error::ExpiredIterator
        | Error::Trimmed
        | Error::TokenReused => "ValidationError",
        Error::NoSuchTable
        | Error::NoTableNamed(_)
        | Error::NoSuchResource { .. }
        | Error::NoPolicy { .. }
        | Error::NoSuchBackup(_)
        | Error::NoTableToBackUp(_)
        | Error::NoTableToRestore(_)
        | Error::NoSuchIndex(_)
        | Error::NoSuchStream(_) => "ResourceNotFound",
        Error::ConditionFailed { .. } => "ConditionalCheckFailed",
        Error::Throttled(why) => throttling_code(why),
        Error::CollectionFull => "ItemCollectionSizeLimitExceeded",
        Error::Duplicate => "DuplicateItem",
        Error::Cancelled(_)
        | Error::BackupInUse(_)
        | Error::TableBusy(_)
        | Error::RecoveryBusy(_)
        | Error::TooManyBackups(_)
        | Error::RestoredTableExists(_)
        | Error::TableExists(_)
        | Error::TableInUse(_) => "TransactionConflict",
        Error::NotImplemented(_) | Error::Log(_) | Error::Store(_) | Error::Commit(_) => "InternalServerError",
    };
    let item = match &error {
        Error::ConditionFailed { item } => item.clone().map(wire_item),
        _ => None,
    };
    let message = ServiceError::from(error).message;
    BatchStatementError { code: Some(code.to_owned()), message: Some(message), item }
}

fn new(shape: ErrorShape, message: String, kind: ErrorKind) -> ServiceError {
    ServiceError::new(shape, message).with_kind(kind)
}

fn not_found(message: String) -> ServiceError {
    new(errors::RESOURCE_NOT_FOUND_EXCEPTION, message, ErrorKind::NotFound)
}

fn in_use(message: String) -> ServiceError {
    new(errors::RESOURCE_IN_USE_EXCEPTION, message, ErrorKind::Conflict)
}

fn cancelled(reasons: Vec<Reason>) -> ServiceError {
    let reasons: Vec<CancellationReason> = reasons.into_iter().map(reason).collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason.code.as_deref()).collect();
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    let structure =
        TransactionCanceledException { message: Some(message.clone()), cancellation_reasons: Some(reasons) };
    new(errors::TRANSACTION_CANCELED_EXCEPTION, message, ErrorKind::Conflict).with_structure(structure)
}

fn reason(reason: Reason) -> CancellationReason {
    let (code, message, item) = match reason {
        Reason::None => ("None", None, None),
        Reason::Condition { item } => ("ConditionalCheckFailed", Some(CONDITION_FAILED.to_owned()), item),
        Reason::Duplicate => ("DuplicateItem", Some(DUPLICATE.to_owned()), None),
        Reason::Conflict => ("TransactionConflict", Some("Transaction is ongoing for the item".to_owned()), None),
        Reason::CollectionFull => ("ItemCollectionSizeLimitExceeded", Some(COLLECTION_FULL.to_owned()), None),
        Reason::Throttled(why) => (throttling_code(&why), Some(throttling_words(&why).to_owned()), None),
        Reason::Invalid(words) => ("ValidationError", Some(words), None),
    };
    CancellationReason { code: Some(code.to_owned()), message, item: item.map(wire_item) }
}

/// What was configured was exceeded. AWS tells what is provisioned from a bound on what is not.
fn throttled(why: &Throttled) -> ServiceError {
    let words = throttling_words(why).to_owned();
    let message = Some(words.clone());
    let flow = if why.flow == Flow::Reads { "Read" } else { "Write" };
    let of = if why.by_index { "Index" } else { "Table" };
    let limit = if why.on_demand { "MaxOnDemandThroughputExceeded" } else { "ProvisionedThroughputExceeded" };
    let reason = ThrottlingReason { reason: Some(format!("{of}{flow}{limit}")), resource: Some(why.resource.clone()) };
    let throttling_reasons = Some(vec![reason]);
    if why.on_demand {
        new(errors::THROTTLING_EXCEPTION, words, ErrorKind::Throttled)
            .with_structure(ThrottlingException { message, throttling_reasons })
    } else {
        new(errors::PROVISIONED_THROUGHPUT_EXCEEDED_EXCEPTION, words, ErrorKind::Throttled)
            .with_structure(ProvisionedThroughputExceededException { message, throttling_reasons })
    }
}

fn throttling_words(why: &Throttled) -> &'static str {
    match (why.on_demand, why.by_index) {
        (true, _) => "Throughput exceeds the maximum OnDemandThroughput configured on table or index",
        (false, false) => {
            "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."
        }
        (false, true) => {
            "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API"
        }
    }
}

/// The code in a cancellation's reasons and in a batch of statements.
fn throttling_code(why: &Throttled) -> &'static str {
    if why.on_demand { "ThrottlingError" } else { "ProvisionedThroughputExceeded" }
}

fn log(error: LogError) -> ServiceError {
    match error {
        LogError::Store(error) => store(&error),
        LogError::Commit(error) => commit(error),
        LogError::NoSuchLog(_) | LogError::NoSuchCursor { .. } | LogError::CursorMoved { .. } => {
            ServiceError::internal(error.to_string())
        }
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
