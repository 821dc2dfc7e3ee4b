use tidegate_api_lambda::{
    FunctionConfiguration, ListVersionsByFunctionRequest, ListVersionsByFunctionResponse, PublishVersionRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::{check_revision, check_settled, marker_of_version, page, read, read_latest};
use crate::domain::FunctionRef;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Address, VersionRecord, keys};
use crate::wire;

/// Publishes `$LATEST` as a version, unless it is what the last version is.
pub(crate) async fn publish_version(
    lambda: &Lambda,
    call: &Call,
    input: PublishVersionRequest,
) -> Result<FunctionConfiguration, Error> {
    let named = lambda.named(call, input.function_name, None)?;
    let (sum, description) = (input.code_sha256.as_deref(), input.description.as_deref());
    publish(lambda, &named, sum, description, input.revision_id.as_deref()).await
}

pub(super) async fn publish(
    lambda: &Lambda,
    named: &FunctionRef,
    sum: Option<&str>,
    description: Option<&str>,
    revision: Option<&str>,
) -> Result<FunctionConfiguration, Error> {
    lambda.known(named)?;
    let address = &Address::of(named);
    let fresh = &lambda.env.uuid().to_string();
    let published = lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let (mut record, latest) = read_latest(tx, address).await?;
            check_revision(revision, &latest.revision, "GetFunction/GetAlias")?;
            check_settled(address, &latest)?;
            let present = wire::code_sha256(&latest);
            if let Some(given) = sum.filter(|sum| *sum != present) {
                return Err(Error::Invalid(format!(
                    "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({present}). Please try \
                     again with the CodeSHA256 in $LATEST."
                )));
            }
            let last = record.next_version - 1;
            if let Some(published) = read::<VersionRecord>(tx, &keys::version(record.id, last)).await?
                && last > 0
                && is_same(&published, &latest)
            {
                return Ok(last);
            }
            let mut version = VersionRecord { revision: fresh.clone(), ..latest };
            if let Some(description) = description {
                version.description = description.to_owned();
            }
            let number = record.next_version;
            record.next_version += 1;
            tx.put(Space::Map, keys::function(address), record.encode());
            tx.put(Space::Map, keys::version(record.id, number), version.encode());
            Ok(number)
        })
        .await?;
    let function = lambda.known(named)?;
    let number = published.value;
    let version = function.versions.get(&number).ok_or_else(|| Error::NoFunction(named.qualified_arn()))?;
    Ok(wire::configuration(&function, number, version, true))
}

/// Whether nothing has changed since a version was published. What it is called and described as is no change.
fn is_same(published: &VersionRecord, latest: &VersionRecord) -> bool {
    let (revision, description) = (published.revision.clone(), published.description.clone());
    let modified_at = published.modified_at;
    *published == VersionRecord { revision, description, modified_at, ..latest.clone() }
        && published.modified_at >= latest.modified_at
}

/// A function's versions, `$LATEST` first.
pub(crate) async fn list_versions_by_function(
    lambda: &Lambda,
    call: &Call,
    input: ListVersionsByFunctionRequest,
) -> Result<ListVersionsByFunctionResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let all = function.versions.iter().map(|(number, version)| wire::configuration(&function, *number, version, true));
    let marker = |one: &FunctionConfiguration| marker_of_version(one.version.as_deref());
    let (versions, next_marker) = page(all.collect(), input.marker.as_deref(), input.max_items, marker);
    Ok(ListVersionsByFunctionResponse { versions: Some(versions), next_marker })
}
