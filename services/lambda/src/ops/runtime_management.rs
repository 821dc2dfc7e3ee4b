use std::sync::Arc;

use tidegate_api_lambda::{
    GetRuntimeManagementConfigRequest, GetRuntimeManagementConfigResponse, PutRuntimeManagementConfigRequest,
    PutRuntimeManagementConfigResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_function;
use crate::domain::{FunctionRef, Qualifier};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Function, RuntimeManagementRecord, keys};

/// The function and the version that a request means: runtimes belong to versions, so aliases have none.
fn place(lambda: &Lambda, named: &FunctionRef) -> Result<(Arc<Function>, String), Error> {
    let function = lambda.known(named)?;
    let number = match named.meant() {
        Qualifier::Latest => return Ok((function, "$LATEST".to_owned())),
        Qualifier::Version(number) => Some(number).filter(|number| *number > 0),
        Qualifier::Alias(_) => None,
    };
    match number.filter(|number| function.versions.contains_key(number)) {
        Some(number) => Ok((function, number.to_string())),
        None => Err(Error::NoFunction(named.qualified_arn())),
    }
}

/// Says when a version gets another version of its runtime. It is the machine's own here: this is kept and shown.
pub(crate) async fn put_runtime_management_config(
    lambda: &Lambda,
    call: &Call,
    input: PutRuntimeManagementConfigRequest,
) -> Result<PutRuntimeManagementConfigResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let (function, place) = &place(lambda, &named)?;
    let record = &RuntimeManagementRecord {
        update_on: input.update_runtime_on.unwrap_or_default(),
        version_arn: input.runtime_version_arn,
    };
    if (record.update_on == "Manual") != record.version_arn.is_some() {
        return Err(Error::Invalid(
            "RuntimeVersionArn must be provided when UpdateRuntimeOn is Manual, and only then.".to_owned(),
        ));
    }
    let address = &function.address;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let id = read_function(tx, address).await?.id;
            tx.put(Space::Map, keys::runtime_management(id, place), record.encode());
            Ok(())
        })
        .await?;
    Ok(PutRuntimeManagementConfigResponse {
        update_runtime_on: Some(record.update_on.clone()),
        function_arn: Some(format!("{}:{place}", address.arn())),
        runtime_version_arn: record.version_arn.clone(),
    })
}

/// When a version gets another version of its runtime.
pub(crate) async fn get_runtime_management_config(
    lambda: &Lambda,
    call: &Call,
    input: GetRuntimeManagementConfigRequest,
) -> Result<GetRuntimeManagementConfigResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let (function, place) = place(lambda, &named)?;
    let record = function.runtime_management.get(&place);
    Ok(GetRuntimeManagementConfigResponse {
        update_runtime_on: Some(record.map_or_else(|| "Auto".to_owned(), |record| record.update_on.clone())),
        runtime_version_arn: record.and_then(|record| record.version_arn.clone()),
        function_arn: Some(format!("{}:{place}", function.address.arn())),
    })
}
