//! The scaling of functions on managed instances. No function has a capacity provider here, and of those without
//! one AWS keeps no such configuration: every function and version that exists is refused for that reason.

use tidegate_api_lambda::{
    GetFunctionScalingConfigRequest, GetFunctionScalingConfigResponse, PutFunctionScalingConfigRequest,
    PutFunctionScalingConfigResponse,
};
use tidegate_protocol::Call;

use crate::error::Error;
use crate::service::Lambda;

/// Why there is no such configuration; of a function or version that is missing, that it is.
fn refusal(lambda: &Lambda, call: &Call, name: Option<String>, qualifier: Option<&str>) -> Error {
    let found = lambda.named(call, name, qualifier).and_then(|named| {
        let function = lambda.known(&named)?;
        function.version(&named.meant(), 0).ok_or_else(|| Error::NoFunction(named.qualified_arn()))?;
        Ok(())
    });
    found.err().unwrap_or_else(|| {
        Error::Invalid("Function scaling configurations need a function with a capacity provider.".to_owned())
    })
}

/// How a function with a capacity provider scales: there is none.
pub(crate) async fn get_function_scaling_config(
    lambda: &Lambda,
    call: &Call,
    input: GetFunctionScalingConfigRequest,
) -> Result<GetFunctionScalingConfigResponse, Error> {
    Err(refusal(lambda, call, input.function_name, input.qualifier.as_deref()))
}

/// Sets how a function with a capacity provider scales: there is none.
pub(crate) async fn put_function_scaling_config(
    lambda: &Lambda,
    call: &Call,
    input: PutFunctionScalingConfigRequest,
) -> Result<PutFunctionScalingConfigResponse, Error> {
    Err(refusal(lambda, call, input.function_name, input.qualifier.as_deref()))
}
