//! Every operation with the types of its input and output.

use tidegate_api_lambda as api;

use crate::round_trip::{answer, request};

/// Makes a value from a seed, encodes it as an operation's, decodes it, and compares.
pub type Check = fn(operation: &str, seed: u64);

/// In the model's order.
pub const ALL: &[(&str, Check, Check)] = &[
    (
        "AddLayerVersionPermission",
        request::<api::AddLayerVersionPermissionRequest>,
        answer::<api::AddLayerVersionPermissionResponse>,
    ),
    ("AddPermission", request::<api::AddPermissionRequest>, answer::<api::AddPermissionResponse>),
    (
        "CheckpointDurableExecution",
        request::<api::CheckpointDurableExecutionRequest>,
        answer::<api::CheckpointDurableExecutionResponse>,
    ),
    ("CreateAlias", request::<api::CreateAliasRequest>, answer::<api::AliasConfiguration>),
    (
        "CreateCapacityProvider",
        request::<api::CreateCapacityProviderRequest>,
        answer::<api::CreateCapacityProviderResponse>,
    ),
    (
        "CreateCodeSigningConfig",
        request::<api::CreateCodeSigningConfigRequest>,
        answer::<api::CreateCodeSigningConfigResponse>,
    ),
    (
        "CreateEventSourceMapping",
        request::<api::CreateEventSourceMappingRequest>,
        answer::<api::EventSourceMappingConfiguration>,
    ),
    ("CreateFunction", request::<api::CreateFunctionRequest>, answer::<api::FunctionConfiguration>),
    (
        "CreateFunctionUrlConfig",
        request::<api::CreateFunctionUrlConfigRequest>,
        answer::<api::CreateFunctionUrlConfigResponse>,
    ),
    ("DeleteAlias", request::<api::DeleteAliasRequest>, answer::<()>),
    (
        "DeleteCapacityProvider",
        request::<api::DeleteCapacityProviderRequest>,
        answer::<api::DeleteCapacityProviderResponse>,
    ),
    (
        "DeleteCodeSigningConfig",
        request::<api::DeleteCodeSigningConfigRequest>,
        answer::<api::DeleteCodeSigningConfigResponse>,
    ),
    (
        "DeleteEventSourceMapping",
        request::<api::DeleteEventSourceMappingRequest>,
        answer::<api::EventSourceMappingConfiguration>,
    ),
    ("DeleteFunction", request::<api::DeleteFunctionRequest>, answer::<api::DeleteFunctionResponse>),
    ("DeleteFunctionCodeSigningConfig", request::<api::DeleteFunctionCodeSigningConfigRequest>, answer::<()>),
    ("DeleteFunctionConcurrency", request::<api::DeleteFunctionConcurrencyRequest>, answer::<()>),
    ("DeleteFunctionEventInvokeConfig", request::<api::DeleteFunctionEventInvokeConfigRequest>, answer::<()>),
    ("DeleteFunctionUrlConfig", request::<api::DeleteFunctionUrlConfigRequest>, answer::<()>),
    ("DeleteLayerVersion", request::<api::DeleteLayerVersionRequest>, answer::<()>),
    ("DeleteProvisionedConcurrencyConfig", request::<api::DeleteProvisionedConcurrencyConfigRequest>, answer::<()>),
    ("GetAccountSettings", request::<api::GetAccountSettingsRequest>, answer::<api::GetAccountSettingsResponse>),
    ("GetAlias", request::<api::GetAliasRequest>, answer::<api::AliasConfiguration>),
    ("GetCapacityProvider", request::<api::GetCapacityProviderRequest>, answer::<api::GetCapacityProviderResponse>),
    ("GetCodeSigningConfig", request::<api::GetCodeSigningConfigRequest>, answer::<api::GetCodeSigningConfigResponse>),
    ("GetDurableExecution", request::<api::GetDurableExecutionRequest>, answer::<api::GetDurableExecutionResponse>),
    (
        "GetDurableExecutionHistory",
        request::<api::GetDurableExecutionHistoryRequest>,
        answer::<api::GetDurableExecutionHistoryResponse>,
    ),
    (
        "GetDurableExecutionState",
        request::<api::GetDurableExecutionStateRequest>,
        answer::<api::GetDurableExecutionStateResponse>,
    ),
    (
        "GetEventSourceMapping",
        request::<api::GetEventSourceMappingRequest>,
        answer::<api::EventSourceMappingConfiguration>,
    ),
    ("GetFunction", request::<api::GetFunctionRequest>, answer::<api::GetFunctionResponse>),
    (
        "GetFunctionCodeSigningConfig",
        request::<api::GetFunctionCodeSigningConfigRequest>,
        answer::<api::GetFunctionCodeSigningConfigResponse>,
    ),
    (
        "GetFunctionConcurrency",
        request::<api::GetFunctionConcurrencyRequest>,
        answer::<api::GetFunctionConcurrencyResponse>,
    ),
    ("GetFunctionConfiguration", request::<api::GetFunctionConfigurationRequest>, answer::<api::FunctionConfiguration>),
    (
        "GetFunctionEventInvokeConfig",
        request::<api::GetFunctionEventInvokeConfigRequest>,
        answer::<api::FunctionEventInvokeConfig>,
    ),
    (
        "GetFunctionRecursionConfig",
        request::<api::GetFunctionRecursionConfigRequest>,
        answer::<api::GetFunctionRecursionConfigResponse>,
    ),
    (
        "GetFunctionScalingConfig",
        request::<api::GetFunctionScalingConfigRequest>,
        answer::<api::GetFunctionScalingConfigResponse>,
    ),
    ("GetFunctionUrlConfig", request::<api::GetFunctionUrlConfigRequest>, answer::<api::GetFunctionUrlConfigResponse>),
    ("GetLayerVersion", request::<api::GetLayerVersionRequest>, answer::<api::GetLayerVersionResponse>),
    ("GetLayerVersionByArn", request::<api::GetLayerVersionByArnRequest>, answer::<api::GetLayerVersionResponse>),
    (
        "GetLayerVersionPolicy",
        request::<api::GetLayerVersionPolicyRequest>,
        answer::<api::GetLayerVersionPolicyResponse>,
    ),
    ("GetPolicy", request::<api::GetPolicyRequest>, answer::<api::GetPolicyResponse>),
    (
        "GetProvisionedConcurrencyConfig",
        request::<api::GetProvisionedConcurrencyConfigRequest>,
        answer::<api::GetProvisionedConcurrencyConfigResponse>,
    ),
    (
        "GetRuntimeManagementConfig",
        request::<api::GetRuntimeManagementConfigRequest>,
        answer::<api::GetRuntimeManagementConfigResponse>,
    ),
    ("Invoke", request::<api::InvocationRequest>, answer::<api::InvocationResponse>),
    ("InvokeAsync", request::<api::InvokeAsyncRequest>, answer::<api::InvokeAsyncResponse>),
    (
        "InvokeWithResponseStream",
        request::<api::InvokeWithResponseStreamRequest>,
        answer::<api::InvokeWithResponseStreamResponse>,
    ),
    ("ListAliases", request::<api::ListAliasesRequest>, answer::<api::ListAliasesResponse>),
    (
        "ListCapacityProviders",
        request::<api::ListCapacityProvidersRequest>,
        answer::<api::ListCapacityProvidersResponse>,
    ),
    (
        "ListCodeSigningConfigs",
        request::<api::ListCodeSigningConfigsRequest>,
        answer::<api::ListCodeSigningConfigsResponse>,
    ),
    (
        "ListDurableExecutionsByFunction",
        request::<api::ListDurableExecutionsByFunctionRequest>,
        answer::<api::ListDurableExecutionsByFunctionResponse>,
    ),
    (
        "ListEventSourceMappings",
        request::<api::ListEventSourceMappingsRequest>,
        answer::<api::ListEventSourceMappingsResponse>,
    ),
    (
        "ListFunctionEventInvokeConfigs",
        request::<api::ListFunctionEventInvokeConfigsRequest>,
        answer::<api::ListFunctionEventInvokeConfigsResponse>,
    ),
    (
        "ListFunctionUrlConfigs",
        request::<api::ListFunctionUrlConfigsRequest>,
        answer::<api::ListFunctionUrlConfigsResponse>,
    ),
    (
        "ListFunctionVersionsByCapacityProvider",
        request::<api::ListFunctionVersionsByCapacityProviderRequest>,
        answer::<api::ListFunctionVersionsByCapacityProviderResponse>,
    ),
    ("ListFunctions", request::<api::ListFunctionsRequest>, answer::<api::ListFunctionsResponse>),
    (
        "ListFunctionsByCodeSigningConfig",
        request::<api::ListFunctionsByCodeSigningConfigRequest>,
        answer::<api::ListFunctionsByCodeSigningConfigResponse>,
    ),
    ("ListLayerVersions", request::<api::ListLayerVersionsRequest>, answer::<api::ListLayerVersionsResponse>),
    ("ListLayers", request::<api::ListLayersRequest>, answer::<api::ListLayersResponse>),
    (
        "ListProvisionedConcurrencyConfigs",
        request::<api::ListProvisionedConcurrencyConfigsRequest>,
        answer::<api::ListProvisionedConcurrencyConfigsResponse>,
    ),
    ("ListTags", request::<api::ListTagsRequest>, answer::<api::ListTagsResponse>),
    (
        "ListVersionsByFunction",
        request::<api::ListVersionsByFunctionRequest>,
        answer::<api::ListVersionsByFunctionResponse>,
    ),
    ("PublishLayerVersion", request::<api::PublishLayerVersionRequest>, answer::<api::PublishLayerVersionResponse>),
    ("PublishVersion", request::<api::PublishVersionRequest>, answer::<api::FunctionConfiguration>),
    (
        "PutFunctionCodeSigningConfig",
        request::<api::PutFunctionCodeSigningConfigRequest>,
        answer::<api::PutFunctionCodeSigningConfigResponse>,
    ),
    ("PutFunctionConcurrency", request::<api::PutFunctionConcurrencyRequest>, answer::<api::Concurrency>),
    (
        "PutFunctionEventInvokeConfig",
        request::<api::PutFunctionEventInvokeConfigRequest>,
        answer::<api::FunctionEventInvokeConfig>,
    ),
    (
        "PutFunctionRecursionConfig",
        request::<api::PutFunctionRecursionConfigRequest>,
        answer::<api::PutFunctionRecursionConfigResponse>,
    ),
    (
        "PutFunctionScalingConfig",
        request::<api::PutFunctionScalingConfigRequest>,
        answer::<api::PutFunctionScalingConfigResponse>,
    ),
    (
        "PutProvisionedConcurrencyConfig",
        request::<api::PutProvisionedConcurrencyConfigRequest>,
        answer::<api::PutProvisionedConcurrencyConfigResponse>,
    ),
    (
        "PutRuntimeManagementConfig",
        request::<api::PutRuntimeManagementConfigRequest>,
        answer::<api::PutRuntimeManagementConfigResponse>,
    ),
    ("RemoveLayerVersionPermission", request::<api::RemoveLayerVersionPermissionRequest>, answer::<()>),
    ("RemovePermission", request::<api::RemovePermissionRequest>, answer::<()>),
    (
        "SendDurableExecutionCallbackFailure",
        request::<api::SendDurableExecutionCallbackFailureRequest>,
        answer::<api::SendDurableExecutionCallbackFailureResponse>,
    ),
    (
        "SendDurableExecutionCallbackHeartbeat",
        request::<api::SendDurableExecutionCallbackHeartbeatRequest>,
        answer::<api::SendDurableExecutionCallbackHeartbeatResponse>,
    ),
    (
        "SendDurableExecutionCallbackSuccess",
        request::<api::SendDurableExecutionCallbackSuccessRequest>,
        answer::<api::SendDurableExecutionCallbackSuccessResponse>,
    ),
    ("StopDurableExecution", request::<api::StopDurableExecutionRequest>, answer::<api::StopDurableExecutionResponse>),
    ("TagResource", request::<api::TagResourceRequest>, answer::<()>),
    ("UntagResource", request::<api::UntagResourceRequest>, answer::<()>),
    ("UpdateAlias", request::<api::UpdateAliasRequest>, answer::<api::AliasConfiguration>),
    (
        "UpdateCapacityProvider",
        request::<api::UpdateCapacityProviderRequest>,
        answer::<api::UpdateCapacityProviderResponse>,
    ),
    (
        "UpdateCodeSigningConfig",
        request::<api::UpdateCodeSigningConfigRequest>,
        answer::<api::UpdateCodeSigningConfigResponse>,
    ),
    (
        "UpdateEventSourceMapping",
        request::<api::UpdateEventSourceMappingRequest>,
        answer::<api::EventSourceMappingConfiguration>,
    ),
    ("UpdateFunctionCode", request::<api::UpdateFunctionCodeRequest>, answer::<api::FunctionConfiguration>),
    (
        "UpdateFunctionConfiguration",
        request::<api::UpdateFunctionConfigurationRequest>,
        answer::<api::FunctionConfiguration>,
    ),
    (
        "UpdateFunctionEventInvokeConfig",
        request::<api::UpdateFunctionEventInvokeConfigRequest>,
        answer::<api::FunctionEventInvokeConfig>,
    ),
    (
        "UpdateFunctionUrlConfig",
        request::<api::UpdateFunctionUrlConfigRequest>,
        answer::<api::UpdateFunctionUrlConfigResponse>,
    ),
];
