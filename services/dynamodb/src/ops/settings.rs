//! What SDKs, Terraform and CDK ask of an account or a table by themselves.

use tidegate_api_dynamodb::{
    ContinuousBackupsDescription, DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput,
    DescribeContributorInsightsInput, DescribeContributorInsightsOutput, DescribeEndpointsRequest,
    DescribeEndpointsResponse, DescribeKinesisStreamingDestinationInput, DescribeKinesisStreamingDestinationOutput,
    DescribeLimitsInput, DescribeLimitsOutput, Endpoint, PointInTimeRecoveryDescription, UpdateContinuousBackupsInput,
    UpdateContinuousBackupsOutput,
};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::table_records::change;
use crate::domain::Table;
use crate::error::Error;
use crate::service::DynamoDb;

/// The quotas that AWS shows by default. Nothing here is throttled.
pub(crate) async fn describe_limits(
    _: &DynamoDb,
    _: &Call,
    _: DescribeLimitsInput,
) -> Result<DescribeLimitsOutput, Error> {
    Ok(DescribeLimitsOutput {
        account_max_read_capacity_units: Some(80_000),
        account_max_write_capacity_units: Some(80_000),
        table_max_read_capacity_units: Some(40_000),
        table_max_write_capacity_units: Some(40_000),
    })
}

/// Where to go on: the host by which the caller reached us.
pub(crate) async fn describe_endpoints(
    _: &DynamoDb,
    call: &Call,
    _: DescribeEndpointsRequest,
) -> Result<DescribeEndpointsResponse, Error> {
    let host = call.base_url.split_once("://").map_or(call.base_url.as_str(), |(_, host)| host);
    let endpoint = Endpoint { address: Some(host.to_owned()), cache_period_in_minutes: Some(1440) };
    Ok(DescribeEndpointsResponse { endpoints: Some(vec![endpoint]) })
}

fn backups(table: &Table) -> ContinuousBackupsDescription {
    let enabled = table.point_in_time_recovery;
    ContinuousBackupsDescription {
        continuous_backups_status: Some("ENABLED".to_owned()),
        point_in_time_recovery_description: Some(PointInTimeRecoveryDescription {
            point_in_time_recovery_status: Some(if enabled { "ENABLED" } else { "DISABLED" }.to_owned()),
            recovery_period_in_days: enabled.then_some(35),
            ..PointInTimeRecoveryDescription::default()
        }),
    }
}

/// Whether a table is backed up continuously.
pub(crate) async fn describe_continuous_backups(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeContinuousBackupsInput,
) -> Result<DescribeContinuousBackupsOutput, Error> {
    let known = named(dynamodb, call, input.table_name.as_deref())?;
    Ok(DescribeContinuousBackupsOutput { continuous_backups_description: Some(backups(&known.table)) })
}

/// Stores whether a table is to be backed up continuously.
pub(crate) async fn update_continuous_backups(
    dynamodb: &DynamoDb,
    call: &Call,
    input: UpdateContinuousBackupsInput,
) -> Result<UpdateContinuousBackupsOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    let wanted = input.point_in_time_recovery_specification.unwrap_or_default();
    let enabled = wanted.point_in_time_recovery_enabled == Some(true);
    let table = change(dynamodb, address, async |_: &mut Tx, table: &mut Table| {
        table.point_in_time_recovery = enabled;
        Ok(())
    })
    .await?;
    Ok(UpdateContinuousBackupsOutput { continuous_backups_description: Some(backups(&table)) })
}

/// That no table has contributor insights.
pub(crate) async fn describe_contributor_insights(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeContributorInsightsInput,
) -> Result<DescribeContributorInsightsOutput, Error> {
    let known = named(dynamodb, call, input.table_name.as_deref())?;
    Ok(DescribeContributorInsightsOutput {
        table_name: Some(known.address.name.clone()),
        index_name: input.index_name,
        contributor_insights_status: Some("DISABLED".to_owned()),
        ..DescribeContributorInsightsOutput::default()
    })
}

/// That no table has a Kinesis destination.
pub(crate) async fn describe_kinesis_streaming_destination(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeKinesisStreamingDestinationInput,
) -> Result<DescribeKinesisStreamingDestinationOutput, Error> {
    let known = named(dynamodb, call, input.table_name.as_deref())?;
    Ok(DescribeKinesisStreamingDestinationOutput {
        table_name: Some(known.address.name.clone()),
        kinesis_data_stream_destinations: Some(Vec::new()),
    })
}

fn named(dynamodb: &DynamoDb, call: &Call, name: Option<&str>) -> Result<std::sync::Arc<crate::store::Known>, Error> {
    let address = dynamodb.address(call, name)?;
    dynamodb.directory.get(&address)?.ok_or_else(|| Error::NoTableNamed(address.name.clone()))
}
