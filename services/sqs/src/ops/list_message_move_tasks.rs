use tidegate_api_sqs::{ListMessageMoveTasksRequest, ListMessageMoveTasksResult};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order, Page, Space};

use crate::domain::{KEPT_TASKS, MoveTask};
use crate::error::{Error, MoveTaskError, RangeError};
use crate::service::Sqs;
use crate::store::{decode, keys};
use crate::wire::{queue_of_arn, task_entry};

/// The latest message move tasks of a source, the newest first.
pub(crate) async fn list_message_move_tasks(
    sqs: &Sqs,
    _call: &Call,
    input: ListMessageMoveTasksRequest,
) -> Result<ListMessageMoveTasksResult, Error> {
    let source = queue_of_arn(input.source_arn.as_deref().unwrap_or_default(), "SourceArn")?;
    if sqs.directory.get(&source)?.is_none() {
        return Err(MoveTaskError::NoSuchQueue { parameter: "SourceArn" }.into());
    }
    let max = input.max_results.unwrap_or(1);
    let in_range = usize::try_from(max).ok().filter(|max| (1..=KEPT_TASKS).contains(max));
    let max = in_range.ok_or(RangeError::MaxResults(max))?;
    let range = KeyRange::prefix(&keys::move_tasks_of(&source));
    let entries = sqs.store.snapshot()?.scan(Space::Map, &range, Order::Descending, Page::of(max)).await?;
    let mut results = Vec::with_capacity(entries.len());
    for entry in entries {
        let task: MoveTask = decode(Space::Map, &entry.key, &entry.record)?;
        results.push(task_entry(&task));
    }
    Ok(ListMessageMoveTasksResult { results: Some(results) })
}
