use tidegate_api_dynamodb::{ListTablesInput, ListTablesOutput};
use tidegate_protocol::Call;

use crate::error::Error;
use crate::service::DynamoDb;

/// The most names on one page.
const MAX_PAGE: usize = 100;

/// The caller's tables, by name.
pub(crate) async fn list_tables(
    dynamodb: &DynamoDb,
    call: &Call,
    input: ListTablesInput,
) -> Result<ListTablesOutput, Error> {
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_PAGE).min(MAX_PAGE);
    let mut names = dynamodb.directory.names(call.account, &call.region);
    if let Some(start) = input.exclusive_start_table_name {
        names.retain(|name| *name > start);
    }
    let more = names.len() > limit;
    names.truncate(limit);
    let last = names.last().filter(|_| more).cloned();
    Ok(ListTablesOutput { table_names: Some(names), last_evaluated_table_name: last })
}
