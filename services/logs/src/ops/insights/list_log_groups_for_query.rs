use tidegate_api_logs::{ListLogGroupsForQueryRequest, ListLogGroupsForQueryResponse};
use tidegate_protocol::Call;
use tidegate_store::Space;

use super::query_key;
use crate::domain::QueryRefused;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{QueryRecord, decode, keys};
use crate::wire::Paging;

/// The groups that a query reads, by name: as AWS says it, the names of the caller's own.
pub(crate) async fn list_log_groups_for_query(
    service: &CloudWatchLogs,
    call: &Call,
    input: ListLogGroupsForQueryRequest,
) -> Result<ListLogGroupsForQueryResponse, Error> {
    let paging = Paging::new(input.max_results, 500, input.next_token.as_deref())?;
    let query = query_key(call, input.query_id);
    let key = keys::query(&query);
    let found = service.store.snapshot()?.get(Space::Map, &key).await?;
    let found = found.ok_or_else(|| QueryRefused::NoSuchQuery(query.id.clone()))?;
    let record: QueryRecord = decode(Space::Map, &key, &found)?;
    let mut names: Vec<String> = record.groups.into_iter().map(|group| group.name).collect();
    names.sort();
    if let Some(after) = paging.after()? {
        names.retain(|name| name.as_str() > after);
    }
    let next_token = paging.cut(&mut names, Clone::clone);
    Ok(ListLogGroupsForQueryResponse { log_group_identifiers: Some(names), next_token })
}
