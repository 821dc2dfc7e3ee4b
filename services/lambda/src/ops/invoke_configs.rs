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
use crate::permits::{role_use, verb};
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

/// The targets of both outcomes, where a request speaks of them; an empty text takes one away.
#[derive(Debug, Clone, Default)]
struct Destinations {
    on_success: Option<Option<String>>,
    on_failure: Option<Option<String>>,
}

impl Destinations {
    fn parse(lambda: &Lambda, function: &Function, given: Option<DestinationConfig>) -> Result<Destinations, Error> {
        let Some(DestinationConfig { on_success, on_failure }) = given else { return Ok(Destinations::default()) };
        let own = |target: Option<String>| Some(target.filter(|arn| !arn.is_empty()));
        let on_success = on_success.and_then(|target| own(target.destination));
        let on_failure = on_failure.and_then(|target| own(target.destination));
        let shown = |target: &Option<Option<String>>, name: &str| match target {
            Some(Some(arn)) => format!("{name}(destination={arn})"),
            Some(None) | None => "null".to_owned(),
        };
        for (arn, also) in [(&on_success, None), (&on_failure, Some("s3"))] {
            let Some(Some(arn)) = arn else { continue };
            check(lambda, function, arn, also)?.then_some(()).ok_or_else(|| {
                Error::Invalid(format!(
                    "The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
                    shown(&on_success, "OnSuccess"),
                    shown(&on_failure, "OnFailure")
                ))
            })?;
        }
        Ok(Destinations { on_success, on_failure })
    }

    fn apply(self, record: &mut InvokeConfigRecord) {
        if let Some(target) = self.on_success {
            record.on_success = target;
        }
        if let Some(target) = self.on_failure {
            record.on_failure = target;
        }
    }
}

/// Whether results may be sent to a target of this kind: one of the usual services or this one. A function must exist
/// and be another one; queues and topics keep no order; the function's role may send there.
fn check(lambda: &Lambda, function: &Function, arn: &str, also: Option<&str>) -> Result<bool, Error> {
    let Ok(parsed) = arn.parse::<Arn>() else { return Ok(false) };
    if parsed.service == "lambda" {
        let own = &function.address;
        let target = FunctionRef::parse(arn, None, own.account, &own.region)?;
        if target.arn() == own.arn() {
            return Err(Error::Invalid("You can't specify the function as a destination for itself.".to_owned()));
        }
        lambda.known(&target).map_err(|_| Error::Invalid(format!("The destination ARN {arn} is invalid.")))?;
    }
    let service = parsed.service.as_str();
    if !["sqs", "sns", "lambda", "events"].contains(&service) && also != Some(service) {
        return Ok(false);
    }
    if ["sqs", "sns"].contains(&service) && parsed.resource.ends_with(".fifo") {
        return Err(Error::Invalid(format!("The destination ARN {arn} is invalid.")));
    }
    let role = function.latest().map(|latest| latest.role.clone()).unwrap_or_default();
    match lambda.permits().may_tell(&role_use(&function.address.arn(), &role), &parsed) {
        Ok(()) => Ok(true),
        Err(action) => Err(Error::Invalid(format!(
            "The function's execution role does not have permissions to call {} on {arn}",
            verb(action)
        ))),
    }
}

/// A function whose configuration is to be changed.
fn changed(lambda: &Lambda, named: &FunctionRef) -> Result<std::sync::Arc<Function>, Error> {
    lambda.known(named).map_err(|_| Error::Missing("The function doesn't exist.".to_owned()))
}

/// What is said where there is no configuration, whatever the reason.
fn missing(named: &FunctionRef) -> Error {
    let qualifier = named.qualifier.as_deref().unwrap_or("$LATEST");
    Error::NoInvokeConfig(format!("{}:{qualifier}", named.arn()))
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
    let function = changed(lambda, &named)?;
    let is_empty = input.maximum_retry_attempts.is_none() && input.maximum_event_age_in_seconds.is_none();
    if is_empty && input.destination_config.is_none() {
        let words = "You must specify at least one of error handling or destination setting.";
        return Err(Error::Invalid(words.to_owned()));
    }
    let mut record = InvokeConfigRecord {
        modified_at: lambda.now(),
        max_retries: input.maximum_retry_attempts.map(i32::unsigned_abs),
        max_age: input.maximum_event_age_in_seconds.map(i32::unsigned_abs),
        on_success: None,
        on_failure: None,
    };
    Destinations::parse(lambda, &function, input.destination_config)?.apply(&mut record);
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
    let function = changed(lambda, &named)?;
    let place = place(&function, &named)?;
    let now = lambda.now();
    let (retries, age) = (input.maximum_retry_attempts, input.maximum_event_age_in_seconds);
    let given = &Destinations::parse(lambda, &function, input.destination_config)?;
    let change = |found: Option<InvokeConfigRecord>| {
        let mut record = found.ok_or_else(|| missing(&named))?;
        record.modified_at = now;
        record.max_retries = retries.map(i32::unsigned_abs).or(record.max_retries);
        record.max_age = age.map(i32::unsigned_abs).or(record.max_age);
        given.clone().apply(&mut record);
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
    let function = lambda.known(&named).map_err(|_| missing(&named))?;
    let place = place(&function, &named).map_err(|_| missing(&named))?;
    let record = function.invoke_configs.get(&place).ok_or_else(|| missing(&named))?;
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
    let function = lambda.known(&named).map_err(|_| missing(&named))?;
    let place = &place(&function, &named).map_err(|_| missing(&named))?;
    let address = &function.address;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::invoke_config(read_function(tx, address).await?.id, place);
            if tx.get(Space::Map, &key).await?.is_none() {
                return Err(missing(&named));
            }
            tx.delete(Space::Map, key);
            Ok(())
        })
        .await?;
    Ok(())
}
