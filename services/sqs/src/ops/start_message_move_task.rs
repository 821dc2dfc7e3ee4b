use tidegate_api_sqs::{StartMessageMoveTaskRequest, StartMessageMoveTaskResult};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use super::read_queue;
use crate::domain::{KEPT_TASKS, MAX_MESSAGES_PER_SECOND, MoveTask, QueueAddress, TaskId, TaskStatus};
use crate::error::{Error, MoveTaskError, RangeError};
use crate::service::Sqs;
use crate::store::{decode, keys};
use crate::wire::{queue_of_arn, task_handle};

/// Starts to move what lies in a dead-letter queue. The work is a worker's: see `workers/move_tasks.rs`.
pub(crate) async fn start_message_move_task(
    sqs: &Sqs,
    _call: &Call,
    input: StartMessageMoveTaskRequest,
) -> Result<StartMessageMoveTaskResult, Error> {
    let source = queue_of_arn(input.source_arn.as_deref().unwrap_or_default(), "SourceArn")?;
    let source_queue = sqs.directory.get(&source)?.ok_or(MoveTaskError::NoSuchQueue { parameter: "SourceArn" })?;
    let destination = input.destination_arn.map(|arn| queue_of_arn(&arn, "DestinationArn")).transpose()?;
    check_source(sqs, &source)?;
    check_destination(sqs, &source, destination.as_ref())?;
    let now = sqs.now();
    let task = &MoveTask {
        id: TaskId(sqs.env.uuid()),
        max_per_second: input.max_number_of_messages_per_second.map(rate).transpose()?,
        started_at: now,
        status: TaskStatus::Running,
        moved: 0,
        to_move: sqs.queues.counts(source_queue.id(), now).ready,
        source,
        destination,
    };
    // Whoever starts a task for this source holds this latch, so the scan below sees all others.
    let latch = keys::move_tasks_of(&task.source);
    sqs.transact(&[latch], async |tx: &mut Tx| {
        if read_queue(tx, &task.source).await?.is_none() {
            return Err(MoveTaskError::NoSuchQueue { parameter: "SourceArn" }.into());
        }
        forget_oldest(tx, task).await?;
        tx.put(Space::Map, keys::move_task(task), task.encode());
        Ok(())
    })
    .await?;
    sqs.task_started.give();
    Ok(StartMessageMoveTaskResult { task_handle: Some(task_handle(task)) })
}

fn rate(per_second: i32) -> Result<u32, RangeError> {
    let in_range = u32::try_from(per_second).ok().filter(|rate| (1..=MAX_MESSAGES_PER_SECOND).contains(rate));
    in_range.ok_or(RangeError::MaxNumberOfMessagesPerSecond(per_second))
}

fn check_source(sqs: &Sqs, source: &QueueAddress) -> Result<(), Error> {
    let queues = sqs.directory.of_account(source.account, &source.region, None)?;
    match queues.iter().any(|queue| queue.sends_dead_letters_to(source)) {
        true => Ok(()),
        false => Err(MoveTaskError::NotADeadLetterQueue.into()),
    }
}

fn check_destination(sqs: &Sqs, source: &QueueAddress, destination: Option<&QueueAddress>) -> Result<(), Error> {
    let Some(destination) = destination else { return Ok(()) };
    if destination == source {
        return Err(MoveTaskError::SameQueue.into());
    }
    if sqs.directory.get(destination)?.is_none() {
        return Err(MoveTaskError::NoSuchQueue { parameter: "DestinationArn" }.into());
    }
    match destination.name.is_fifo() == source.name.is_fifo() {
        true => Ok(()),
        false => Err(MoveTaskError::OtherType.into()),
    }
}

/// Makes room for a new task; refuses if one is running.
async fn forget_oldest(tx: &mut Tx, task: &MoveTask) -> Result<(), Error> {
    let range = KeyRange::prefix(&keys::move_tasks_of(&task.source));
    let tasks = tx.scan(Space::Map, &range, Order::Descending, Page::of(KEPT_TASKS + 1)).await?;
    for (at, entry) in tasks.iter().enumerate() {
        let earlier: MoveTask = decode(Space::Map, &entry.key, &entry.record)?;
        if earlier.is_running() {
            return Err(MoveTaskError::AlreadyRunning.into());
        }
        if at + 1 >= KEPT_TASKS {
            tx.delete(Space::Map, entry.key.clone());
        }
    }
    Ok(())
}
