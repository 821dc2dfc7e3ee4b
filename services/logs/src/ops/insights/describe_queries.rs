use std::cmp::Reverse;

use tidegate_api_logs::{DescribeQueriesRequest, DescribeQueriesResponse};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order, Page, Space};

use super::query_key;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{QueryRecord, behind, corrupt, decode, keys};
use crate::wire;

/// How many queries one answer has if the request does not say.
const DEFAULT_COUNT: usize = 1000;
/// How many records are read at once.
const STEP: usize = 200;

/// The caller's queries, the newest first. They are bounded in number, so all are looked at.
pub(crate) async fn describe_queries(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeQueriesRequest,
) -> Result<DescribeQueriesResponse, Error> {
    if input.query_language.as_deref().is_some_and(|language| language != wire::LANGUAGE) {
        return Ok(DescribeQueriesResponse { queries: Some(Vec::new()), next_token: None });
    }
    let from: usize = match &input.next_token {
        Some(token) => token.parse().map_err(|_| Error::InvalidToken)?,
        None => 0,
    };
    let prefix = keys::queries_of(call.account, &call.region);
    let snapshot = service.store.snapshot()?;
    let mut range = KeyRange::prefix(&prefix);
    let mut queries = Vec::new();
    loop {
        let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
        let Some(last) = page.last() else { break };
        range.start = behind(&last.key);
        for entry in &page {
            let id = keys::read_name(&entry.key, &prefix).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
            let record: QueryRecord = decode(Space::Map, &entry.key, &entry.record)?;
            let is_of_group =
                input.log_group_name.as_ref().is_none_or(|name| record.groups.iter().any(|group| group.name == *name));
            let progress = service.board.progress(&query_key(call, Some(id.clone())));
            let is_so = input.status.as_deref().is_none_or(|status| status == wire::status(record.state, progress));
            if is_of_group && is_so {
                queries.push((Reverse(record.created_at), wire::query(id, record, progress)));
            }
        }
    }
    queries.sort_by(|(one, a), (two, b)| one.cmp(two).then_with(|| a.query_id.cmp(&b.query_id)));
    let most = wire::count(input.max_results, DEFAULT_COUNT);
    let next_token = (queries.len() > from.saturating_add(most)).then(|| (from + most).to_string());
    let queries = queries.into_iter().skip(from).take(most).map(|(_, query)| query).collect();
    Ok(DescribeQueriesResponse { queries: Some(queries), next_token })
}
