use tidegate_api_dynamodb::{UpdateTableInput, UpdateTableOutput};
use tidegate_protocol::Call;
use tidegate_store::Tx;
use tidegate_types::Timestamp;

use super::create_table::{new_stream, start_stream_in_tx};
use super::index_changes::{change_index, check_all_provisioned};
use super::table_records::{change, end_stream_in_tx};
use crate::domain::{Billing, Misuse, OnDemandLimit, Stream, Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::throughput::{Owner, asks_for_warm, changed_limit, changed_warm};
use crate::wire::{Measure, schema, tables, update};

/// Changes a table's settings, its indexes, its stream.
pub(crate) async fn update_table(
    dynamodb: &DynamoDb,
    call: &Call,
    input: UpdateTableInput,
) -> Result<UpdateTableOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    if input.replica_updates.is_some() || input.global_table_witness_updates.is_some() {
        return Err(Error::NotImplemented("UpdateTable with replicas"));
    }
    update::check(&input)?;
    let now = dynamodb.now();
    let stream = match &input.stream_specification {
        Some(wish) => Some(tables::stream_view(Some(wish), false)?.map(|view| new_stream(dynamodb, view, now))),
        None => None,
    };
    let (input, stream) = (&input, &stream);
    let table = change(dynamodb, address, async |tx: &mut Tx, table: &mut Table| {
        let was_on_demand = table.billing == Billing::OnDemand;
        settings(table, input, now)?;
        if let Some(wish) = stream {
            change_stream(tx, address, table, wish.as_ref(), now).await?;
        }
        let changes = input.global_secondary_index_updates.iter().flatten();
        if changes.filter(|change| change.create.is_some() || change.delete.is_some()).count() > 1 {
            return Err(Error::OneIndexAtATime);
        }
        let defined = schema::definitions(input.attribute_definitions.clone().unwrap_or_default())?;
        for update in input.global_secondary_index_updates.iter().flatten() {
            change_index(tx, address, table, update.clone(), &defined)?;
        }
        // Tables that earlier forms of this server switched may lack it, and can be changed all the same.
        if was_on_demand {
            check_all_provisioned(table)?;
        }
        table.grow_warm();
        Ok(())
    })
    .await?;
    let description = tables::description(address, &table, "ACTIVE", Measure::default());
    Ok(UpdateTableOutput { table_description: Some(description) })
}

fn settings(table: &mut Table, input: &UpdateTableInput, now: Timestamp) -> Result<(), Misuse> {
    let mode = input.billing_mode.as_deref();
    match (mode, &input.provisioned_throughput) {
        (Some("PROVISIONED"), None) if table.billing == Billing::OnDemand => {
            return Err(Misuse::parameter("ProvisionedThroughput must be specified when BillingMode is PROVISIONED"));
        }
        (None | Some("PROVISIONED"), None) => {}
        (None, Some(_)) if table.billing == Billing::OnDemand => {
            return Err(Misuse::parameter(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
            ));
        }
        (mode, given) => {
            let billing = tables::billing(mode, given.as_ref())?;
            if let (Billing::Provisioned(wanted), true) = (billing, billing == table.billing) {
                return Err(Misuse::new(format!(
                    "The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: {0}. Requested ReadCapacityUnits: {0}. Current WriteCapacityUnits provisioned for the table: {1}. Requested WriteCapacityUnits: {1}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
                    wanted.read, wanted.write
                )));
            }
            if billing == Billing::OnDemand && table.billing != Billing::OnDemand {
                table.on_demand_since = Some(now);
                table.indexes.iter_mut().for_each(|index| index.throughput = None);
            }
            if billing != Billing::OnDemand {
                table.on_demand_limit = OnDemandLimit::default();
                table.indexes.iter_mut().for_each(|index| index.on_demand_limit = OnDemandLimit::default());
            }
            table.billing = billing;
        }
    }
    if let Some(wire) = &input.on_demand_throughput {
        table.on_demand_limit = changed_limit(table.on_demand_limit, wire, table.billing, Owner::Table)?;
    }
    if let Some(wire) = input.warm_throughput.as_ref().filter(|wire| asks_for_warm(Some(*wire))) {
        table.warm = changed_warm(table.warm, wire, Owner::Table)?;
    }
    if let Some(specification) = &input.sse_specification {
        let wanted = tables::encryption(Some(specification.clone()))?;
        if wanted.is_none() && table.encryption.is_none() {
            return Err(Misuse::parameter("Table is already encrypted by default"));
        }
        table.encryption = wanted;
    }
    if let Some(class) = &input.table_class {
        table.class = Some(class.clone());
    }
    if let Some(protection) = input.deletion_protection_enabled {
        table.deletion_protection = protection;
    }
    Ok(())
}

async fn change_stream(
    tx: &mut Tx,
    address: &TableAddress,
    table: &mut Table,
    wish: Option<&Stream>,
    now: Timestamp,
) -> Result<(), Error> {
    match (wish, &table.stream) {
        (Some(_), Some(_)) => {
            let words = format!("Table already has an enabled stream: TableName: {}", address.name);
            Err(Misuse::new(words).into())
        }
        (Some(stream), None) => {
            table.stream = Some(stream.clone());
            start_stream_in_tx(tx, address, table, now);
            Ok(())
        }
        (None, Some(_)) => end_stream_in_tx(tx, address, table, now).await,
        (None, None) => {
            let words = format!("Table has no stream to disable: TableName: {}", address.name);
            Err(Misuse::new(words).into())
        }
    }
}
