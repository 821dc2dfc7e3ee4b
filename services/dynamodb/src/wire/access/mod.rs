//! Which permissions each operation needs: the action, the table, index or stream, and what conditions
//! may be about.
//!
//! A transaction needs what its items need one by one (`dynamodb:PutItem` and its kin, with
//! `dynamodb:EnclosingOperation`); a batch has an action of its own, held against each of its tables.

mod attributes;
mod items;
mod partiql;

use tidegate_api_dynamodb as api;
use tidegate_api_dynamodbstreams as streams_api;
use tidegate_protocol::{Access, Call, Need, needs};

use super::streams::{Iterator as ShardIterator, read_stream_arn};
use crate::error::Error;
use crate::service::{DynamoDb, DynamoDbStreams};

type Entry = (&'static str, Access<DynamoDb>);
type StreamsEntry = (&'static str, Access<DynamoDbStreams>);

/// Every operation and what it needs.
pub(crate) fn accesses() -> impl IntoIterator<Item = Entry> {
    items::entries()
        .into_iter()
        .chain(items::batches())
        .chain(partiql::entries())
        .chain(tables())
        .chain(settings())
        .chain(resources())
        .chain(backups())
}

/// A need on the table that a request names.
fn on_table(dynamodb: &DynamoDb, call: &Call, action: &'static str, table: &Option<String>) -> Result<Need, Error> {
    on_index(dynamodb, call, action, table, &None)
}

/// A need on the table, or on the index if one is named.
fn on_index(
    dynamodb: &DynamoDb,
    call: &Call,
    action: &'static str,
    table: &Option<String>,
    index: &Option<String>,
) -> Result<Need, Error> {
    let address = dynamodb.address(call, table.as_deref())?;
    let need = match index {
        Some(index) => Need::new(action, format!("{}/index/{index}", address.arn())),
        None => Need::new(action, address.arn().to_string()),
    };
    Ok(match dynamodb.directory.get(&address)? {
        Some(known) => need.with_resource_tags(known.table.tags.iter().map(|(name, value)| (&**name, &**value))),
        None => need,
    })
}

/// With the values of the first attribute that chooses the partition, under both of their names.
fn with_leading_keys(need: Need, values: Vec<String>) -> Need {
    need.with_all("dynamodb:LeadingKeys", values.clone()).with_all("dynamodb:FirstPartitionKeyValues", values)
}

fn tags(tags: &Option<Vec<api::Tag>>) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().flatten().filter_map(|tag| Some((tag.key.as_deref()?, tag.value.as_deref().unwrap_or_default())))
}

fn tables() -> [Entry; 6] {
    [
        (
            "CreateTable",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::CreateTableInput| {
                let mut all = vec![
                    on_table(dynamodb, call, "dynamodb:CreateTable", &input.table_name)?
                        .with_request_tags(tags(&input.tags)),
                ];
                if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
                    all.push(
                        on_table(dynamodb, call, "dynamodb:TagResource", &input.table_name)?
                            .with_request_tags(tags(&input.tags)),
                    );
                }
                if input.resource_policy.is_some() {
                    all.push(on_table(dynamodb, call, "dynamodb:PutResourcePolicy", &input.table_name)?);
                }
                Ok::<_, Error>(all)
            }),
        ),
        (
            "DeleteTable",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::DeleteTableInput| {
                on_table(dynamodb, call, "dynamodb:DeleteTable", &input.table_name)
            }),
        ),
        (
            "DescribeTable",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::DescribeTableInput| {
                on_table(dynamodb, call, "dynamodb:DescribeTable", &input.table_name)
            }),
        ),
        (
            "UpdateTable",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::UpdateTableInput| {
                on_table(dynamodb, call, "dynamodb:UpdateTable", &input.table_name)
            }),
        ),
        (
            "ListTables",
            needs(|_: &DynamoDb, _: &Call, _: &api::ListTablesInput| -> Result<Need, Error> {
                Ok(Need::anywhere("dynamodb:ListTables"))
            }),
        ),
        (
            "UpdateTimeToLive",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::UpdateTimeToLiveInput| {
                on_table(dynamodb, call, "dynamodb:UpdateTimeToLive", &input.table_name)
            }),
        ),
    ]
}

