use tidegate_api_lambda::{
    AccountLimit, AccountUsage, GetAccountSettingsRequest, GetAccountSettingsResponse,
    GetFunctionRecursionConfigRequest, GetFunctionRecursionConfigResponse, PutFunctionRecursionConfigRequest,
    PutFunctionRecursionConfigResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_function;
use crate::domain::{ACCOUNT_CONCURRENCY, MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::keys;

/// The bytes of code that AWS keeps for an account.
const ACCOUNT_CODE_BYTES: i64 = 80_530_636_800;

fn recursion(ends: bool) -> Option<String> {
    Some(if ends { "Terminate" } else { "Allow" }.to_owned())
}

/// What an account may have, and has.
pub(crate) async fn get_account_settings(
    lambda: &Lambda,
    call: &Call,
    _input: GetAccountSettingsRequest,
) -> Result<GetAccountSettingsResponse, Error> {
    let functions = lambda.directory.of_account(call.account, &call.region);
    let code = functions.iter().flat_map(|function| function.versions.values()).map(|version| version.code_size as i64);
    let layers = lambda.layers.of_account(call.account, &call.region);
    let of_layers = layers.iter().flat_map(|(_, versions)| versions.values()).map(|version| version.code_size as i64);
    let reserved = lambda.directory.reserved(call.account, &call.region);
    Ok(GetAccountSettingsResponse {
        account_limit: Some(AccountLimit {
            total_code_size: Some(ACCOUNT_CODE_BYTES),
            code_size_unzipped: Some(MAX_UNZIPPED_BYTES as i64),
            code_size_zipped: Some(MAX_ZIPPED_BYTES as i64),
            concurrent_executions: Some(ACCOUNT_CONCURRENCY as i32),
            unreserved_concurrent_executions: Some((ACCOUNT_CONCURRENCY - reserved) as i32),
        }),
        account_usage: Some(AccountUsage {
            total_code_size: Some(code.chain(of_layers).sum()),
            function_count: Some(functions.len() as i64),
        }),
    })
}

/// Whether chains of events that call a function again and again are ended.
pub(crate) async fn get_function_recursion_config(
    lambda: &Lambda,
    call: &Call,
    input: GetFunctionRecursionConfigRequest,
) -> Result<GetFunctionRecursionConfigResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    Ok(GetFunctionRecursionConfigResponse { recursive_loop: recursion(function.record.ends_recursion) })
}

/// Says whether chains of events that call a function again and again are ended.
pub(crate) async fn put_function_recursion_config(
    lambda: &Lambda,
    call: &Call,
    input: PutFunctionRecursionConfigRequest,
) -> Result<PutFunctionRecursionConfigResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let ends = input.recursive_loop.as_deref() != Some("Allow");
    let address = &function.address;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let mut record = read_function(tx, address).await?;
            record.ends_recursion = ends;
            tx.put(Space::Map, keys::function(address), record.encode());
            Ok(())
        })
        .await?;
    Ok(PutFunctionRecursionConfigResponse { recursive_loop: recursion(ends) })
}
