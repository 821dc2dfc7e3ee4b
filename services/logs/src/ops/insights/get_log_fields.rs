use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_api_logs::{
    AggregateLogGroupSummary, GetLogFieldsRequest, GetLogFieldsResponse, GroupingIdentifier,
    ListAggregateLogGroupSummariesRequest, ListAggregateLogGroupSummariesResponse, LogFieldType, LogFieldsListItem,
};
use tidegate_protocol::Call;
use tidegate_store::StoreError;

use crate::domain::{Cut, Direction};
use crate::error::Error;
use crate::ops::{Query, Source};
use crate::service::CloudWatchLogs;
use crate::store::Group;
use crate::wire;

/// The tags that say which data source, and which of its types, a group's events are of.
const NAME: &str = "cw:datasource:name";
const TYPE: &str = "cw:datasource:type";
/// How many events are looked at, and how many bytes of them: of each group an equal share.
const MAX_EVENTS: usize = 1_000;
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The most fields that are told beside those of every event, those within others counted.
const MAX_FIELDS: usize = 1_000;
/// What groups are counted by. They have no tag that says in which format their events are.
const BY_NAME_AND_TYPE: &str = "DATA_SOURCE_NAME_AND_TYPE";
/// How long a stretch of time is looked at.
const SPAN_MS: u64 = 86_400_000;
/// How deep types are told.
const MAX_DEPTH: usize = 8;

/// The fields that the events of a data source have, each with its type.
pub(crate) async fn get_log_fields(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetLogFieldsRequest,
) -> Result<GetLogFieldsResponse, Error> {
    let groups = groups_of_source(service, call, input.data_source_name.as_deref(), input.data_source_type.as_deref())?;
    if groups.is_empty() {
        return Err(Error::NoSuchFilter("data source"));
    }
    let now = service.now();
    let mut types: BTreeMap<String, LogFieldType> = BTreeMap::new();
    let (mut left, mut bytes) = (MAX_FIELDS, 0);
    for group in groups.iter().take(MAX_EVENTS) {
        // One event of each group is read, however large.
        if left == 0 || bytes >= MAX_BYTES {
            break;
        }
        let query = Query {
            source: Source::Group(group.id()),
            from_ms: now.minus_millis(SPAN_MS).as_millis().max(group.record.cutoff_ms(now)),
            to_ms: now.as_millis().saturating_add(1),
            cut: Cut::END,
            direction: Direction::Backward,
            limit: MAX_EVENTS / groups.len(),
            bytes: MAX_BYTES / groups.len(),
            budget: usize::MAX,
            streams: &|_| true,
            pattern: None,
            masks: group.masks(),
            with_hidden: true,
        };
        for found in service.find(&query).await?.events.into_iter().rev() {
            // An event may be long, and reading it makes no await wait.
            tokio::task::yield_now().await;
            bytes += found.bytes();
            let text = found.transformed.as_ref().unwrap_or(&found.message);
            let Ok(Value::Object(members)) = serde_json::from_str(text) else { continue };
            for (name, value) in members {
                if left > 0 && !types.contains_key(&name) {
                    left -= 1;
                    let of_type = type_of(&value, MAX_DEPTH, &mut left);
                    types.insert(name, of_type);
                }
            }
        }
    }
    for (name, kind) in [("@timestamp", "timestamp"), ("@message", "string"), ("@logStream", "string")] {
        types.insert(name.to_owned(), plain(kind));
    }
    Ok(GetLogFieldsResponse { log_fields: Some(types.into_iter().map(item).collect()) })
}

/// The caller's groups whose tags name a data source.
pub(crate) fn groups_of_source(
    service: &CloudWatchLogs,
    call: &Call,
    name: Option<&str>,
    of_type: Option<&str>,
) -> Result<Vec<Group>, StoreError> {
    let mut groups = service.directory.of_account(call.account, &call.region, None)?;
    groups.retain(|group| (tag(group, NAME), tag(group, TYPE)) == (name, of_type));
    Ok(groups)
}