fn settings() -> [Entry; 9] {
    [
        (
            "DescribeTimeToLive",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::DescribeTimeToLiveInput| {
                on_table(dynamodb, call, "dynamodb:DescribeTimeToLive", &input.table_name)
            }),
        ),
        (
            "DescribeContinuousBackups",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::DescribeContinuousBackupsInput| {
                on_table(dynamodb, call, "dynamodb:DescribeContinuousBackups", &input.table_name)
            }),
        ),
        (
            "UpdateContinuousBackups",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::UpdateContinuousBackupsInput| {
                on_table(dynamodb, call, "dynamodb:UpdateContinuousBackups", &input.table_name)
            }),
        ),
        (
            "DescribeContributorInsights",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::DescribeContributorInsightsInput| {
                let action = "dynamodb:DescribeContributorInsights";
                on_index(dynamodb, call, action, &input.table_name, &input.index_name)
            }),
        ),
        (
            "UpdateContributorInsights",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::UpdateContributorInsightsInput| {
                let action = "dynamodb:UpdateContributorInsights";
                on_index(dynamodb, call, action, &input.table_name, &input.index_name)
            }),
        ),
        (
            "ListContributorInsights",
            needs(|_: &DynamoDb, _: &Call, _: &api::ListContributorInsightsInput| -> Result<Need, Error> {
                Ok(Need::anywhere("dynamodb:ListContributorInsights"))
            }),
        ),
        (
            "DescribeKinesisStreamingDestination",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::DescribeKinesisStreamingDestinationInput| {
                on_table(dynamodb, call, "dynamodb:DescribeKinesisStreamingDestination", &input.table_name)
            }),
        ),
        (
            "DescribeEndpoints",
            needs(|_: &DynamoDb, _: &Call, _: &api::DescribeEndpointsRequest| -> Result<Need, Error> {
                Ok(Need::anywhere("dynamodb:DescribeEndpoints"))
            }),
        ),
        (
            "DescribeLimits",
            needs(|_: &DynamoDb, _: &Call, _: &api::DescribeLimitsInput| -> Result<Need, Error> {
                Ok(Need::anywhere("dynamodb:DescribeLimits"))
            }),
        ),
    ]
}

/// Backups, and what is restored: a restore needs the right to read the source and to make the target.
fn backups() -> [Entry; 6] {
    [
        (
            "CreateBackup",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::CreateBackupInput| {
                on_table(dynamodb, call, "dynamodb:CreateBackup", &input.table_name)
            }),
        ),
        (
            "DescribeBackup",
            needs(|_: &DynamoDb, _: &Call, input: &api::DescribeBackupInput| {
                on_backup("dynamodb:DescribeBackup", &input.backup_arn)
            }),
        ),
        (
            "DeleteBackup",
            needs(|_: &DynamoDb, _: &Call, input: &api::DeleteBackupInput| {
                on_backup("dynamodb:DeleteBackup", &input.backup_arn)
            }),
        ),
        (
            "ListBackups",
            needs(|_: &DynamoDb, _: &Call, _: &api::ListBackupsInput| -> Result<Need, Error> {
                Ok(Need::anywhere("dynamodb:ListBackups"))
            }),
        ),
        (
            "RestoreTableFromBackup",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::RestoreTableFromBackupInput| {
                let action = "dynamodb:RestoreTableFromBackup";
                let mut all = vec![on_backup(action, &input.backup_arn)?];
                all.extend(on_restored(dynamodb, call, action, &input.target_table_name)?);
                Ok::<_, Error>(all)
            }),
        ),
        (
            "RestoreTableToPointInTime",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::RestoreTableToPointInTimeInput| {
                let action = "dynamodb:RestoreTableToPointInTime";
                let source = input.source_table_name.as_ref().or(input.source_table_arn.as_ref()).cloned();
                let mut all = vec![on_table(dynamodb, call, action, &source)?];
                all.extend(on_restored(dynamodb, call, action, &input.target_table_name)?);
                Ok::<_, Error>(all)
            }),
        ),
    ]
}

