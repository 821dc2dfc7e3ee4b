//! DescribeTimeToLive and UpdateTimeToLive.

use tidegate_api_dynamodb::{
    DescribeTimeToLiveInput, DescribeTimeToLiveOutput, TimeToLiveDescription, TimeToLiveSpecification,
    UpdateTimeToLiveInput, UpdateTimeToLiveOutput,
};
use tidegate_protocol::Call;
use tidegate_store::{Space, Tx};

use super::table_records::{change, leave_in_tx};
use crate::domain::{IndexState, Misuse, Table, Ttl};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys;
use crate::store::keys::Garbage;

/// Says whether items of a table expire, and by which attribute.
pub(crate) async fn describe_time_to_live(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeTimeToLiveInput,
) -> Result<DescribeTimeToLiveOutput, Error> {
    let address = dynamodb.address(call, input.table_name.as_deref())?;
    let missing = || Error::NoTableNamed(address.name.clone());
    let known = dynamodb.directory.get(&address)?.ok_or_else(missing)?;
    let ttl = known.table.ttl.as_ref();
    let description = TimeToLiveDescription {
        time_to_live_status: Some(if ttl.is_some() { "ENABLED" } else { "DISABLED" }.to_owned()),
        attribute_name: ttl.map(|ttl| ttl.attribute.clone()),
    };
    Ok(DescribeTimeToLiveOutput { time_to_live_description: Some(description) })
}

/// Lets a table's items expire, or stops it.
pub(crate) async fn update_time_to_live(
    dynamodb: &DynamoDb,
    call: &Call,
    input: UpdateTimeToLiveInput,
) -> Result<UpdateTimeToLiveOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    let specification = input.time_to_live_specification.unwrap_or_default();
    let wanted = &specification;
    change(dynamodb, address, async |tx: &mut Tx, table: &mut Table| Ok(set(tx, table, wanted)?)).await?;
    Ok(UpdateTimeToLiveOutput { time_to_live_specification: Some(specification) })
}

fn set(tx: &mut Tx, table: &mut Table, wanted: &TimeToLiveSpecification) -> Result<(), Misuse> {
    let attribute = wanted.attribute_name.clone().unwrap_or_default();
    match (wanted.enabled == Some(true), table.ttl.take()) {
        (true, Some(ttl)) if ttl.attribute == attribute => Err(Misuse::new("TimeToLive is already enabled")),
        (true, Some(ttl)) => Err(elsewhere(&ttl)),
        (false, None) => Err(Misuse::new("TimeToLive is already disabled")),
        (true, None) => {
            table.ttl = Some(Ttl { id: table.next_index, attribute, state: IndexState::Backfilling });
            table.next_index += 1;
            Ok(())
        }
        (false, Some(ttl)) => {
            if ttl.attribute != attribute {
                return Err(elsewhere(&ttl));
            }
            leave_in_tx(tx, Garbage::Expiries(table.id, ttl.id));
            tx.delete(Space::Map, keys::backfill(table.id, ttl.id));
            Ok(())
        }
    }
}

fn elsewhere(ttl: &Ttl) -> Misuse {
    let attribute = &ttl.attribute;
    Misuse::new(format!("TimeToLive is active on a different AttributeName: current AttributeName is {attribute}"))
}
