use tidegate_record::{DecodeError, Reader, Stored, Writer};
use uuid::Uuid;

use super::queue::read_address;
use crate::domain::{MoveTask, TaskFailure, TaskId, TaskStatus};

impl Stored for MoveTask {
    const NAME: &'static str = "sqs message move task";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.array(self.id.0.as_bytes());
        to.text(&self.source.arn().to_string());
        to.option(self.destination.as_ref(), |to, queue| to.text(&queue.arn().to_string()));
        to.option(self.max_per_second, Writer::u32);
        to.timestamp(self.started_at);
        to.u8(match self.status {
            TaskStatus::Running => 0,
            TaskStatus::Completed => 1,
            TaskStatus::Cancelled => 2,
            TaskStatus::Failed(TaskFailure::NoSuchQueue) => 3,
            TaskStatus::Failed(TaskFailure::UnknownSource) => 4,
        });
        to.varint(self.moved);
        to.varint(self.to_move);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(MoveTask {
            id: TaskId(Uuid::from_bytes(from.array()?)),
            source: read_address(from)?,
            destination: from.option(read_address)?,
            max_per_second: from.option(Reader::u32)?,
            started_at: from.timestamp()?,
            status: match from.u8()? {
                0 => TaskStatus::Running,
                1 => TaskStatus::Completed,
                2 => TaskStatus::Cancelled,
                3 => TaskStatus::Failed(TaskFailure::NoSuchQueue),
                4 => TaskStatus::Failed(TaskFailure::UnknownSource),
                _ => return Err(from.malformed("an unknown status")),
            },
            moved: from.varint()?,
            to_move: from.varint()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{QueueAddress, QueueName};
    use tidegate_record::testing::{assert_golden, assert_round_trip};
    use tidegate_types::{AccountId, Region, Timestamp};

    fn task(status: TaskStatus) -> MoveTask {
        let address = |name: &str| {
            let name = QueueName::parse(name).unwrap();
            QueueAddress { account: AccountId::DEFAULT, region: Region::us_east_1(), name }
        };
        MoveTask {
            id: TaskId(Uuid::from_bytes([7; 16])),
            source: address("d"),
            destination: Some(address("q")),
            max_per_second: Some(500),
            started_at: Timestamp::from_millis(1),
            status,
            moved: 2,
            to_move: 300,
        }
    }

    #[test]
    fn golden_bytes() {
        assert_golden(GOLDEN, &task(TaskStatus::Failed(TaskFailure::UnknownSource)));
        for status in [
            TaskStatus::Running,
            TaskStatus::Completed,
            TaskStatus::Cancelled,
            TaskStatus::Failed(TaskFailure::NoSuchQueue),
        ] {
            assert_round_trip(&MoveTask { destination: None, max_per_second: None, ..task(status) });
        }
    }

    const GOLDEN: &str = "01070707070707070707070707070707072461726e3a6177733a7371733a75732d656173742d313a3030303030303030303030303a64012461726e3a6177733a7371733a75732d656173742d313a3030303030303030303030303a7101f403010402ac02";
}
