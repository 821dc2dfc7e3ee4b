use tidegate_api_sqs::{CancelMessageMoveTaskRequest, CancelMessageMoveTaskResult};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use crate::domain::{KEPT_TASKS, MoveTask, TaskStatus};
use crate::error::{Error, MoveTaskError};
use crate::service::Sqs;
use crate::store::{decode, keys};
use crate::wire::open_task_handle;

/// Cancels a message move task. AWS may move a few messages more; here none is moved after the answer.
pub(crate) async fn cancel_message_move_task(
    sqs: &Sqs,
    _call: &Call,
    input: CancelMessageMoveTaskRequest,
) -> Result<CancelMessageMoveTaskResult, Error> {
    let (id, source) = open_task_handle(input.task_handle.as_deref().unwrap_or_default())?;
    if sqs.directory.get(&source)?.is_none() {
        return Err(MoveTaskError::NoSuchQueue { parameter: "SourceArn" }.into());
    }
    let range = &KeyRange::prefix(&keys::move_tasks_of(&source));
    let transacted = sqs
        .transact(&[], async |tx: &mut Tx| {
            let tasks = tx.scan(Space::Map, range, Order::Descending, Page::of(KEPT_TASKS)).await?;
            for entry in tasks {
                // Read once more, so that a step of the task at the same time is a conflict.
                let Some(record) = tx.get(Space::Map, &entry.key).await? else { continue };
                let task: MoveTask = decode(Space::Map, &entry.key, &record)?;
                if task.id == id {
                    return cancel(tx, task);
                }
            }
            Err(MoveTaskError::NoSuchTask.into())
        })
        .await?;
    let moved = i64::try_from(transacted.value).unwrap_or(i64::MAX);
    Ok(CancelMessageMoveTaskResult { approximate_number_of_messages_moved: Some(moved) })
}

fn cancel(tx: &mut Tx, task: MoveTask) -> Result<u64, Error> {
    if !task.is_running() {
        return Err(MoveTaskError::NotRunning.into());
    }
    let task = MoveTask { status: TaskStatus::Cancelled, ..task };
    tx.put(Space::Map, keys::move_task(&task), task.encode());
    Ok(task.moved)
}
