//! Tables between the wire and the domain: what a new one may be, and how one is described.

use std::collections::BTreeMap;

use tidegate_api_dynamodb::{
    BillingModeSummary, CreateTableInput, GlobalSecondaryIndexDescription, KeySchemaElement,
    LocalSecondaryIndexDescription, OnDemandThroughput, Projection, ProvisionedThroughput,
    ProvisionedThroughputDescription, RestoreSummary, SSEDescription, SSESpecification, StreamSpecification,
    TableClassSummary, TableDescription, Tag, WarmThroughput,
};
use tidegate_policy::Document;
use tidegate_types::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::{
    Billing, Encryption, Index, IndexSchema, IndexState, Misuse, OnDemandLimit, Restored, StreamView, Table,
    TableAddress, Throughput,
};

use super::schema::{
    check_definitions_used, definition, definitions, index_schema, key_schema, projected, projection, wire_schema,
};
use super::throughput::{Owner, index_warm_description, limit_description, new_limit, new_warm, warm_description};

/// The most capacity units that can be provisioned.
const MAX_UNITS: u64 = 1_000_000_000_000;
const MAX_LOCAL: usize = 5;
/// The most tags of a table.
const MAX_TAGS: usize = 50;
const MAX_GLOBAL: usize = 20;

/// Provisioned throughput, within its bounds.
pub(crate) fn throughput(wire: &ProvisionedThroughput) -> Result<Throughput, Misuse> {
    let unit = |value: Option<i64>, name: &str| {
        let value = value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
        if value > MAX_UNITS {
            return Err(Misuse::new(format!("Given value {value} for {name} is out of bounds")));
        }
        Ok(value)
    };
    Ok(Throughput {
        read: unit(wire.read_capacity_units, "ReadCapacityUnits")?,
        write: unit(wire.write_capacity_units, "WriteCapacityUnits")?,
    })
}

/// How a table is paid for.
pub(crate) fn billing(mode: Option<&str>, wire: Option<&ProvisionedThroughput>) -> Result<Billing, Misuse> {
    match (mode, wire) {
        (Some("PAY_PER_REQUEST"), Some(_)) => Err(Misuse::parameter(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )),
        (Some("PAY_PER_REQUEST"), None) => Ok(Billing::OnDemand),
        (_, Some(wire)) => Ok(Billing::Provisioned(throughput(wire)?)),
        (_, None) => Err(Misuse::parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )),
    }
}

/// The view of a stream that a request asks for; none if it asks for no stream. A new table is spoken of otherwise
/// than one that is there.
pub(crate) fn stream_view(wire: Option<&StreamSpecification>, is_new: bool) -> Result<Option<StreamView>, Misuse> {
    let Some(wire) = wire else { return Ok(None) };
    let view = wire.stream_view_type.as_deref().and_then(StreamView::named);
    let words = match (wire.stream_enabled, view, is_new) {
        (Some(true), Some(view), _) => return Ok(Some(view)),
        (Some(true), None, true) => "Table is being created with a stream enabled, UpdateViewType is required",
        (Some(true), None, false) => "If stream is being enabled then UpdateViewType is required",
        (_, None, _) => return Ok(None),
        (_, Some(_), true) => "Table is being created with a stream disabled, UpdateViewType should not be specified",
        (_, Some(_), false) => "If stream is being disabled, then UpdateViewType must not be specified",
    };
    Err(Misuse::parameter(words))
}

/// The encryption that a request asks for; none if it asks for the one that every table has.
///
/// # Errors
/// A key or a type without encryption, and a type that there is none of any more.
pub(crate) fn encryption(wire: Option<SSESpecification>) -> Result<Option<Encryption>, Misuse> {
    let Some(wire) = wire else { return Ok(None) };
    let enabled = wire.enabled == Some(true);
    let words = match (enabled, wire.sse_type.as_deref(), &wire.kms_master_key_id) {
        (false, Some(_), _) => "SSEType can not be specified if Enabled is false",
        (false, None, Some(_)) => "KMSMasterKeyId can not be specified if Enabled is false",
        (true, Some("AES256"), _) => "SSEType AES256 is not supported",
        (true, None, Some(_)) => "SSEType KMS is required if KMSMasterKeyId is specified",
        _ => return Ok(enabled.then_some(Encryption { key: wire.kms_master_key_id })),
    };
    Err(Misuse::parameter(words))
}

/// Refuses a resource policy that could not be evaluated, rather than storing it.
pub(crate) fn check_policy(text: &str) -> Result<(), Misuse> {
    match Document::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Misuse::parameter(format!("Invalid policy document: {error}"))),
    }
}

