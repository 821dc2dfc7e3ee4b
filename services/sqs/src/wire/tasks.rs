//! Message move tasks and the queues that they name, between AWS's texts and the domain.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tidegate_api_sqs::ListMessageMoveTasksResultEntry;
use tidegate_types::Arn;
use uuid::Uuid;

use crate::domain::{MoveTask, QueueAddress, TaskFailure, TaskId, TaskStatus};
use crate::error::MoveTaskError;

/// The queue that an ARN in `parameter` names.
pub(crate) fn queue_of_arn(arn: &str, parameter: &'static str) -> Result<QueueAddress, MoveTaskError> {
    let arn: Arn = arn.parse().map_err(|_| MoveTaskError::MalformedArn { parameter })?;
    QueueAddress::of_arn(&arn).ok_or(MoveTaskError::NoSuchQueue { parameter })
}

/// What a task is cancelled by: as AWS's, the Base64 of a small JSON object.
pub(crate) fn task_handle(task: &MoveTask) -> String {
    let source = task.source.arn().to_string();
    STANDARD.encode(json!({ "taskId": task.id.0.to_string(), "sourceArn": source }).to_string())
}

/// The task and the source that a handle names.
pub(crate) fn open_task_handle(handle: &str) -> Result<(TaskId, QueueAddress), MoveTaskError> {
    let fields = STANDARD.decode(handle).ok().and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    let fields = fields.ok_or(MoveTaskError::MalformedHandle)?;
    let text = |name| fields.get(name).and_then(Value::as_str).ok_or(MoveTaskError::MalformedHandle);
    let source = queue_of_arn(text("sourceArn")?, "SourceArn")?;
    // Any text may stand for a task: what is not a UUID is a task that does not exist.
    let id = text("taskId")?.parse::<Uuid>().unwrap_or(Uuid::nil());
    Ok((TaskId(id), source))
}

/// A task as AWS lists it. Only a running task shows its handle: no other can be cancelled.
pub(crate) fn task_entry(task: &MoveTask) -> ListMessageMoveTasksResultEntry {
    let signed = |number: u64| Some(i64::try_from(number).unwrap_or(i64::MAX));
    let (status, failure) = match task.status {
        TaskStatus::Running => ("RUNNING", None),
        TaskStatus::Completed => ("COMPLETED", None),
        TaskStatus::Cancelled => ("CANCELLED", None),
        TaskStatus::Failed(TaskFailure::NoSuchQueue) => ("FAILED", Some("AWS.SimpleQueueService.NonExistentQueue")),
        TaskStatus::Failed(TaskFailure::UnknownSource) => ("FAILED", Some("CouldNotDetermineMessageSource")),
    };
    ListMessageMoveTasksResultEntry {
        task_handle: task.is_running().then(|| task_handle(task)),
        status: Some(status.to_owned()),
        source_arn: Some(task.source.arn().to_string()),
        destination_arn: task.destination.as_ref().map(|queue| queue.arn().to_string()),
        max_number_of_messages_per_second: task.max_per_second.and_then(|rate| i32::try_from(rate).ok()),
        approximate_number_of_messages_moved: signed(task.moved),
        approximate_number_of_messages_to_move: signed(task.to_move),
        failure_reason: failure.map(str::to_owned),
        started_timestamp: signed(task.started_at.as_millis()),
    }
}
