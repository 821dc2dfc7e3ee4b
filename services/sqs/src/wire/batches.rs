use tidegate_api_sqs::BatchResultErrorEntry;
use tidegate_protocol::{Fault, ServiceError};

use crate::domain::{BatchError, IdError, MessageError, check_batch};
use crate::error::{BatchFailure, Error};

/// What AWS calls the entries of the three batches.
pub(crate) const SEND_ENTRY: &str = "SendMessageBatchRequestEntry";
pub(crate) const DELETE_ENTRY: &str = "DeleteMessageBatchRequestEntry";
pub(crate) const CHANGE_ENTRY: &str = "ChangeMessageVisibilityBatchRequestEntry";

/// Checks the ids of a batch's entries.
pub(crate) fn check_entries<T>(
    entry: &'static str,
    entries: &[T],
    id: impl Fn(&T) -> &Option<String>,
) -> Result<(), Error> {
    let ids: Vec<&str> = entries.iter().map(|entry| id(entry).as_deref().unwrap_or_default()).collect();
    match (check_batch(&ids), entries.iter().position(|entry| id(entry).is_none())) {
        (Err(BatchError::MalformedId | BatchError::RepeatedId(_)), Some(at)) => {
            Err(Error::Missing("Id").in_entry(entry, at))
        }
        (checked, _) => checked.map_err(|error| BatchFailure { entry, error }.into()),
    }
}

/// The failure of a batch of sends that is too large.
pub(crate) fn too_large(error: BatchError) -> BatchFailure {
    BatchFailure { entry: SEND_ENTRY, error }
}

/// One entry's failure, beside which others may have succeeded.
pub(crate) fn failed_entry(id: String, error: Error) -> BatchResultErrorEntry {
    // AWS words these differently within a batch.
    let message = match &error {
        Error::Message(MessageError::TooLarge { limit }) => Some(format!(
            "One or more parameters cannot be validated. Reason: Message must be shorter than {limit} bytes."
        )),
        Error::Message(MessageError::NotForThisQueue { .. }) => {
            Some("The request include parameter that is not valid for this queue type".to_owned())
        }
        Error::Message(MessageError::Id(IdError { parameter, .. })) => {
            Some(format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length"))
        }
        _ => None,
    };
    let error = ServiceError::from(error);
    BatchResultErrorEntry {
        id: Some(id),
        sender_fault: Some(error.shape.fault == Fault::Sender),
        code: Some(error.shape.query_code.to_owned()),
        message: Some(message.unwrap_or(error.message)),
    }
}