/// Tags as a map.
///
/// # Errors
/// Too many, two of a name, and names and values that tags cannot have.
pub(crate) fn tags(wire: Vec<Tag>) -> Result<BTreeMap<String, String>, Misuse> {
    let mut tags = BTreeMap::new();
    for tag in wire {
        let (key, value) = (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
        check_tag_name(&key)?;
        if !value.chars().all(is_tag_character) {
            return Err(Misuse::new(format!("The Tag Value provided is invalid, Value: {value}")));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(Misuse::new(format!("Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")));
        }
    }
    check_tag_count(tags.len())?;
    Ok(tags)
}

/// Refuses what cannot be the name of a tag, or not of one of the caller's.
///
/// # Errors
/// Says why.
pub(crate) fn check_tag_name(name: &str) -> Result<(), Misuse> {
    if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(Misuse::new(format!("Tag Key cannot be prefixed with aws:, Key: {name}")));
    }
    match name.chars().all(is_tag_character) {
        true => Ok(()),
        false => Err(Misuse::new(format!("The Tag Key provided is invalid, Key: {name}"))),
    }
}

fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "_.:/=+-@".contains(character)
}

/// Refuses more tags than a table may have.
///
/// # Errors
/// Says so.
pub(crate) fn check_tag_count(count: usize) -> Result<(), Misuse> {
    if count > MAX_TAGS {
        return Err(Misuse::new("Number of Tags exceed the current limit for the provided ResourceArn"));
    }
    Ok(())
}

/// The parts of a global index that creations of tables and of indexes share.
pub(crate) struct GlobalIndex {
    pub name: String,
    pub keys: Vec<KeySchemaElement>,
    pub projection: Option<Projection>,
    pub throughput: Option<ProvisionedThroughput>,
    pub on_demand: Option<OnDemandThroughput>,
    pub warm: Option<WarmThroughput>,
}

/// A global index of a table.
pub(crate) fn global_index(table: &mut Table, wire: GlobalIndex, state: IndexState) -> Result<(), Misuse> {
    let GlobalIndex { name, keys, projection, throughput: given, on_demand, warm } = wire;
    let owner = Owner::Index(&name);
    let on_demand_limit = new_limit(on_demand.as_ref(), table.billing, owner)?;
    let keys = index_schema(&keys, &table.definitions)?;
    let projected = projected(projection)?;
    let throughput = match (table.billing, given) {
        (Billing::OnDemand, Some(_)) => {
            return Err(Misuse::parameter(format!(
                "ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
            )));
        }
        (Billing::OnDemand, None) => None,
        (Billing::Provisioned(_), Some(given)) => Some(throughput(&given)?),
        (Billing::Provisioned(_), None) => {
            return Err(Misuse::parameter(format!("ProvisionedThroughput must be specified for index: {name}")));
        }
    };
    if table.indexes.iter().filter(|index| index.global).count() == MAX_GLOBAL {
        return Err(Misuse::parameter(format!(
            "GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL}"
        )));
    }
    let (warm, insights) = (new_warm(warm.as_ref(), throughput, owner)?, None);
    let index =
        Index { id: 0, name, global: true, keys, projected, state, throughput, on_demand_limit, warm, insights };
    add_index(table, index)
}

fn add_index(table: &mut Table, index: Index) -> Result<(), Misuse> {
    if table.index(&index.name).is_some() {
        return Err(Misuse::parameter(format!("Duplicate index name: {}", index.name)));
    }
    table.indexes.push(Index { id: table.next_index, ..index });
    table.next_index += 1;
    Ok(())
}

