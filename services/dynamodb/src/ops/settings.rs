//! What SDKs, Terraform and CDK ask of an account or a table by themselves.

use tidegate_api_dynamodb::{
    ContinuousBackupsDescription, DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput,
    DescribeEndpointsRequest, DescribeEndpointsResponse, DescribeKinesisStreamingDestinationInput,
    DescribeKinesisStreamingDestinationOutput, DescribeLimitsInput, DescribeLimitsOutput, Endpoint,
    PointInTimeRecoveryDescription, UpdateContinuousBackupsInput, UpdateContinuousBackupsOutput,
};
use tidegate_log::{LogId, create_in_tx, drop_in_tx};
use tidegate_protocol::Call;
use tidegate_store::Tx;
use tidegate_types::Timestamp;

use super::table_records::change;
use crate::domain::{Misuse, Recovery, Table};
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

fn backups(table: &Table, now: Timestamp) -> ContinuousBackupsDescription {
    let (recovery, enabled) = (table.recovery.as_ref(), table.recovery.is_some());
    ContinuousBackupsDescription {
        continuous_backups_status: Some("ENABLED".to_owned()),
        point_in_time_recovery_description: Some(PointInTimeRecoveryDescription {
            point_in_time_recovery_status: Some(if enabled { "ENABLED" } else { "DISABLED" }.to_owned()),
            recovery_period_in_days: recovery.and_then(|recovery| i32::try_from(recovery.days).ok()),
            earliest_restorable_date_time: recovery.map(|recovery| recovery.earliest(now)),
            latest_restorable_date_time: recovery.map(|_| now),
        }),
    }
}

/// Whether a table is backed up continuously.
pub(crate) async fn describe_continuous_backups(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeContinuousBackupsInput,
) -> Result<DescribeContinuousBackupsOutput, Error> {
    let address = dynamodb.address(call, input.table_name.as_deref())?;
    let known = dynamodb.directory.get(&address)?.ok_or_else(|| Error::NoTableToBackUp(address.name.clone()))?;
    let description = backups(&known.table, dynamodb.now());
    Ok(DescribeContinuousBackupsOutput { continuous_backups_description: Some(description) })
}

/// Switches point-in-time recovery on or off, or changes the length of its window.
pub(crate) async fn update_continuous_backups(
    dynamodb: &DynamoDb,
    call: &Call,
    input: UpdateContinuousBackupsInput,
) -> Result<UpdateContinuousBackupsOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    let wanted = input.point_in_time_recovery_specification.unwrap_or_default();
    let enabled = wanted.point_in_time_recovery_enabled == Some(true);
    let days = match wanted.recovery_period_in_days {
        Some(_) if !enabled => {
            return Err(Misuse::new(
                "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.",
            )
            .into());
        }
        days => days.and_then(|days| u32::try_from(days).ok()),
    };
    let (now, journal) = (dynamodb.now(), dynamodb.env.random_u64());
    let changed = change(dynamodb, address, async |tx: &mut Tx, table: &mut Table| {
        match (enabled, table.recovery.as_mut()) {
            (true, Some(recovery)) => recovery.days = days.unwrap_or(recovery.days),
            (true, None) => {
                create_in_tx(tx, LogId(journal));
                let days = days.unwrap_or(Recovery::MAX_DAYS);
                table.recovery = Some(Recovery { journal, since: now, days, restores: 0 });
            }
            (false, Some(recovery)) if recovery.restores > 0 => {
                return Err(Error::RecoveryBusy(address.name.clone()));
            }
            (false, Some(recovery)) => {
                drop_in_tx(tx, LogId(recovery.journal)).await?;
                table.recovery = None;
            }
            (false, None) => {}
        }
        Ok(())
    })
    .await;
    let table = changed.map_err(|error| match error {
        Error::NoTableNamed(name) => Error::NoTableToBackUp(name),
        Error::TableInUse(_) => Error::RecoveryBusy(address.name.clone()),
        error => error,
    })?;
    Ok(UpdateContinuousBackupsOutput { continuous_backups_description: Some(backups(&table, now)) })
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
