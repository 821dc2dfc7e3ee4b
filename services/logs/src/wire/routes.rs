use tidegate_api_logs::MODEL;
use tidegate_protocol::{Router, route};

use super::COVERAGE;
use super::access::accesses;
use crate::ops;
use crate::service::CloudWatchLogs;

/// Every operation and the function that performs it.
pub(crate) fn router() -> Router<CloudWatchLogs> {
    Router::new(
        &MODEL,
        COVERAGE,
        [
            ("AssociateKmsKey", route(ops::associate_kms_key)),
            ("CancelExportTask", route(ops::cancel_export_task)),
            ("CreateExportTask", route(ops::create_export_task)),
            ("CreateLogGroup", route(ops::create_log_group)),
            ("CreateLogStream", route(ops::create_log_stream)),
            ("DeleteDestination", route(ops::delete_destination)),
            ("DeleteLogGroup", route(ops::delete_log_group)),
            ("DeleteLogStream", route(ops::delete_log_stream)),
            ("DeleteMetricFilter", route(ops::delete_metric_filter)),
            ("DeleteQueryDefinition", route(ops::delete_query_definition)),
            ("DeleteResourcePolicy", route(ops::delete_resource_policy)),
            ("DeleteRetentionPolicy", route(ops::delete_retention_policy)),
            ("DeleteSubscriptionFilter", route(ops::delete_subscription_filter)),
            ("DescribeDestinations", route(ops::describe_destinations)),
            ("DescribeExportTasks", route(ops::describe_export_tasks)),
            ("DescribeLogGroups", route(ops::describe_log_groups)),
            ("DescribeLogStreams", route(ops::describe_log_streams)),
            ("DescribeMetricFilters", route(ops::describe_metric_filters)),
            ("DescribeQueries", route(ops::describe_queries)),
            ("DescribeQueryDefinitions", route(ops::describe_query_definitions)),
            ("DescribeResourcePolicies", route(ops::describe_resource_policies)),
            ("DescribeSubscriptionFilters", route(ops::describe_subscription_filters)),
            ("DisassociateKmsKey", route(ops::disassociate_kms_key)),
            ("FilterLogEvents", route(ops::filter_log_events)),
            ("GetLogEvents", route(ops::get_log_events)),
            ("GetLogGroupFields", route(ops::get_log_group_fields)),
            ("GetLogRecord", route(ops::get_log_record)),
            ("GetQueryResults", route(ops::get_query_results)),
            ("ListLogGroups", route(ops::list_log_groups)),
            ("ListLogGroupsForQuery", route(ops::list_log_groups_for_query)),
            ("ListTagsForResource", route(ops::list_tags_for_resource)),
            ("ListTagsLogGroup", route(ops::list_tags_log_group)),
            ("PutDestination", route(ops::put_destination)),
            ("PutDestinationPolicy", route(ops::put_destination_policy)),
            ("PutLogEvents", route(ops::put_log_events)),
            ("PutLogGroupDeletionProtection", route(ops::put_log_group_deletion_protection)),
            ("PutMetricFilter", route(ops::put_metric_filter)),
            ("PutQueryDefinition", route(ops::put_query_definition)),
            ("PutResourcePolicy", route(ops::put_resource_policy)),
            ("PutRetentionPolicy", route(ops::put_retention_policy)),
            ("PutSubscriptionFilter", route(ops::put_subscription_filter)),
            ("StartQuery", route(ops::start_query)),
            ("StopQuery", route(ops::stop_query)),
            ("StartLiveTail", route(ops::start_live_tail)),
            ("TagLogGroup", route(ops::tag_log_group)),
            ("TagResource", route(ops::tag_resource)),
            ("TestMetricFilter", route(ops::test_metric_filter)),
            ("UntagLogGroup", route(ops::untag_log_group)),
            ("UntagResource", route(ops::untag_resource)),
        ],
    )
    .with_accesses(accesses())
}