/// A new table as a request describes it, without its stream.
pub(crate) fn new_table(input: CreateTableInput, id: u64, now: Timestamp) -> Result<Table, Misuse> {
    let billing = billing(input.billing_mode.as_deref(), input.provisioned_throughput.as_ref())?;
    let definitions = definitions(input.attribute_definitions.unwrap_or_default())?;
    let schema = input.key_schema.unwrap_or_default();
    if let [first, second] = &schema[..]
        && first.attribute_name == second.attribute_name
        && definitions.len() < schema.len()
    {
        return Err(Misuse::new("Invalid KeySchema: Some index key attribute have no definition"));
    }
    let keys = key_schema(&schema, &definitions, "keySchema")?;
    let mut table = Table {
        id,
        created_at: now,
        keys,
        definitions,
        indexes: Vec::new(),
        next_index: 0,
        billing,
        on_demand_limit: new_limit(input.on_demand_throughput.as_ref(), billing, Owner::Table)?,
        warm: new_warm(input.warm_throughput.as_ref(), billing.provisioned(), Owner::Table)?,
        on_demand_since: (billing == Billing::OnDemand).then_some(now),
        stream: None,
        ttl: None,
        deletion_protection: input.deletion_protection_enabled == Some(true),
        class: input.table_class,
        encryption: encryption(input.sse_specification)?,
        policy: match input.resource_policy {
            Some(policy) => {
                check_policy(&policy)?;
                Some((policy, now.as_millis().to_string()))
            }
            None => None,
        },
        tags: tags(input.tags.unwrap_or_default())?,
        recovery: None,
        copies: Vec::new(),
        restored: None,
        insights: None,
    };
    if let Some(indexes) = input.local_secondary_indexes {
        add_local_indexes(&mut table, indexes)?;
    }
    if let Some(indexes) = input.global_secondary_indexes {
        if indexes.is_empty() {
            return Err(Misuse::parameter("List of GlobalSecondaryIndexes is empty"));
        }
        for index in indexes {
            let index = GlobalIndex {
                name: index.index_name.unwrap_or_default(),
                keys: index.key_schema.unwrap_or_default(),
                projection: index.projection,
                throughput: index.provisioned_throughput,
                on_demand: index.on_demand_throughput,
                warm: index.warm_throughput,
            };
            global_index(&mut table, index, IndexState::Active)?;
        }
    }
    check_definitions_used(&table)?;
    Ok(table)
}

fn add_local_indexes(
    table: &mut Table,
    indexes: Vec<tidegate_api_dynamodb::LocalSecondaryIndex>,
) -> Result<(), Misuse> {
    if indexes.is_empty() {
        return Err(Misuse::parameter("List of LocalSecondaryIndexes is empty"));
    }
    if table.keys.sort.is_none() {
        return Err(Misuse::parameter(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ));
    }
    if indexes.len() > MAX_LOCAL {
        return Err(Misuse::parameter(format!(
            "Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL}"
        )));
    }
    for (number, index) in (1..).zip(indexes) {
        let name = index.index_name.unwrap_or_default();
        let place = format!("localSecondaryIndexes.{number}.member.keySchema");
        let keys = key_schema(&index.key_schema.unwrap_or_default(), &table.definitions, &place)?;
        let Some(sort) = keys.sort else {
            return Err(Misuse::parameter(format!("Index KeySchema does not have a range key for index: {name}")));
        };
        if keys.partition != table.keys.partition {
            return Err(Misuse::parameter(format!(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. index hash key: {}, table hash key: {}",
                keys.partition.name, table.keys.partition.name
            )));
        }
        let keys = IndexSchema::new(vec![keys.partition], vec![sort])?;
        let projected = projected(index.projection)?;
        let state = IndexState::Active;
        let on_demand_limit = OnDemandLimit::default();
        let index = Index {
            id: 0,
            name,
            global: false,
            keys,
            projected,
            state,
            throughput: None,
            on_demand_limit,
            warm: Throughput::NONE,
            insights: None,
        };
        add_index(table, index)?;
    }
    Ok(())
}

/// How many items something holds, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Measure {
    pub items: i64,
    pub bytes: i64,
}

/// What a table and its indexes hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    pub table: Measure,
    /// By the indexes' numbers.
    pub indexes: BTreeMap<u32, Measure>,
}

impl From<Measure> for Counted {
    fn from(table: Measure) -> Counted {
        Counted { table, indexes: BTreeMap::new() }
    }
}

