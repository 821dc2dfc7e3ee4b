use tidegate_api_dynamodb::{GlobalSecondaryIndexUpdate, KeySchemaElement, UpdateTableInput, UpdateTableOutput};
use tidegate_protocol::Call;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;

use super::create_table::{new_stream, start_stream_in_tx};
use super::table_records::{change, end_stream_in_tx, leave_in_tx};
use crate::domain::{Billing, IndexState, KeyPart, Misuse, Stream, Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys;
use crate::store::keys::Garbage;
use crate::wire::tables::GlobalIndex;
use crate::wire::{Measure, tables};

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
    check_something_asked(&input)?;
    let now = dynamodb.now();
    let stream = match &input.stream_specification {
        Some(wish) => Some(tables::stream_view(Some(wish))?.map(|view| new_stream(dynamodb, view, now))),
        None => None,
    };
    let (input, stream) = (&input, &stream);
    let table = change(dynamodb, address, async |tx: &mut Tx, table: &mut Table| {
        settings(table, input, now)?;
        if let Some(wish) = stream {
            change_stream(tx, address, table, wish.as_ref(), now).await?;
        }
        let changes = input.global_secondary_index_updates.iter().flatten();
        if changes.filter(|change| change.create.is_some() || change.delete.is_some()).count() > 1 {
            return Err(Error::OneIndexAtATime);
        }
        let defined = tables::definitions(input.attribute_definitions.clone().unwrap_or_default())?;
        for update in input.global_secondary_index_updates.iter().flatten() {
            change_index(tx, table, update.clone(), &defined)?;
        }
        Ok(())
    })
    .await?;
    let description = tables::description(address, &table, "ACTIVE", Measure::default());
    Ok(UpdateTableOutput { table_description: Some(description) })
}

fn check_something_asked(input: &UpdateTableInput) -> Result<(), Misuse> {
    let asked = input.provisioned_throughput.is_some()
        || input.billing_mode.is_some()
        || input.stream_specification.is_some()
        || input.global_secondary_index_updates.as_ref().is_some_and(|updates| !updates.is_empty())
        || input.sse_specification.is_some()
        || input.table_class.is_some()
        || input.deletion_protection_enabled.is_some()
        || input.on_demand_throughput.is_some()
        || input.warm_throughput.is_some();
    if asked {
        return Ok(());
    }
    Err(Misuse::new(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
    ))
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
            table.billing = billing;
        }
    }
    if let Some(wire) = &input.on_demand_throughput {
        table.on_demand_limit = tables::changed_limit(table.on_demand_limit, wire);
    }
    if let Some(specification) = &input.sse_specification {
        table.encryption = tables::encryption(Some(specification.clone()));
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

/// Demands that a new index's attributes are defined, and as they were if they were before.
fn check_definitions(table: &Table, keys: &[KeySchemaElement], defined: &[KeyPart]) -> Result<(), Misuse> {
    let name = |element: &KeySchemaElement| element.attribute_name.clone().unwrap_or_default();
    let names: Vec<String> = keys.iter().map(name).collect();
    if names.iter().any(|name| !defined.iter().any(|part| part.name == *name)) {
        let known: Vec<&str> = defined.iter().map(|part| part.name.as_str()).collect();
        return Err(Misuse::parameter(format!(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
            names.join(", "),
            known.join(", ")
        )));
    }
    for part in defined {
        if let Some(other) = table.definitions.iter().find(|other| other.name == part.name && other.kind != part.kind) {
            let schema =
                |part: &KeyPart| format!("Schema:[SchemaElement: key{{{}:{}:HASH}}]", part.name, part.kind.name());
            return Err(Misuse::parameter(format!(
                "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: {} New schema: {}",
                schema(other),
                schema(part)
            )));
        }
    }
    Ok(())
}

fn change_index(
    tx: &mut Tx,
    table: &mut Table,
    update: GlobalSecondaryIndexUpdate,
    defined: &[KeyPart],
) -> Result<(), Error> {
    let missing = |name: &str| {
        let words = format!("Requested resource not found: Index: {name}");
        Error::NoSuchStream(words)
    };
    if [update.create.is_some(), update.update.is_some(), update.delete.is_some()].iter().filter(|is| **is).count() > 1
    {
        return Err(Misuse::parameter(
            "Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete may be specified",
        )
        .into());
    }
    if let Some(create) = update.create {
        check_definitions(table, create.key_schema.as_deref().unwrap_or_default(), defined)?;
        for part in defined {
            if !table.definitions.iter().any(|known| known.name == part.name) {
                table.definitions.push(part.clone());
            }
        }
        let name = create.index_name.unwrap_or_default();
        if table.index(&name).is_some() {
            return Err(Misuse::new(format!("Attempting to create an index which already exists: {name}")).into());
        }
        let index = GlobalIndex {
            name: name.clone(),
            keys: create.key_schema.unwrap_or_default(),
            projection: create.projection,
            throughput: create.provisioned_throughput,
            on_demand: create.on_demand_throughput,
        };
        tables::global_index(table, index, IndexState::Backfilling)?;
        return Ok(());
    }
    if let Some(update) = update.update {
        let name = update.index_name.unwrap_or_default();
        let index = table.indexes.iter_mut().find(|index| index.global && index.name == name);
        let index = index.ok_or_else(|| missing(&name))?;
        if let Some(throughput) = &update.provisioned_throughput {
            index.throughput = Some(tables::throughput(throughput)?);
        }
        if let Some(wire) = &update.on_demand_throughput {
            index.on_demand_limit = tables::changed_limit(index.on_demand_limit, wire);
        }
        return Ok(());
    }
    let Some(delete) = update.delete else {
        return Err(Misuse::parameter(
            "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
        )
        .into());
    };
    let name = delete.index_name.unwrap_or_default();
    let at = table.indexes.iter().position(|index| index.global && index.name == name);
    let index = table.indexes.remove(at.ok_or_else(|| missing(&name))?);
    leave_in_tx(tx, Garbage::Entries(table.id, index.id));
    tx.delete(Space::Map, keys::backfill(table.id, index.id));
    let (keys, indexes) = (&table.keys, &table.indexes);
    table.definitions.retain(|part| keys.has(&part.name) || indexes.iter().any(|index| index.keys.has(&part.name)));
    Ok(())
}
