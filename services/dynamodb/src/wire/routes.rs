use tidegate_protocol::{Router, route};

use super::access::{accesses, streams_accesses};
use super::{COVERAGE, STREAMS_COVERAGE};
use crate::ops;
use crate::service::{DynamoDb, DynamoDbStreams};

/// Every operation and the function that performs it.
pub(crate) fn router() -> Router<DynamoDb> {
    Router::new(
        &tidegate_api_dynamodb::MODEL,
        COVERAGE,
        [
            ("BatchExecuteStatement", route(ops::batch_execute_statement)),
            ("BatchGetItem", route(ops::batch_get_item)),
            ("BatchWriteItem", route(ops::batch_write_item)),
            ("CreateBackup", route(ops::create_backup)),
            ("CreateTable", route(ops::create_table)),
            ("DeleteBackup", route(ops::delete_backup)),
            ("DeleteItem", route(ops::delete_item)),
            ("DeleteResourcePolicy", route(ops::delete_resource_policy)),
            ("DeleteTable", route(ops::delete_table)),
            ("DescribeBackup", route(ops::describe_backup)),
            ("DescribeContinuousBackups", route(ops::describe_continuous_backups)),
            ("DescribeContributorInsights", route(ops::describe_contributor_insights)),
            ("DescribeEndpoints", route(ops::describe_endpoints)),
            ("DescribeKinesisStreamingDestination", route(ops::describe_kinesis_streaming_destination)),
            ("DescribeLimits", route(ops::describe_limits)),
            ("DescribeTable", route(ops::describe_table)),
            ("DescribeTimeToLive", route(ops::describe_time_to_live)),
            ("ExecuteStatement", route(ops::execute_statement)),
            ("ExecuteTransaction", route(ops::execute_transaction)),
            ("GetItem", route(ops::get_item)),
            ("GetResourcePolicy", route(ops::get_resource_policy)),
            ("ListBackups", route(ops::list_backups)),
            ("ListContributorInsights", route(ops::list_contributor_insights)),
            ("ListTables", route(ops::list_tables)),
            ("ListTagsOfResource", route(ops::list_tags_of_resource)),
            ("PutItem", route(ops::put_item)),
            ("PutResourcePolicy", route(ops::put_resource_policy)),
            ("Query", route(ops::query)),
            ("RestoreTableFromBackup", route(ops::restore_table_from_backup)),
            ("RestoreTableToPointInTime", route(ops::restore_table_to_point_in_time)),
            ("Scan", route(ops::scan)),
            ("TagResource", route(ops::tag_resource)),
            ("TransactGetItems", route(ops::transact_get_items)),
            ("TransactWriteItems", route(ops::transact_write_items)),
            ("UntagResource", route(ops::untag_resource)),
            ("UpdateContinuousBackups", route(ops::update_continuous_backups)),
            ("UpdateContributorInsights", route(ops::update_contributor_insights)),
            ("UpdateItem", route(ops::update_item)),
            ("UpdateTable", route(ops::update_table)),
            ("UpdateTimeToLive", route(ops::update_time_to_live)),
        ],
    )
    .with_accesses(accesses())
}

/// The same for streams.
pub(crate) fn streams_router() -> Router<DynamoDbStreams> {
    Router::new(
        &tidegate_api_dynamodbstreams::MODEL,
        STREAMS_COVERAGE,
        [
            ("DescribeStream", route(ops::describe_stream)),
            ("GetRecords", route(ops::get_records)),
            ("GetShardIterator", route(ops::get_shard_iterator)),
            ("ListStreams", route(ops::list_streams)),
        ],
    )
    .with_accesses(streams_accesses())
}