/// A table that is restored is written and read by whoever restores it.
fn on_restored(
    dynamodb: &DynamoDb,
    call: &Call,
    action: &'static str,
    table: &Option<String>,
) -> Result<Vec<Need>, Error> {
    let actions = [
        action,
        "dynamodb:UpdateItem",
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "dynamodb:DeleteItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:BatchWriteItem",
    ];
    actions.into_iter().map(|action| on_table(dynamodb, call, action, table)).collect()
}

fn on_backup(action: &'static str, arn: &Option<String>) -> Result<Need, Error> {
    Ok(Need::new(action, arn.clone().unwrap_or_default()))
}

/// A need on a table or a stream.
fn on_resource(dynamodb: &DynamoDb, call: &Call, action: &'static str, arn: &Option<String>) -> Result<Need, Error> {
    match arn.as_deref().filter(|arn| read_stream_arn(arn).is_some()) {
        Some(stream) => Ok(Need::new(action, stream.to_owned())),
        None => on_table(dynamodb, call, action, arn),
    }
}

/// What is asked for by ARN.
fn resources() -> [Entry; 6] {
    [
        (
            "TagResource",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::TagResourceInput| {
                let need = on_table(dynamodb, call, "dynamodb:TagResource", &input.resource_arn)?;
                Ok::<_, Error>(need.with_request_tags(tags(&input.tags)))
            }),
        ),
        (
            "UntagResource",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::UntagResourceInput| {
                let need = on_table(dynamodb, call, "dynamodb:UntagResource", &input.resource_arn)?;
                Ok::<_, Error>(need.with_tag_names(input.tag_keys.iter().flatten().map(String::as_str)))
            }),
        ),
        (
            "ListTagsOfResource",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::ListTagsOfResourceInput| {
                on_table(dynamodb, call, "dynamodb:ListTagsOfResource", &input.resource_arn)
            }),
        ),
        (
            "GetResourcePolicy",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::GetResourcePolicyInput| {
                on_resource(dynamodb, call, "dynamodb:GetResourcePolicy", &input.resource_arn)
            }),
        ),
        (
            "PutResourcePolicy",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::PutResourcePolicyInput| {
                on_resource(dynamodb, call, "dynamodb:PutResourcePolicy", &input.resource_arn)
            }),
        ),
        (
            "DeleteResourcePolicy",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::DeleteResourcePolicyInput| {
                on_resource(dynamodb, call, "dynamodb:DeleteResourcePolicy", &input.resource_arn)
            }),
        ),
    ]
}

/// The same for streams, whose actions are DynamoDB's.
pub(crate) fn streams_accesses() -> [StreamsEntry; 4] {
    [
        (
            "DescribeStream",
            needs(|_: &DynamoDbStreams, _: &Call, input: &streams_api::DescribeStreamInput| -> Result<Need, Error> {
                Ok(Need::new("dynamodb:DescribeStream", input.stream_arn.clone().unwrap_or_default()))
            }),
        ),
        (
            "GetShardIterator",
            needs(|_: &DynamoDbStreams, _: &Call, input: &streams_api::GetShardIteratorInput| -> Result<Need, Error> {
                Ok(Need::new("dynamodb:GetShardIterator", input.stream_arn.clone().unwrap_or_default()))
            }),
        ),
        (
            "GetRecords",
            needs(|_: &DynamoDbStreams, _: &Call, input: &streams_api::GetRecordsInput| {
                let iterator = input.shard_iterator.as_deref().and_then(ShardIterator::open);
                let iterator = iterator.ok_or_else(|| crate::domain::Misuse::new("Invalid ShardIterator"))?;
                Ok::<_, Error>(Need::new("dynamodb:GetRecords", iterator.arn))
            }),
        ),
        (
            "ListStreams",
            needs(|_: &DynamoDbStreams, _: &Call, _: &streams_api::ListStreamsInput| -> Result<Need, Error> {
                Ok(Need::anywhere("dynamodb:ListStreams"))
            }),
        ),
    ]
}
