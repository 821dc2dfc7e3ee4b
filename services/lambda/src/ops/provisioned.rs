use tidegate_api_lambda::{
    DeleteProvisionedConcurrencyConfigRequest, GetProvisionedConcurrencyConfigRequest,
    GetProvisionedConcurrencyConfigResponse, ListProvisionedConcurrencyConfigsRequest,
    ListProvisionedConcurrencyConfigsResponse, ProvisionedConcurrencyConfigListItem,
    PutProvisionedConcurrencyConfigRequest, PutProvisionedConcurrencyConfigResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::{page, read_function};
use crate::domain::{ACCOUNT_CONCURRENCY, FunctionRef, Qualifier, UNRESERVED_MINIMUM};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Function, ProvisionedRecord, keys};
use crate::wire;

/// The published version or the alias of a request, which must exist.
fn place(function: &Function, named: &FunctionRef, unpublished: &str) -> Result<String, Error> {
    let exists = match named.meant() {
        Qualifier::Latest => return Err(Error::Invalid(unpublished.to_owned())),
        Qualifier::Version(number) if number > 0 => function.versions.contains_key(&number),
        Qualifier::Version(_) => false,
        Qualifier::Alias(name) if !function.aliases.contains_key(&name) => {
            return Err(Error::NoAlias(named.qualified_arn()));
        }
        Qualifier::Alias(_) => true,
    };
    match exists {
        true => Ok(named.qualifier.clone().unwrap_or_default()),
        false => Err(Error::NoFunction(named.qualified_arn())),
    }
}

const PUBLISHED_ONLY: &str = "The function resource provided must be an alias or a published version.";

/// A version may be provisioned by itself or by its aliases, not by both.
fn check_overlap(function: &Function, place: &str) -> Result<(), Error> {
    let conflict = |words: &str| Err(Error::Conflict(words.to_owned()));
    match Qualifier::parse(place) {
        Qualifier::Alias(name) => {
            let alias = function.aliases.get(&name);
            if alias.is_some_and(|alias| function.provisioned.contains_key(&alias.version.to_string())) {
                return conflict(
                    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
                );
            }
        }
        Qualifier::Version(number) => {
            let mut aliases = function.aliases.iter();
            if aliases.any(|(name, alias)| alias.version == number && function.provisioned.contains_key(name)) {
                return conflict("Version is pointed by a Provisioned Concurrency alias");
            }
        }
        Qualifier::Latest => {}
    }
    Ok(())
}

/// Whether a function may have so many environments for one version or alias besides those of the others.
fn check_limits(lambda: &Lambda, function: &Function, place: &str, requested: u32) -> Result<(), Error> {
    let invalid = |words: String| Err(Error::Invalid(words));
    let before = function.provisioned.get(place).map_or(0, |record| record.requested);
    let own = function.provisioned_together() - before;
    if let Some(reserved) = function.record.reserved {
        return match requested.saturating_add(own) > reserved {
            true => invalid(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for \
                 function"
                    .to_owned(),
            ),
            false => Ok(()),
        };
    }
    if requested > ACCOUNT_CONCURRENCY {
        return invalid(format!(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency \
             [{ACCOUNT_CONCURRENCY}]."
        ));
    }
    let address = &function.address;
    let others = lambda.directory.unreserved_provisioned(address.account, &address.region) - before;
    let taken = lambda.directory.reserved(address.account, &address.region) + others;
    if requested > (ACCOUNT_CONCURRENCY - UNRESERVED_MINIMUM).saturating_sub(taken) {
        return invalid(format!(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
             minimum value of [{UNRESERVED_MINIMUM}]."
        ));
    }
    Ok(())
}

