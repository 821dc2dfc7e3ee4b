use tidegate_types::Timestamp;
use uuid::Uuid;

use super::QueueAddress;

/// The highest rate that can be asked for.
pub const MAX_MESSAGES_PER_SECOND: u32 = 500;

/// How many tasks of a source are remembered.
pub const KEPT_TASKS: usize = 10;

/// What a task is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskId(pub Uuid);

/// The order to move what lies in a dead-letter queue elsewhere, and how far that has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// Its name.
    pub id: TaskId,
    /// The dead-letter queue.
    pub source: QueueAddress,
    /// Where to; `None`: each message back to the queue that it came from.
    pub destination: Option<QueueAddress>,
    /// At most this many messages a second.
    pub max_per_second: Option<u32>,
    /// When it was started.
    pub started_at: Timestamp,
    /// How it stands.
    pub status: TaskStatus,
    /// How many messages it has moved.
    pub moved: u64,
    /// How many messages there were when it was started.
    pub to_move: u64,
}

/// How a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    /// Messages are being moved.
    Running,
    /// There was nothing left to move.
    Completed,
    /// Somebody cancelled it.
    Cancelled,
    /// It could not go on.
    Failed(TaskFailure),
}

/// Why a task could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskFailure {
    /// A queue that it needs does not exist any more.
    NoSuchQueue,
    /// A message did not come from a queue, and no destination was given.
    UnknownSource,
}

impl MoveTask {
    /// Whether it is still to be worked on.
    pub fn is_running(&self) -> bool {
        self.status == TaskStatus::Running
    }

    /// How many messages may be moved now, given what has been moved so far. The rate follows from
    /// the record alone, so a restart neither loses nor repeats any of it.
    pub fn allowance(&self, now: Timestamp) -> u64 {
        match self.max_per_second {
            None => u64::MAX,
            Some(rate) => self.due_by(now, rate).saturating_sub(self.moved),
        }
    }

    fn due_by(&self, now: Timestamp, rate: u32) -> u64 {
        let elapsed_ms = u64::try_from(now.since(self.started_at).as_millis()).unwrap_or(u64::MAX);
        1 + elapsed_ms.saturating_mul(u64::from(rate)) / 1000
    }

    /// When the next message may be moved.
    pub fn next_due(&self) -> Timestamp {
        match self.max_per_second {
            None => self.started_at,
            Some(rate) => self.started_at.plus_millis(self.moved.saturating_mul(1000).div_ceil(u64::from(rate))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::QueueName;
    use tidegate_types::{AccountId, Region};

    #[test]
    fn the_rate_is_kept_over_any_number_of_restarts() {
        let name = QueueName::parse("dlq").unwrap();
        let source = QueueAddress { account: AccountId::DEFAULT, region: Region::us_east_1(), name };
        let mut task = MoveTask {
            id: TaskId(Uuid::nil()),
            source,
            destination: None,
            max_per_second: Some(4),
            started_at: Timestamp::from_secs(100),
            status: TaskStatus::Running,
            moved: 0,
            to_move: 100,
        };
        for second in 0..20 {
            let now = Timestamp::from_secs(100 + second);
            task.moved += task.allowance(now);
            assert_eq!(task.moved, 1 + 4 * second);
            assert!(task.next_due() > now);
            assert_eq!(task.allowance(task.next_due()), 1, "at {:?}", task.next_due());
        }
    }
}
