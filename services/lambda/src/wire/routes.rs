use tidegate_api_lambda::MODEL;
use tidegate_protocol::{Router, route};

use super::COVERAGE;
use super::access::accesses;
use crate::service::Lambda;
use crate::{invoke, ops};

/// Every operation and the function that performs it.
pub(crate) fn router() -> Router<Lambda> {
    Router::new(
        &MODEL,
        COVERAGE,
        [
            ("AddLayerVersionPermission", route(ops::add_layer_version_permission)),
            ("AddPermission", route(ops::add_permission)),
            ("CreateAlias", route(ops::create_alias)),
            ("CreateEventSourceMapping", route(ops::create_event_source_mapping)),
            ("CreateFunction", route(ops::create_function)),
            ("CreateFunctionUrlConfig", route(ops::create_function_url_config)),
            ("DeleteAlias", route(ops::delete_alias)),
            ("DeleteEventSourceMapping", route(ops::delete_event_source_mapping)),
            ("DeleteFunction", route(ops::delete_function)),
            ("DeleteFunctionConcurrency", route(ops::delete_function_concurrency)),
            ("DeleteFunctionEventInvokeConfig", route(ops::delete_function_event_invoke_config)),
            ("DeleteFunctionUrlConfig", route(ops::delete_function_url_config)),
            ("DeleteLayerVersion", route(ops::delete_layer_version)),
            ("GetAccountSettings", route(ops::get_account_settings)),
            ("GetAlias", route(ops::get_alias)),
            ("GetEventSourceMapping", route(ops::get_event_source_mapping)),
            ("GetFunction", route(ops::get_function)),
            ("GetFunctionCodeSigningConfig", route(ops::get_function_code_signing_config)),
            ("GetFunctionConcurrency", route(ops::get_function_concurrency)),
            ("GetFunctionConfiguration", route(ops::get_function_configuration)),
            ("GetFunctionEventInvokeConfig", route(ops::get_function_event_invoke_config)),
            ("GetFunctionRecursionConfig", route(ops::get_function_recursion_config)),
            ("GetFunctionUrlConfig", route(ops::get_function_url_config)),
            ("GetLayerVersion", route(ops::get_layer_version)),
            ("GetLayerVersionByArn", route(ops::get_layer_version_by_arn)),
            ("GetLayerVersionPolicy", route(ops::get_layer_version_policy)),
            ("GetPolicy", route(ops::get_policy)),
            ("Invoke", route(invoke::invoke)),
            ("InvokeAsync", route(invoke::invoke_async)),
            ("InvokeWithResponseStream", route(invoke::invoke_with_response_stream)),
            ("ListAliases", route(ops::list_aliases)),
            ("ListEventSourceMappings", route(ops::list_event_source_mappings)),
            ("ListFunctionEventInvokeConfigs", route(ops::list_function_event_invoke_configs)),
            ("ListFunctionUrlConfigs", route(ops::list_function_url_configs)),
            ("ListFunctions", route(ops::list_functions)),
            ("ListLayerVersions", route(ops::list_layer_versions)),
            ("ListLayers", route(ops::list_layers)),
            ("ListTags", route(ops::list_tags)),
            ("ListVersionsByFunction", route(ops::list_versions_by_function)),
            ("PublishLayerVersion", route(ops::publish_layer_version)),
            ("PublishVersion", route(ops::publish_version)),
            ("PutFunctionConcurrency", route(ops::put_function_concurrency)),
            ("PutFunctionEventInvokeConfig", route(ops::put_function_event_invoke_config)),
            ("PutFunctionRecursionConfig", route(ops::put_function_recursion_config)),
            ("RemoveLayerVersionPermission", route(ops::remove_layer_version_permission)),
            ("RemovePermission", route(ops::remove_permission)),
            ("TagResource", route(ops::tag_resource)),
            ("UntagResource", route(ops::untag_resource)),
            ("UpdateAlias", route(ops::update_alias)),
            ("UpdateEventSourceMapping", route(ops::update_event_source_mapping)),
            ("UpdateFunctionCode", route(ops::update_function_code)),
            ("UpdateFunctionConfiguration", route(ops::update_function_configuration)),
            ("UpdateFunctionEventInvokeConfig", route(ops::update_function_event_invoke_config)),
            ("UpdateFunctionUrlConfig", route(ops::update_function_url_config)),
        ],
    )
    .with_accesses(accesses())
}