/// Keeps environments of a version ready from now on. They become so after the answer.
pub(crate) async fn put_provisioned_concurrency_config(
    lambda: &Lambda,
    call: &Call,
    input: PutProvisionedConcurrencyConfigRequest,
) -> Result<PutProvisionedConcurrencyConfigResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let unpublished = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
    if named.meant() == Qualifier::Latest {
        return Err(Error::Invalid(unpublished.to_owned()));
    }
    let place = &place(&*lambda.known(&named)?, &named, unpublished)?;
    let requested = input.provisioned_concurrent_executions.unwrap_or_default();
    let record = ProvisionedRecord { modified_at: lambda.now(), requested: requested.unsigned_abs() };
    let address = &crate::store::Address::of(&named);
    let named = &named;
    lambda
        .transact(&[super::account_concurrency(address), keys::function(address)], async |tx: &mut Tx| {
            let id = read_function(tx, address).await?.id;
            // Seen from within the latches: nothing else of the account or the function changes meanwhile.
            let function = lambda.known(named)?;
            check_overlap(&function, place)?;
            check_limits(lambda, &function, place, record.requested)?;
            tx.put(Space::Map, keys::provisioned(id, place), record.encode());
            Ok(())
        })
        .await?;
    Ok(PutProvisionedConcurrencyConfigResponse {
        requested_provisioned_concurrent_executions: Some(requested),
        available_provisioned_concurrent_executions: Some(0),
        allocated_provisioned_concurrent_executions: Some(0),
        status: Some("IN_PROGRESS".to_owned()),
        status_reason: None,
        last_modified: Some(wire::time(record.modified_at)),
    })
}

/// The status reason where the machine is too small.
const NO_ROOM: &str = "This machine has no room to keep more environments ready.";

fn shown(lambda: &Lambda, function: &Function, place: &str) -> Option<ProvisionedConcurrencyConfigListItem> {
    let record = function.provisioned.get(place)?;
    let state = lambda.provisioned.state(function, place);
    let (status, reason) = match (state.is_settled, state.ready >= record.requested) {
        (_, true) => ("READY", None),
        (false, false) => ("IN_PROGRESS", None),
        (true, false) if state.is_capped => ("FAILED", Some(NO_ROOM.to_owned())),
        (true, false) => ("FAILED", Some("FUNCTION_ERROR_INIT_FAILURE".to_owned())),
    };
    let ready = Some(state.ready as i32);
    Some(ProvisionedConcurrencyConfigListItem {
        function_arn: Some(format!("{}:{place}", function.address.arn())),
        requested_provisioned_concurrent_executions: Some(record.requested as i32),
        available_provisioned_concurrent_executions: ready,
        allocated_provisioned_concurrent_executions: ready,
        status: Some(status.to_owned()),
        status_reason: reason,
        last_modified: Some(wire::time(record.modified_at)),
    })
}

/// How many environments of a version are ready.
pub(crate) async fn get_provisioned_concurrency_config(
    lambda: &Lambda,
    call: &Call,
    input: GetProvisionedConcurrencyConfigRequest,
) -> Result<GetProvisionedConcurrencyConfigResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let place = place(&function, &named, PUBLISHED_ONLY)?;
    let found = shown(lambda, &function, &place).ok_or(Error::NoProvisioned)?;
    Ok(GetProvisionedConcurrencyConfigResponse {
        requested_provisioned_concurrent_executions: found.requested_provisioned_concurrent_executions,
        available_provisioned_concurrent_executions: found.available_provisioned_concurrent_executions,
        allocated_provisioned_concurrent_executions: found.allocated_provisioned_concurrent_executions,
        status: found.status,
        status_reason: found.status_reason,
        last_modified: found.last_modified,
    })
}

/// What is kept ready of a function.
pub(crate) async fn list_provisioned_concurrency_configs(
    lambda: &Lambda,
    call: &Call,
    input: ListProvisionedConcurrencyConfigsRequest,
) -> Result<ListProvisionedConcurrencyConfigsResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let all = function.provisioned.keys().filter_map(|place| shown(lambda, &function, place)).collect();
    let name = |one: &ProvisionedConcurrencyConfigListItem| one.function_arn.clone().unwrap_or_default();
    let (configs, next_marker) = page(all, input.marker.as_deref(), input.max_items, name);
    Ok(ListProvisionedConcurrencyConfigsResponse { provisioned_concurrency_configs: Some(configs), next_marker })
}

/// Keeps no environments of a version ready any more; nothing if none were.
pub(crate) async fn delete_provisioned_concurrency_config(
    lambda: &Lambda,
    call: &Call,
    input: DeleteProvisionedConcurrencyConfigRequest,
) -> Result<(), Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let place = &place(&function, &named, PUBLISHED_ONLY)?;
    let address = &function.address;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let id = read_function(tx, address).await?.id;
            tx.delete(Space::Map, keys::provisioned(id, place));
            Ok(())
        })
        .await?;
    Ok(())
}