/// How many groups each data source has.
pub(crate) async fn list_aggregate_log_group_summaries(
    service: &CloudWatchLogs,
    call: &Call,
    input: ListAggregateLogGroupSummariesRequest,
) -> Result<ListAggregateLogGroupSummariesResponse, Error> {
    if input.group_by.as_deref() != Some(BY_NAME_AND_TYPE) {
        return Err(Error::NotImplemented("ListAggregateLogGroupSummaries by format"));
    }
    let paging = wire::Paging::new(input.limit, 50, input.next_token.as_deref())?;
    let after = paging.after()?;
    let is_named = |name: &str| {
        let fits = |part: &str| match part.strip_prefix('^') {
            Some(prefix) => name.starts_with(prefix),
            None => name.contains(part),
        };
        input.log_group_name_pattern.as_ref().is_none_or(|pattern| pattern.split('|').any(fits))
    };
    let is_asked_for = |name: &str, of_type: &str| {
        let fits = |filter: &tidegate_api_logs::DataSourceFilter| {
            filter.name.as_deref() == Some(name) && filter.r#type.as_deref().is_none_or(|own| own == of_type)
        };
        input.data_sources.as_ref().is_none_or(|filters| filters.iter().any(fits))
    };
    let account = call.account.to_string();
    let is_own = input.account_identifiers.as_ref().is_none_or(|all| all.is_empty() || all.contains(&account));
    let mut counts: BTreeMap<String, i32> = BTreeMap::new();
    for group in service.directory.of_account(call.account, &call.region, None)? {
        let of_class = input.log_group_class.as_ref().is_none_or(|class| wire::class(class) == group.record.class);
        let (Some(name), Some(of_type)) = (tag(&group, NAME), tag(&group, TYPE)) else { continue };
        if is_own && of_class && is_named(&group.address.name) && is_asked_for(name, of_type) {
            *counts.entry(format!("{name}\n{of_type}")).or_default() += 1;
        }
    }
    let mut found: Vec<(String, i32)> = counts.into_iter().collect();
    found.retain(|(key, _)| after.is_none_or(|after| key.as_str() > after));
    let next_token = paging.cut(&mut found, |(key, _)| key.clone());
    let shown = |(key, count): (String, i32)| {
        let (name, of_type) = key.split_once('\n').unwrap_or_default();
        let identifier =
            |key: &str, value: &str| GroupingIdentifier { key: Some(key.to_owned()), value: Some(value.to_owned()) };
        AggregateLogGroupSummary {
            log_group_count: Some(count),
            grouping_identifiers: Some(vec![identifier("dataSourceName", name), identifier("dataSourceType", of_type)]),
        }
    };
    let aggregate_log_group_summaries = Some(found.into_iter().map(shown).collect());
    Ok(ListAggregateLogGroupSummariesResponse { aggregate_log_group_summaries, next_token })
}

fn tag<'g>(group: &'g Group, name: &str) -> Option<&'g str> {
    group.record.tags.get(name).map(String::as_str)
}

fn plain(kind: &str) -> LogFieldType {
    LogFieldType { r#type: Some(kind.to_owned()), ..LogFieldType::default() }
}

/// The type of a value, with at most as many fields within it as are `left`.
fn type_of(value: &Value, depth: usize, left: &mut usize) -> LogFieldType {
    match value {
        Value::Bool(_) => plain("boolean"),
        Value::Number(number) => plain(if number.is_f64() { "double" } else { "long" }),
        Value::Array(elements) if depth > 0 => LogFieldType {
            element: Some(Box::new(
                elements.first().map_or_else(|| plain("string"), |one| type_of(one, depth - 1, left)),
            )),
            ..plain("array")
        },
        Value::Object(members) if depth > 0 => {
            let mut fields = Vec::new();
            for (name, value) in members {
                let Some(rest) = left.checked_sub(1) else { break };
                *left = rest;
                fields.push(item((name.clone(), type_of(value, depth - 1, left))));
            }
            LogFieldType { fields: Some(fields), ..plain("struct") }
        }
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => plain("string"),
    }
}

fn item((name, of_type): (String, LogFieldType)) -> LogFieldsListItem {
    LogFieldsListItem { log_field_name: Some(name), log_field_type: Some(of_type) }
}
