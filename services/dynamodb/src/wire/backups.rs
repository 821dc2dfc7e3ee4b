//! Backups between the wire and the domain, and what a restored table may differ in.

use tidegate_api_dynamodb::{
    BackupDescription, BackupDetails, BackupSummary, GlobalSecondaryIndex, GlobalSecondaryIndexInfo,
    LocalSecondaryIndex, LocalSecondaryIndexInfo, OnDemandThroughput, ProvisionedThroughput, SSESpecification,
    SourceTableDetails, SourceTableFeatureDetails, StreamSpecification, TimeToLiveDescription,
};
use tidegate_types::Timestamp;

use super::Measure;
use super::schema::{projection, wire_schema};
use super::tables::{billing, description, encryption, table_id};
use super::throughput::{limit_description, restored_limit};
use crate::domain::{BackupAddress, BackupState, Billing, Index, IndexState, Misuse, OnDemandLimit, Table, Throughput};
use crate::store::BackupRecord;

fn long(value: u64) -> Option<i64> {
    Some(i64::try_from(value).unwrap_or(i64::MAX))
}

fn status(backup: &BackupRecord) -> Option<String> {
    let status = match backup.state {
        BackupState::Creating => "CREATING",
        BackupState::Available => "AVAILABLE",
        // AWS has no word for one that failed.
        BackupState::Failed => "DELETED",
    };
    Some(status.to_owned())
}

/// The first part of a backup's description.
pub(crate) fn backup_details(address: &BackupAddress, backup: &BackupRecord) -> BackupDetails {
    BackupDetails {
        backup_arn: Some(address.arn()),
        backup_name: Some(backup.name.clone()),
        backup_size_bytes: long(backup.bytes),
        backup_status: status(backup),
        backup_type: Some(backup.kind.name().to_owned()),
        backup_creation_date_time: Some(backup.created_at),
        backup_expiry_date_time: backup.expires_at,
    }
}

/// What a list shows of a backup.
pub(crate) fn backup_summary(address: &BackupAddress, backup: &BackupRecord) -> BackupSummary {
    BackupSummary {
        table_name: Some(address.table.name.clone()),
        table_id: Some(table_id(backup.table.id)),
        table_arn: Some(address.table.arn().to_string()),
        backup_arn: Some(address.arn()),
        backup_name: Some(backup.name.clone()),
        backup_creation_date_time: Some(backup.created_at),
        backup_expiry_date_time: backup.expires_at,
        backup_status: status(backup),
        backup_type: Some(backup.kind.name().to_owned()),
        backup_size_bytes: long(backup.bytes),
    }
}

/// A backup's description.
pub(crate) fn backup_description(address: &BackupAddress, backup: &BackupRecord) -> BackupDescription {
    BackupDescription {
        backup_details: Some(backup_details(address, backup)),
        source_table_details: Some(source(address, backup)),
        source_table_feature_details: Some(features(address, &backup.table)),
    }
}

fn units(throughput: Throughput) -> ProvisionedThroughput {
    ProvisionedThroughput { read_capacity_units: long(throughput.read), write_capacity_units: long(throughput.write) }
}

fn source(address: &BackupAddress, backup: &BackupRecord) -> SourceTableDetails {
    let table = &backup.table;
    let (mode, throughput) = match table.billing {
        Billing::OnDemand => ("PAY_PER_REQUEST", Throughput::NONE),
        Billing::Provisioned(throughput) => ("PROVISIONED", throughput),
    };
    SourceTableDetails {
        table_name: Some(address.table.name.clone()),
        table_id: Some(table_id(table.id)),
        table_arn: Some(address.table.arn().to_string()),
        table_size_bytes: long(backup.bytes),
        key_schema: Some(wire_schema(table.keys.as_parts())),
        table_creation_date_time: Some(table.created_at),
        provisioned_throughput: Some(units(throughput)),
        on_demand_throughput: limit_description(table.on_demand_limit),
        item_count: long(backup.items),
        billing_mode: Some(mode.to_owned()),
    }
}

