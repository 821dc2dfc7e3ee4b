//! What `UpdateTable` does to global indexes.

use tidegate_api_dynamodb::{GlobalSecondaryIndexUpdate, KeySchemaElement, UpdateGlobalSecondaryIndexAction};
use tidegate_store::{Space, Tx};

use super::table_records::leave_in_tx;
use crate::domain::{Billing, Index, IndexState, KeyPart, Misuse, Table, TableAddress};
use crate::error::Error;
use crate::store::keys;
use crate::store::keys::Garbage;
use crate::wire::tables::{self, GlobalIndex};
use crate::wire::throughput::{Owner, changed_limit, changed_warm};

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

/// Makes, changes or removes one global index.
pub(super) fn change_index(
    tx: &mut Tx,
    address: &TableAddress,
    table: &mut Table,
    update: GlobalSecondaryIndexUpdate,
    defined: &[KeyPart],
) -> Result<(), Error> {
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
            name,
            keys: create.key_schema.unwrap_or_default(),
            projection: create.projection,
            throughput: create.provisioned_throughput,
            on_demand: create.on_demand_throughput,
            warm: create.warm_throughput,
        };
        return Ok(tables::global_index(table, index, IndexState::Backfilling)?);
    }
    if let Some(update) = update.update {
        let at = position(address, table, update.index_name.as_deref().unwrap_or_default(), "update")?;
        return Ok(change_throughput(table.billing, &mut table.indexes[at], &update)?);
    }
    let Some(delete) = update.delete else {
        return Err(Misuse::parameter(
            "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
        )
        .into());
    };
    let at = position(address, table, delete.index_name.as_deref().unwrap_or_default(), "delete")?;
    let index = table.indexes.remove(at);
    leave_in_tx(tx, Garbage::Entries(table.id, index.id));
    tx.delete(Space::Map, keys::backfill(table.id, index.id));
    let (keys, indexes) = (&table.keys, &table.indexes);
    table.definitions.retain(|part| keys.has(&part.name) || indexes.iter().any(|index| index.keys.has(&part.name)));
    Ok(())
}

/// Where a global index of this name stands among a table's indexes.
fn position(address: &TableAddress, table: &Table, name: &str, what: &str) -> Result<usize, Error> {
    let at = table.indexes.iter().position(|index| index.name == name);
    let missing = || Error::NoSuchIndex(format!("Index {name} for table {}", address.name));
    let at = at.ok_or_else(missing)?;
    if !table.indexes[at].global {
        return Err(Misuse::new(format!("Cannot {what} an index that is not a GlobalSecondaryIndex: {name}")).into());
    }
    Ok(at)
}

/// Changes what an index serves.
fn change_throughput(
    billing: Billing,
    index: &mut Index,
    update: &UpdateGlobalSecondaryIndexAction,
) -> Result<(), Misuse> {
    let name = &index.name;
    if let Some(wire) = &update.provisioned_throughput {
        if billing == Billing::OnDemand {
            return Err(Misuse::parameter(format!(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
            )));
        }
        let wanted = tables::throughput(wire)?;
        if index.throughput == Some(wanted) {
            return Err(Misuse::new(format!(
                "The provisioned throughput for the index {name} will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the index: {0}. Requested ReadCapacityUnits: {0}. Current WriteCapacityUnits provisioned for the index: {1}. Requested WriteCapacityUnits: {1}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
                wanted.read, wanted.write
            )));
        }
        index.throughput = Some(wanted);
    }
    if let Some(wire) = &update.on_demand_throughput {
        index.on_demand_limit = changed_limit(index.on_demand_limit, wire, billing, Owner::Index(name))?;
    }
    if let Some(wire) = &update.warm_throughput {
        index.warm = changed_warm(index.warm, wire, Owner::Index(name))?;
    }
    Ok(())
}

/// Refuses a table whose throughput is provisioned while that of an index is not: an update that changes how a table
/// is paid for says what each of its global indexes serves.
pub(super) fn check_all_provisioned(table: &Table) -> Result<(), Misuse> {
    let lacking = table.indexes.iter().find(|index| index.global && index.throughput.is_none());
    match (table.billing, lacking) {
        (Billing::Provisioned(_), Some(index)) => {
            Err(Misuse::parameter(format!("ProvisionedThroughput must be specified for index: {}", index.name)))
        }
        _ => Ok(()),
    }
}
