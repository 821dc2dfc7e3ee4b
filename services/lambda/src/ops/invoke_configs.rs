use tidegate_api_lambda::{
    DeleteFunctionEventInvokeConfigRequest, DestinationConfig, FunctionEventInvokeConfig,
    GetFunctionEventInvokeConfigRequest, ListFunctionEventInvokeConfigsRequest, ListFunctionEventInvokeConfigsResponse,
    PutFunctionEventInvokeConfigRequest, UpdateFunctionEventInvokeConfigRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Arn;

use super::{page, read, read_function};
use crate::domain::{FunctionRef, Qualifier};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Function, InvokeConfigRecord, keys};
use crate::wire;

/// The qualifier under which a configuration lies: `$LATEST` for the function itself.
fn place(function: &Function, named: &FunctionRef) -> Result<String, Error> {
    let exists = match named.meant() {
        Qualifier::Latest => true,
        Qualifier::Version(number) => function.versions.contains_key(&number),
        Qualifier::Alias(name) => function.aliases.contains_key(&name),
    };
    match exists {
        true => Ok(named.qualifier.clone().unwrap_or_else(|| "$LATEST".to_owned())),
        false => Err(Error::NoFunction(named.qualified_arn())),
    }
}

/// The target of one outcome; an empty text takes it away.
fn destination(given: Option<String>) -> Result<Option<String>, Error> {
    let Some(arn) = given.filter(|arn| !arn.is_empty()) else { return Ok(None) };
    match arn.parse::<Arn>() {
        Ok(parsed) if ["sqs", "sns", "lambda", "events", "s3"].contains(&parsed.service.as_str()) => Ok(Some(arn)),
        _ => Err(Error::Invalid(format!("The provided destination config DestinationConfig is invalid: {arn}"))),
    }
}

fn destinations(given: Option<DestinationConfig>, record: &mut InvokeConfigRecord) -> Result<(), Error> {
    let Some(DestinationConfig { on_success, on_failure }) = given else { return Ok(()) };
    if let Some(target) = on_success {
        record.on_success = destination(target.destination)?;
    }
    if let Some(target) = on_failure {
        record.on_failure = destination(target.destination)?;
    }
    Ok(())
}

async fn write(
    lambda: &Lambda,
    function: &Function,
    place: &str,
    change: impl Fn(Option<InvokeConfigRecord>) -> Result<InvokeConfigRecord, Error> + Copy,
) -> Result<FunctionEventInvokeConfig, Error> {
    let address = &function.address;
    let written = lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::invoke_config(read_function(tx, address).await?.id, place);
            let record = change(read::<InvokeConfigRecord>(tx, &key).await?)?;
            tx.put(Space::Map, key, record.encode());
            Ok(record)
        })
        .await?;
    Ok(wire::invoke_config(function, place, &written.value))
}

/// Says how a function's events are tried, instead of what was said before.
pub(crate) async fn put_function_event_invoke_config(
    lambda: &Lambda,
    call: &Call,
    input: PutFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let mut record = InvokeConfigRecord {
        modified_at: lambda.now(),
        max_retries: input.maximum_retry_attempts.map(i32::unsigned_abs),
        max_age: input.maximum_event_age_in_seconds.map(i32::unsigned_abs),
        on_success: None,
        on_failure: None,
    };
    destinations(input.destination_config, &mut record)?;
    let record = &record;
    write(lambda, &function, &place(&function, &named)?, |_| Ok(record.clone())).await
}

/// Changes some of how a function's events are tried.
pub(crate) async fn update_function_event_invoke_config(
    lambda: &Lambda,
    call: &Call,
    input: UpdateFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let place = place(&function, &named)?;
    let (now, missing) = (lambda.now(), format!("{}:{place}", function.address.arn()));
    let (retries, age, given) =
        (input.maximum_retry_attempts, input.maximum_event_age_in_seconds, &input.destination_config);
    let change = |found: Option<InvokeConfigRecord>| {
        let mut record = found.ok_or_else(|| Error::NoInvokeConfig(missing.clone()))?;
        record.modified_at = now;
        record.max_retries = retries.map(i32::unsigned_abs).or(record.max_retries);
        record.max_age = age.map(i32::unsigned_abs).or(record.max_age);
        destinations(given.clone(), &mut record)?;
        Ok(record)
    };
    write(lambda, &function, &place, &change).await
}

/// How a function's events are tried.
pub(crate) async fn get_function_event_invoke_config(
    lambda: &Lambda,
    call: &Call,
    input: GetFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let place = place(&function, &named)?;
    let missing = || Error::NoInvokeConfig(format!("{}:{place}", function.address.arn()));
    let record = function.invoke_configs.get(&place).ok_or_else(missing)?;
    Ok(wire::invoke_config(&function, &place, record))
}

/// How the events of a function, its versions and aliases are tried.
pub(crate) async fn list_function_event_invoke_configs(
    lambda: &Lambda,
    call: &Call,
    input: ListFunctionEventInvokeConfigsRequest,
) -> Result<ListFunctionEventInvokeConfigsResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let all = function.invoke_configs.iter().map(|(place, record)| wire::invoke_config(&function, place, record));
    let name = |one: &FunctionEventInvokeConfig| one.function_arn.clone().unwrap_or_default();
    let (configs, next_marker) = page(all.collect(), input.marker.as_deref(), input.max_items, name);
    Ok(ListFunctionEventInvokeConfigsResponse { function_event_invoke_configs: Some(configs), next_marker })
}

/// Lets a function's events be tried as usual again.
pub(crate) async fn delete_function_event_invoke_config(
    lambda: &Lambda,
    call: &Call,
    input: DeleteFunctionEventInvokeConfigRequest,
) -> Result<(), Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let (address, place) = (&function.address, &place(&function, &named)?);
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::invoke_config(read_function(tx, address).await?.id, place);
            if tx.get(Space::Map, &key).await?.is_none() {
                return Err(Error::NoInvokeConfig(format!("{}:{place}", address.arn())));
            }
            tx.delete(Space::Map, key);
            Ok(())
        })
        .await?;
    Ok(())
}