fn features(address: &BackupAddress, table: &Table) -> SourceTableFeatureDetails {
    let global = |index: &Index| GlobalSecondaryIndexInfo {
        index_name: Some(index.name.clone()),
        key_schema: Some(wire_schema(index.keys.as_parts())),
        projection: Some(projection(&index.projected)),
        provisioned_throughput: Some(units(index.throughput.unwrap_or(Throughput::NONE))),
        on_demand_throughput: limit_description(index.on_demand_limit),
    };
    let local = |index: &Index| LocalSecondaryIndexInfo {
        index_name: Some(index.name.clone()),
        key_schema: Some(wire_schema(index.keys.as_parts())),
        projection: Some(projection(&index.projected)),
    };
    let globals: Vec<_> = table.indexes.iter().filter(|index| index.global).map(global).collect();
    let locals: Vec<_> = table.indexes.iter().filter(|index| !index.global).map(local).collect();
    SourceTableFeatureDetails {
        local_secondary_indexes: (!locals.is_empty()).then_some(locals),
        global_secondary_indexes: (!globals.is_empty()).then_some(globals),
        stream_description: table.stream.as_ref().map(|stream| StreamSpecification {
            stream_enabled: Some(true),
            stream_view_type: Some(stream.view.name().to_owned()),
        }),
        time_to_live_description: table.ttl.as_ref().map(|ttl| TimeToLiveDescription {
            time_to_live_status: Some("ENABLED".to_owned()),
            attribute_name: Some(ttl.attribute.clone()),
        }),
        sse_description: description(&address.table, table, "ACTIVE", Measure::default()).sse_description,
    }
}

/// What a restored table has otherwise than the one that it is restored from.
#[derive(Debug, Clone)]
pub(crate) struct Overrides {
    pub billing: Option<String>,
    pub throughput: Option<ProvisionedThroughput>,
    pub on_demand: Option<OnDemandThroughput>,
    pub globals: Option<Vec<GlobalSecondaryIndex>>,
    pub locals: Option<Vec<LocalSecondaryIndex>>,
    pub encryption: Option<SSESpecification>,
}

/// The table that a restore makes: keys, indexes, billing and encryption of the source, and nothing of
/// its stream, time to live, tags, policy, recovery and protection, as on AWS.
///
/// # Errors
/// Overriding indexes that the source has not.
pub(crate) fn restored_table(source: &Table, over: Overrides, id: u64, now: Timestamp) -> Result<Table, Misuse> {
    let billing = match (over.billing.as_deref(), over.throughput.as_ref()) {
        (None, None) => source.billing,
        (mode, throughput) => billing(mode, throughput)?,
    };
    let globals = over.globals.map(|kept| kept.into_iter().filter_map(|index| index.index_name).collect());
    let locals = over.locals.map(|kept| kept.into_iter().filter_map(|index| index.index_name).collect());
    let mut indexes = kept(source, true, globals)?;
    indexes.extend(kept(source, false, locals)?);
    for index in &mut indexes {
        // Its entries are written with each item that is copied.
        index.state = IndexState::Active;
        (index.warm, index.insights) = (Throughput::NONE, None);
        index.throughput = match billing {
            Billing::Provisioned(whole) if index.global => Some(index.throughput.unwrap_or(whole)),
            Billing::Provisioned(_) | Billing::OnDemand => None,
        };
        if billing != Billing::OnDemand {
            index.on_demand_limit = OnDemandLimit::default();
        }
    }
    let used = |name: &str| source.keys.has(name) || indexes.iter().any(|index| index.keys.has(name));
    let mut table = Table {
        id,
        created_at: now,
        keys: source.keys.clone(),
        definitions: source.definitions.iter().filter(|part| used(&part.name)).cloned().collect(),
        indexes,
        next_index: source.next_index,
        billing,
        on_demand_limit: match over.on_demand {
            Some(wire) => restored_limit(&wire)?,
            None if billing == Billing::OnDemand => source.on_demand_limit,
            None => OnDemandLimit::default(),
        },
        warm: Throughput::NONE,
        on_demand_since: (billing == Billing::OnDemand).then_some(now),
        stream: None,
        ttl: None,
        deletion_protection: false,
        class: source.class.clone(),
        encryption: match over.encryption {
            Some(wanted) => encryption(Some(wanted))?,
            None => source.encryption.clone(),
        },
        policy: None,
        tags: std::collections::BTreeMap::new(),
        recovery: None,
        copies: Vec::new(),
        restored: None,
        insights: None,
    };
    table.grow_warm();
    Ok(table)
}

/// The indexes of a kind that a restored table keeps: all, or those that are named.
fn kept(source: &Table, global: bool, names: Option<Vec<String>>) -> Result<Vec<Index>, Misuse> {
    let own = source.indexes.iter().filter(|index| index.global == global);
    let Some(names) = names else { return Ok(own.cloned().collect()) };
    let find = |name: String| {
        let missing = || {
            Misuse::parameter(format!("The index {name} in the override is not an index of the table to be restored"))
        };
        own.clone().find(|index| index.name == name).cloned().ok_or_else(missing)
    };
    names.into_iter().map(find).collect()
}
