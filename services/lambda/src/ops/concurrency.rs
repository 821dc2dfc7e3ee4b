use tidegate_api_lambda::{
    Concurrency, DeleteFunctionConcurrencyRequest, GetFunctionConcurrencyRequest, GetFunctionConcurrencyResponse,
    PutFunctionConcurrencyRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_function;
use crate::domain::{ACCOUNT_CONCURRENCY, UNRESERVED_MINIMUM};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Function, keys};

async fn reserve(lambda: &Lambda, function: &Function, reserved: Option<u32>) -> Result<(), Error> {
    let address = &function.address;
    // All functions of an account take turns here, so that together they cannot reserve too much.
    lambda
        .transact(&[super::account_concurrency(address), keys::function(address)], async |tx: &mut Tx| {
            let mut record = read_function(tx, address).await?;
            let others = lambda.directory.reserved(address.account, &address.region) - record.reserved.unwrap_or(0);
            let ready = lambda.directory.get(address).map_or(0, |function| function.provisioned_together());
            if let Some(given) = reserved.filter(|given| *given < ready) {
                return Err(Error::Invalid(format!(
                    " ReservedConcurrentExecutions  {given} should not be lower than function's total provisioned \
                     concurrency [{ready}]."
                )));
            }
            let most = (ACCOUNT_CONCURRENCY - UNRESERVED_MINIMUM).saturating_sub(others);
            if reserved.is_some_and(|reserved| reserved > most) {
                return Err(Error::Invalid(format!(
                    "Specified ReservedConcurrentExecutions for function decreases account's \
                     UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MINIMUM}]."
                )));
            }
            record.reserved = reserved;
            tx.put(Space::Map, keys::function(address), record.encode());
            Ok(())
        })
        .await?;
    lambda.gate.limits_changed();
    Ok(())
}

/// Reserves invocations for a function.
pub(crate) async fn put_function_concurrency(
    lambda: &Lambda,
    call: &Call,
    input: PutFunctionConcurrencyRequest,
) -> Result<Concurrency, Error> {
    let named = lambda.named(call, input.function_name, None)?;
    if named.qualifier.is_some() {
        return Err(Error::Invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. \
             Please specify either a function name or an unqualified function ARN."
                .to_owned(),
        ));
    }
    let function = lambda.known(&named).map_err(|_| Error::NoFunction(format!("{}:$LATEST", named.arn())))?;
    let reserved = input.reserved_concurrent_executions.unwrap_or_default();
    reserve(lambda, &function, Some(reserved.unsigned_abs())).await?;
    Ok(Concurrency { reserved_concurrent_executions: Some(reserved) })
}

/// What a function has reserved.
pub(crate) async fn get_function_concurrency(
    lambda: &Lambda,
    call: &Call,
    input: GetFunctionConcurrencyRequest,
) -> Result<GetFunctionConcurrencyResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let reserved = function.record.reserved.map(|reserved| reserved as i32);
    Ok(GetFunctionConcurrencyResponse { reserved_concurrent_executions: reserved })
}

/// Gives back what a function has reserved.
pub(crate) async fn delete_function_concurrency(
    lambda: &Lambda,
    call: &Call,
    input: DeleteFunctionConcurrencyRequest,
) -> Result<(), Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    reserve(lambda, &function, None).await
}
