use tidegate_api_lambda::{
    CreateFunctionUrlConfigRequest, CreateFunctionUrlConfigResponse, DeleteFunctionUrlConfigRequest,
    GetFunctionUrlConfigRequest, GetFunctionUrlConfigResponse, ListFunctionUrlConfigsRequest,
    ListFunctionUrlConfigsResponse, UpdateFunctionUrlConfigRequest, UpdateFunctionUrlConfigResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::{page, read, read_function};
use crate::domain::{FunctionRef, Qualifier};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Function, UrlRecord, keys};
use crate::wire;

/// What is said of a function that is not there.
fn no_function(_: Error) -> Error {
    Error::Missing("Function does not exist".to_owned())
}

/// Under which key an address lies: that of the function itself, or of an alias. Versions have none.
fn place(function: &Function, named: &FunctionRef) -> Result<String, Error> {
    if let Some(given) = named.qualifier.as_deref()
        && !matches!(named.meant(), Qualifier::Alias(_))
    {
        return Err(Error::Validation(format!(
            "1 validation error detected: Value '{given}' at 'qualifier' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)"
        )));
    }
    match named.meant() {
        Qualifier::Latest => Ok(String::new()),
        Qualifier::Alias(name) if function.aliases.contains_key(&name) => Ok(name),
        Qualifier::Alias(_) | Qualifier::Version(_) => Err(Error::NoFunction(named.qualified_arn())),
    }
}

/// Gives a function an address for HTTP.
pub(crate) async fn create_function_url_config(
    lambda: &Lambda,
    call: &Call,
    input: CreateFunctionUrlConfigRequest,
) -> Result<CreateFunctionUrlConfigResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named).map_err(no_function)?;
    let (address, place) = (&function.address, &place(&function, &named)?);
    let record = &UrlRecord {
        id: lambda.env.uuid().simple().to_string(),
        created_at: lambda.now(),
        modified_at: lambda.now(),
        needs_signature: input.auth_type.as_deref() == Some("AWS_IAM"),
        is_streamed: input.invoke_mode.as_deref() == Some("RESPONSE_STREAM"),
        cors: input.cors.map(wire::cors_record),
    };
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::url(read_function(tx, address).await?.id, place);
            if tx.get(Space::Map, &key).await?.is_some() {
                return Err(Error::Conflict(format!(
                    "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig \
                     exists for this Lambda function",
                    address.arn()
                )));
            }
            tx.put(Space::Map, key, record.encode());
            Ok(())
        })
        .await?;
    let shown = wire::url(call, &function, place, record);
    Ok(CreateFunctionUrlConfigResponse {
        function_url: shown.function_url,
        function_arn: shown.function_arn,
        auth_type: shown.auth_type,
        cors: shown.cors,
        creation_time: shown.creation_time,
        invoke_mode: shown.invoke_mode,
    })
}

/// Changes how a function answers at its address.
pub(crate) async fn update_function_url_config(
    lambda: &Lambda,
    call: &Call,
    input: UpdateFunctionUrlConfigRequest,
) -> Result<UpdateFunctionUrlConfigResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let (address, place, now) = (&function.address, &place(&function, &named)?, lambda.now());
    let (auth, mode, cors) = (&input.auth_type, &input.invoke_mode, &input.cors);
    let changed = lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::url(read_function(tx, address).await?.id, place);
            let found = read::<UrlRecord>(tx, &key).await?;
            let mut record = found.ok_or_else(|| Error::NoResource("function URL".to_owned()))?;
            record.modified_at = now;
            if let Some(auth) = auth {
                record.needs_signature = auth == "AWS_IAM";
            }
            if let Some(mode) = mode {
                record.is_streamed = mode == "RESPONSE_STREAM";
            }
            if let Some(cors) = cors {
                record.cors = Some(wire::cors_record(cors.clone()));
            }
            tx.put(Space::Map, key, record.encode());
            Ok(record)
        })
        .await?;
    let shown = wire::url(call, &function, place, &changed.value);
    Ok(UpdateFunctionUrlConfigResponse {
        function_url: shown.function_url,
        function_arn: shown.function_arn,
        auth_type: shown.auth_type,
        cors: shown.cors,
        creation_time: shown.creation_time,
        last_modified_time: shown.last_modified_time,
        invoke_mode: shown.invoke_mode,
    })
}

/// How a function answers at its address.
pub(crate) async fn get_function_url_config(
    lambda: &Lambda,
    call: &Call,
    input: GetFunctionUrlConfigRequest,
) -> Result<GetFunctionUrlConfigResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named).map_err(|_| Error::NoResource("function URL".to_owned()))?;
    let place = place(&function, &named)?;
    let record = function.urls.get(&place).ok_or_else(|| Error::NoResource("function URL".to_owned()))?;
    let shown = wire::url(call, &function, &place, record);
    Ok(GetFunctionUrlConfigResponse {
        function_url: shown.function_url,
        function_arn: shown.function_arn,
        auth_type: shown.auth_type,
        cors: shown.cors,
        creation_time: shown.creation_time,
        last_modified_time: shown.last_modified_time,
        invoke_mode: shown.invoke_mode,
    })
}

/// The addresses of a function and its aliases.
pub(crate) async fn list_function_url_configs(
    lambda: &Lambda,
    call: &Call,
    input: ListFunctionUrlConfigsRequest,
) -> Result<ListFunctionUrlConfigsResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?).map_err(no_function)?;
    let all = function.urls.iter().map(|(place, record)| wire::url(call, &function, place, record)).collect();
    let name = |one: &tidegate_api_lambda::FunctionUrlConfig| one.function_arn.clone().unwrap_or_default();
    let (configs, next_marker) = page(all, input.marker.as_deref(), input.max_items, name);
    Ok(ListFunctionUrlConfigsResponse { function_url_configs: Some(configs), next_marker })
}

/// Takes a function's address away.
pub(crate) async fn delete_function_url_config(
    lambda: &Lambda,
    call: &Call,
    input: DeleteFunctionUrlConfigRequest,
) -> Result<(), Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let (address, place) = (&function.address, &place(&function, &named)?);
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::url(read_function(tx, address).await?.id, place);
            if tx.get(Space::Map, &key).await?.is_none() {
                return Err(Error::NoResource("function URL".to_owned()));
            }
            tx.delete(Space::Map, key);
            Ok(())
        })
        .await?;
    Ok(())
}
