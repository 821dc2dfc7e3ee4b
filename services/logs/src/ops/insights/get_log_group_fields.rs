use std::collections::{BTreeMap, BTreeSet};

use tidegate_api_logs::{GetLogGroupFieldsRequest, GetLogGroupFieldsResponse, LogGroupField};
use tidegate_protocol::Call;

use super::event;
use crate::domain::begin_ms;
use crate::error::Error;
use crate::ops::{EventReader, Step};
use crate::service::CloudWatchLogs;

/// How long a stretch of time is looked at.
const SPAN_MS: u64 = 15 * 60 * 1000;
/// How far before a given time it begins, as AWS documents.
const BEFORE_MS: u64 = 8 * 60 * 1000;
/// How many events are looked at.
const MAX_EVENTS: usize = 10_000;

/// The fields that a group's events have, each with the share of events that have it.
pub(crate) async fn get_log_group_fields(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetLogGroupFieldsRequest,
) -> Result<GetLogGroupFieldsResponse, Error> {
    let group = service.group(call, input.log_group_name, input.log_group_identifier)?;
    let from_ms = match input.time {
        Some(time) => begin_ms(time).saturating_sub(BEFORE_MS),
        None => service.now().as_millis().saturating_sub(SPAN_MS),
    };
    let to_ms = match input.time {
        Some(time) => begin_ms(time).saturating_add(BEFORE_MS),
        None => service.now().as_millis().saturating_add(1),
    };
    let mut reader = EventReader::new(vec![group], from_ms, to_ms);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut events = 0;
    while events < MAX_EVENTS {
        let Step::Event(group, found) = reader.next(service).await? else { break };
        events += 1;
        // A name that a message has twice counts once.
        let names: BTreeSet<String> =
            tidegate_insights::fields(&event(&group.address, found)).into_iter().map(|(name, _)| name).collect();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
    }
    let mut shares: Vec<(String, usize)> = counts.into_iter().collect();
    shares.sort_by(|(one, many), (two, more)| more.cmp(many).then_with(|| one.cmp(two)));
    let percent = |count: usize| i32::try_from((count * 100).div_ceil(events.max(1))).ok();
    let shown = shares.into_iter().map(|(name, count)| LogGroupField { name: Some(name), percent: percent(count) });
    Ok(GetLogGroupFieldsResponse { log_group_fields: Some(shown.collect()) })
}