/// A table's description.
pub(crate) fn description(
    address: &TableAddress,
    table: &Table,
    status: &str,
    counted: impl Into<Counted>,
) -> TableDescription {
    let counted: Counted = counted.into();
    let measure = counted.table;
    let of = |index: &Index| counted.indexes.get(&index.id).copied().unwrap_or_default();
    let arn = address.arn().to_string();
    let (globals, locals): (Vec<&Index>, Vec<&Index>) = table.indexes.iter().partition(|index| index.global);
    let globals: Vec<_> = globals.into_iter().map(|index| global_description(&arn, index, of(index))).collect();
    let locals: Vec<_> = locals.into_iter().map(|index| local_description(&arn, index, of(index))).collect();
    TableDescription {
        attribute_definitions: Some(table.definitions.iter().map(definition).collect()),
        table_name: Some(address.name.clone()),
        key_schema: Some(wire_schema(table.keys.as_parts())),
        table_status: Some(if table.is_restoring() { "CREATING" } else { status }.to_owned()),
        restore_summary: table.restored.as_ref().map(restore_summary),
        creation_date_time: Some(table.created_at),
        provisioned_throughput: Some(throughput_description(table.billing.provisioned())),
        on_demand_throughput: limit_description(table.on_demand_limit),
        warm_throughput: Some(warm_description(table)),
        table_size_bytes: Some(measure.bytes),
        item_count: Some(measure.items),
        table_id: Some(table_id(table.id)),
        billing_mode_summary: table.on_demand_since.map(|since| BillingModeSummary {
            billing_mode: Some(
                if table.billing == Billing::OnDemand { "PAY_PER_REQUEST" } else { "PROVISIONED" }.to_owned(),
            ),
            last_update_to_pay_per_request_date_time: Some(since),
        }),
        local_secondary_indexes: (!locals.is_empty()).then_some(locals),
        global_secondary_indexes: (!globals.is_empty()).then_some(globals),
        stream_specification: table.stream.as_ref().map(|stream| StreamSpecification {
            stream_enabled: Some(true),
            stream_view_type: Some(stream.view.name().to_owned()),
        }),
        latest_stream_label: table.stream.as_ref().map(|stream| stream.label.clone()),
        latest_stream_arn: table.stream.as_ref().map(|stream| format!("{arn}/stream/{}", stream.label)),
        sse_description: table.encryption.as_ref().map(|encryption| SSEDescription {
            status: Some("ENABLED".to_owned()),
            sse_type: Some("KMS".to_owned()),
            kms_master_key_arn: encryption.key.clone(),
            inaccessible_encryption_date_time: None,
        }),
        table_class_summary: table
            .class
            .clone()
            .map(|class| TableClassSummary { table_class: Some(class), last_update_date_time: None }),
        deletion_protection_enabled: Some(table.deletion_protection),
        table_arn: Some(arn),
        ..TableDescription::default()
    }
}

fn restore_summary(restored: &Restored) -> RestoreSummary {
    RestoreSummary {
        source_backup_arn: restored.backup.clone(),
        source_table_arn: Some(restored.table.arn().to_string()),
        restore_date_time: Some(restored.at),
        restore_in_progress: Some(restored.in_progress),
    }
}

/// The table's number as the UUID that it is shown as: a random one, of version 4.
pub(super) fn table_id(id: u64) -> String {
    let random = u128::from(id) << 64 | u128::from(xxh3_64(&id.to_be_bytes()));
    let uuid = random & !(0xf << 76 | 0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let hex = format!("{uuid:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn throughput_description(throughput: Option<Throughput>) -> ProvisionedThroughputDescription {
    let unit = |value: u64| Some(i64::try_from(value).unwrap_or(i64::MAX));
    ProvisionedThroughputDescription {
        number_of_decreases_today: Some(0),
        read_capacity_units: unit(throughput.map_or(0, |throughput| throughput.read)),
        write_capacity_units: unit(throughput.map_or(0, |throughput| throughput.write)),
        ..ProvisionedThroughputDescription::default()
    }
}

fn global_description(table: &str, index: &Index, measure: Measure) -> GlobalSecondaryIndexDescription {
    let backfilling = index.state == IndexState::Backfilling;
    GlobalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(wire_schema(index.keys.as_parts())),
        projection: Some(projection(&index.projected)),
        index_status: Some(if backfilling { "CREATING" } else { "ACTIVE" }.to_owned()),
        backfilling: backfilling.then_some(true),
        provisioned_throughput: Some(throughput_description(index.throughput)),
        on_demand_throughput: limit_description(index.on_demand_limit),
        warm_throughput: Some(index_warm_description(index)),
        index_size_bytes: Some(measure.bytes),
        item_count: Some(measure.items),
        index_arn: Some(format!("{table}/index/{}", index.name)),
    }
}

fn local_description(table: &str, index: &Index, measure: Measure) -> LocalSecondaryIndexDescription {
    LocalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(wire_schema(index.keys.as_parts())),
        projection: Some(projection(&index.projected)),
        index_size_bytes: Some(measure.bytes),
        item_count: Some(measure.items),
        index_arn: Some(format!("{table}/index/{}", index.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_shown_by_uuids_of_version_4() {
        for id in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
            let uuid = table_id(id);
            let parts: Vec<&str> = uuid.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uuid}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{uuid}");
        }
        assert_ne!(table_id(1), table_id(2));
    }
}
