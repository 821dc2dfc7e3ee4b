//! What must be true of a mapping's function, source and role.

use std::sync::Arc;

use tidegate_pattern::{Dialect, Pattern};
use tidegate_ports::{FollowError, RoleRefusal, RoleUse, RoleVerdict};
use tidegate_types::Arn;

use crate::domain::{FunctionRef, MappingError, MappingKind, MappingSettings};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Address, VersionRecord};

/// What Lambda does with a queue, and must be allowed to.
const QUEUE_ACTIONS: [&str; 3] = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];

/// What Lambda does with a stream.
const STREAM_ACTIONS: [&str; 3] = ["GetRecords", "GetShardIterator", "DescribeStream"];

/// The version that a mapping calls at the moment.
pub(super) fn function(lambda: &Lambda, named: &FunctionRef) -> Result<Arc<VersionRecord>, Error> {
    let missing = || Error::Invalid("Function does not exist".to_owned());
    let function = lambda.directory.get(&Address::of(named)).ok_or_else(missing)?;
    // Of an alias with weights, the first will do: both versions are the same function.
    function.version(&named.meant(), 0).map(|(_, version)| version).ok_or_else(missing)
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
    match settings.kind {
        MappingKind::Queue(_) => {
            role(lambda, named, version, source)?;
            queue(lambda, version, source)
        }
        MappingKind::Stream(_) => {
            role(lambda, named, version, source)?;
            stream(lambda, source).await
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

/// Whether the function's role may read the source. Where callers are not checked, a role that was never made
/// will do; one that was made must be right, as on AWS.
fn role(lambda: &Lambda, named: &FunctionRef, version: &VersionRecord, source: &Arn) -> Result<(), Error> {
    let used = RoleUse {
        role: version.role.clone(),
        service: "lambda.amazonaws.com".to_owned(),
        source: Some(named.arn().to_string()),
        session: named.name.clone(),
    };
    if let Err(RoleRefusal::NoSuchRole(_)) = lambda.roles.check(&used)
        && !lambda.strict_roles
    {
        return Ok(());
    }
    let is_queue = source.service == "sqs";
    let actions = if is_queue { QUEUE_ACTIONS } else { STREAM_ACTIONS };
    let resource = source.to_string();
    let denied = actions.into_iter().find(|action| {
        lambda.roles.may(&used, &format!("{}:{action}", source.service), &resource) != RoleVerdict::Allowed
    });
    match denied {
        None => Ok(()),
        Some(action) if is_queue => Err(Error::Invalid(format!(
            "The provided execution role does not have permissions to call {action} on SQS"
        ))),
        Some(_) => Err(Error::Invalid(format!(
            "Cannot access stream {source}. Please ensure the role can perform the GetRecords, GetShardIterator, \
             DescribeStream, and ListStreams Actions on your stream in IAM."
        ))),
    }
}
