use std::sync::Arc;

use tidegate_protocol::ProtocolId;
use tidegate_queue::{QueueError, Reservation, Reserve, enqueue_in_tx, take_in_tx};
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};
use uuid::Uuid;

use crate::domain::{MAX_MESSAGE_BYTES, MoveTask, QueueAddress, TaskFailure, TaskStatus};
use crate::error::Error;
use crate::ops::{message_of, redriven};
use crate::service::Sqs;
use crate::store::{Queue, decode, keys};

/// How many messages one transaction moves.
const BATCH: u64 = 50;

/// How many tasks one scan reads.
const TASKS: usize = 1000;

/// Moves the messages of message move tasks. Each batch is taken out of the source, put into its
/// destination and counted in one transaction, so a crash neither loses nor doubles any, and the task
/// goes on where it was.
pub(crate) struct MoveTasks {
    sqs: Arc<Sqs>,
}

/// What a step of a task came to.
enum Step {
    /// There is more to do now.
    More,
    /// There is more to do then.
    MoreAt(Timestamp),
    /// The task has ended.
    Ended,
}

impl MoveTasks {
    pub(crate) fn new(sqs: Arc<Sqs>) -> MoveTasks {
        MoveTasks { sqs }
    }

    async fn running(&self) -> Result<Vec<MoveTask>, Error> {
        let snapshot = self.sqs.store.snapshot()?;
        let prefix = keys::move_tasks();
        let mut range = KeyRange::prefix(&prefix);
        let mut running = Vec::new();
        loop {
            let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(TASKS)).await?;
            let Some(last) = page.last() else { return Ok(running) };
            range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
            for entry in &page {
                let task: MoveTask = decode(Space::Map, &entry.key, &entry.record)?;
                running.extend(task.is_running().then_some(task));
            }
        }
    }

    async fn step(&self, task: &MoveTask) -> Result<Step, Error> {
        let now = self.sqs.now();
        let allowance = task.allowance(now).min(BATCH);
        if allowance == 0 {
            return Ok(Step::MoreAt(task.next_due()));
        }
        let Some(source) = self.sqs.directory.get(&task.source)? else {
            return self.end(task, TaskStatus::Failed(TaskFailure::NoSuchQueue)).await;
        };
        let reserved = match self.reserve(&source, allowance, now).await {
            Err(QueueError::NoSuchQueue(_)) => {
                return self.end(task, TaskStatus::Failed(TaskFailure::NoSuchQueue)).await;
            }
            other => other.map_err(|error| Error::of_queue(error, ProtocolId::AwsJson1_0))?,
        };
        if reserved.is_empty() {
            return self.end(task, TaskStatus::Completed).await;
        }
        let moves = self.moves(task, &reserved)?;
        match moves.failure {
            // What comes before the message that cannot be moved is moved first.
            Some(failure) if moves.targets.is_empty() => self.end(task, TaskStatus::Failed(failure)).await,
            _ => self.commit(task, &reserved, &moves.targets, now).await,
        }
    }

    async fn reserve(&self, source: &Queue, max: u64, now: Timestamp) -> Result<Vec<Reservation>, QueueError> {
        let reserve = Reserve {
            max: usize::try_from(max).unwrap_or(usize::MAX),
            now,
            // A task takes messages without leasing them.
            max_in_flight: usize::MAX,
            sent_after: source.sent_after(now),
            max_bytes: 10 * MAX_MESSAGE_BYTES,
        };
        self.sqs.queues.reserve(source.id(), reserve).await
    }

    /// Where each reserved message goes, up to the first that can go nowhere.
    fn moves(&self, task: &MoveTask, reserved: &[Reservation]) -> Result<Moves, Error> {
        let mut moves = Moves { targets: Vec::with_capacity(reserved.len()), failure: None };
        for reservation in reserved {
            match self.target(task, reservation)? {
                Ok(target) => moves.targets.push((target, self.sqs.env.uuid())),
                Err(failure) => {
                    moves.failure = Some(failure);
                    break;
                }
            }
        }
        Ok(moves)
    }

    fn target(&self, task: &MoveTask, reservation: &Reservation) -> Result<Result<Arc<Queue>, TaskFailure>, Error> {
        let origin: Option<QueueAddress> = match &task.destination {
            Some(destination) => Some(destination.clone()),
            None => message_of(reservation)?.origin.map(|origin| origin.source),
        };
        let Some(address) = origin else { return Ok(Err(TaskFailure::UnknownSource)) };
        Ok(self.sqs.directory.get(&address)?.ok_or(TaskFailure::NoSuchQueue))
    }

    async fn commit(
        &self,
        task: &MoveTask,
        reserved: &[Reservation],
        targets: &[(Arc<Queue>, Uuid)],
        now: Timestamp,
    ) -> Result<Step, Error> {
        // How many were moved, unless the task is over.
        let transacted = self.sqs.transact(&[], async |tx: &mut Tx| {
            // Read in the transaction: a task that was cancelled moves nothing more.
            let key = keys::move_task(task);
            let Some(record) = tx.get(Space::Map, &key).await? else { return Ok(None) };
            let mut task: MoveTask = decode(Space::Map, &key, &record)?;
            if !task.is_running() {
                return Ok(None);
            }
            let before = task.moved;
            for (reservation, (target, id)) in reserved.iter().zip(targets) {
                let failed = |error| Error::of_queue(error, ProtocolId::AwsJson1_0);
                if !take_in_tx(tx, reservation).await.map_err(failed)? {
                    continue;
                }
                match enqueue_in_tx(tx, target.id(), redriven(reservation, *id, now)?).await {
                    Ok(_slot) => task.moved += 1,
                    Err(error) => return Err(failed(error)),
                }
            }
            tx.put(Space::Map, key, task.encode());
            Ok(Some(task.moved - before))
        });
        match transacted.await {
            // A target was deleted this very moment; the next step finds that out.
            Err(Error::NoSuchQueue { .. }) => Ok(Step::More),
            other => match other?.value {
                Some(moved) => {
                    self.sqs.meters.moved.increment(moved);
                    Ok(Step::More)
                }
                None => Ok(Step::Ended),
            },
        }
    }

    async fn end(&self, task: &MoveTask, status: TaskStatus) -> Result<Step, Error> {
        let transacted = self.sqs.transact(&[], async |tx: &mut Tx| {
            let key = keys::move_task(task);
            let Some(record) = tx.get(Space::Map, &key).await? else { return Ok(()) };
            let task: MoveTask = decode(Space::Map, &key, &record)?;
            if task.is_running() {
                tx.put(Space::Map, key, MoveTask { status, ..task }.encode());
            }
            Ok(())
        });
        transacted.await?;
        Ok(Step::Ended)
    }
}

/// Where messages go.
struct Moves {
    /// The queue for each message, and the id that it will have there.
    targets: Vec<(Arc<Queue>, Uuid)>,
    /// Why the message behind those can go nowhere.
    failure: Option<TaskFailure>,
}

impl Worker for MoveTasks {
    type Error = Error;

    fn name(&self) -> &'static str {
        "sqs message move tasks"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let mut next: Option<Timestamp> = None;
        let mut again = false;
        for task in self.running().await? {
            match self.step(&task).await? {
                Step::More => again = true,
                Step::MoreAt(due) => next = Some(next.map_or(due, |next| next.min(due))),
                Step::Ended => {}
            }
        }
        Ok(if again { Next::Again } else { Next::at(next) })
    }
}
