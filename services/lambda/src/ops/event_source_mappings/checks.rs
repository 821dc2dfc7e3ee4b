//! What must be true of a mapping's function, source and role.

use std::sync::Arc;

use tidegate_api_lambda::DestinationConfig;
use tidegate_pattern::{Dialect, Pattern};
use tidegate_ports::FollowError;
use tidegate_types::Arn;

use crate::domain::{FunctionRef, MappingError, MappingKind, MappingSettings};
use crate::error::Error;
use crate::permits::{role_use, verb};
use crate::service::Lambda;
use crate::store::{Address, VersionRecord};

/// What Lambda does with a queue, and must be allowed to.
const QUEUE_ACTIONS: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/// What Lambda does with a stream.
const STREAM_ACTIONS: [&str; 3] = ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"];

/// The version that a mapping calls at the moment.
pub(super) fn function(lambda: &Lambda, named: &FunctionRef) -> Result<Arc<VersionRecord>, Error> {
    let missing = || Error::Invalid("Function does not exist".to_owned());
    let function = lambda.directory.get(&Address::of(named)).ok_or_else(missing)?;
    // Of an alias with weights, the first will do: both versions are the same function.
    function.version(&named.meant(), 0).map(|(_, version)| version).ok_or_else(missing)
}

/// Nobody is told of records that were processed.
pub(super) fn only_failures(config: Option<&DestinationConfig>) -> Result<(), Error> {
    match config.is_some_and(|config| config.on_success.is_some()) {
        true => Err(Error::Invalid(
            "Unsupported DestinationConfig parameter for given event source mapping type.".to_owned(),
        )),
        false => Ok(()),
    }
}

pub(super) fn filters(settings: &MappingSettings) -> Result<(), Error> {
    for pattern in &settings.filters {
        Pattern::parse(pattern, Dialect::LambdaFilter).map_err(|_| invalid(&MappingError::Pattern))?;
    }
    Ok(())
}

pub(super) fn invalid(error: &MappingError) -> Error {
    Error::Invalid(error.to_string())
}

/// Whether the source is there, fits the function, and may be read by its role.
pub(super) async fn source(
    lambda: &Lambda,
    named: &FunctionRef,
    version: &VersionRecord,
    source: &Arn,
    settings: &MappingSettings,
) -> Result<(), Error> {
    role(lambda, named, version, source)?;
    match &settings.kind {
        MappingKind::Queue(_) => queue(lambda, version, source),
        MappingKind::Stream(stream_settings) => {
            stream(lambda, source).await?;
            match &stream_settings.on_failure {
                Some(target) => on_failure(lambda, named, version, target),
                None => Ok(()),
            }
        }
    }
}

fn queue(lambda: &Lambda, version: &VersionRecord, source: &Arn) -> Result<(), Error> {
    let queues = lambda.following.queues(source).ok_or_else(|| unrecognised(source))?;
    let Some(queue) = queues.describe(source)? else {
        return Err(Error::Invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error \
             Message: The specified queue does not exist for this wsdl version."
                .to_owned(),
        ));
    };
    let visible = queue.visibility_timeout.as_secs();
    if visible < u64::from(version.timeout) {
        return Err(Error::Invalid(format!(
            "Queue visibility timeout: {visible} seconds is less than Function timeout: {} seconds",
            version.timeout
        )));
    }
    Ok(())
}

async fn stream(lambda: &Lambda, source: &Arn) -> Result<(), Error> {
    let streams = lambda.following.streams(source).ok_or_else(|| unrecognised(source))?;
    match streams.describe(source).await {
        Ok(_described) => Ok(()),
        Err(FollowError::Store(error)) => Err(error.into()),
        Err(_) => Err(Error::Invalid(format!("Stream not found: {source}"))),
    }
}

/// A source that nothing here can follow.
pub(super) fn unrecognised(_source: &Arn) -> Error {
    Error::Invalid("Unrecognized event source.".to_owned())
}

/// Whether the function's role may read the source.
fn role(lambda: &Lambda, named: &FunctionRef, version: &VersionRecord, source: &Arn) -> Result<(), Error> {
    let is_queue = source.service == "sqs";
    let actions = if is_queue { &QUEUE_ACTIONS } else { &STREAM_ACTIONS };
    let used = role_use(&Address::of(named).arn(), &version.role);
    match lambda.permits().denied(&used, actions, &source.to_string()) {
        None => Ok(()),
        Some(action) if is_queue => Err(Error::Invalid(format!(
            "The provided execution role does not have permissions to call {} on SQS",
            verb(action)
        ))),
        Some(_) => Err(Error::Invalid(format!(
            "Cannot access stream {source}. Please ensure the role can perform the GetRecords, GetShardIterator, \
             DescribeStream, and ListStreams Actions on your stream in IAM."
        ))),
    }
}

/// Whether records that were given up can be told of there, and the function's role may.
fn on_failure(lambda: &Lambda, named: &FunctionRef, version: &VersionRecord, target: &str) -> Result<(), Error> {
    let invalid = || Error::Invalid(format!("The destination ARN {target} is invalid."));
    let target: Arn = target.parse().map_err(|_| invalid())?;
    if !["sqs", "sns", "s3"].contains(&target.service.as_str()) || target.resource.ends_with(".fifo") {
        return Err(invalid());
    }
    let used = role_use(&Address::of(named).arn(), &version.role);
    match lambda.permits().may_tell(&used, &target) {
        Ok(()) => Ok(()),
        Err(action) => Err(Error::Invalid(format!(
            "The function execution role does not have permissions to call {} on {}",
            verb(action),
            target.service.to_uppercase()
        ))),
    }
}
