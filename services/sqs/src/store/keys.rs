//! Where everything of SQS lies, all of it in the space of maps.

use bytes::Bytes;
use tidegate_queue::QueueId;
use tidegate_record::{DecodeError, Key, KeyReader, Root};
use tidegate_types::{AccountId, Region};

use crate::domain::{MoveTask, QueueAddress, QueueName};

const SECRET: u8 = 0;
const QUEUE: u8 = 1;
const DELETED_QUEUE: u8 = 2;
const ATTEMPT: u8 = 3;
const MOVE_TASK: u8 = 4;

fn tagged(tag: u8) -> Key {
    Key::new(Root::Sqs).u8(tag)
}

/// The secret behind the receipt handles.
pub fn secret() -> Bytes {
    tagged(SECRET).build()
}

/// All queues.
pub fn queues() -> Bytes {
    tagged(QUEUE).build()
}

/// One queue, by account, region and name.
pub fn queue(address: &QueueAddress) -> Bytes {
    addressed(QUEUE, address)
}

/// All queues that were deleted in the last minute.
pub fn deleted_queues() -> Bytes {
    tagged(DELETED_QUEUE).build()
}

/// A queue that was deleted.
pub fn deleted_queue(address: &QueueAddress) -> Bytes {
    addressed(DELETED_QUEUE, address)
}

fn addressed(tag: u8, address: &QueueAddress) -> Bytes {
    let QueueAddress { account, region, name } = address;
    tagged(tag).u64(account.as_u64()).text(region.as_str()).text(name.as_str()).build()
}

/// The queue that a key made by [`queue`] names.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn address_of(key: &[u8]) -> Result<QueueAddress, DecodeError> {
    let mut reader = KeyReader::after(key, &queues())?;
    let malformed = |what| DecodeError::Malformed { at: 0, what };
    let account: AccountId =
        format!("{:012}", reader.u64()?).parse().map_err(|_| malformed("an account of more than twelve digits"))?;
    let region: Region = reader.text()?.parse().map_err(|_| malformed("not a region"))?;
    let name = QueueName::parse(&reader.text()?).map_err(|_| malformed("not the name of a queue"))?;
    reader.end()?;
    Ok(QueueAddress { account, region, name })
}

/// All receive attempts.
pub fn attempts() -> Bytes {
    tagged(ATTEMPT).build()
}

/// A receive attempt of a FIFO queue.
pub fn attempt(queue: QueueId, attempt_id: &str) -> Bytes {
    tagged(ATTEMPT).u64(queue.0).text(attempt_id).build()
}

/// All message move tasks.
pub fn move_tasks() -> Bytes {
    tagged(MOVE_TASK).build()
}

/// The message move tasks of a source, the oldest first.
pub fn move_tasks_of(source: &QueueAddress) -> Bytes {
    addressed(MOVE_TASK, source)
}

/// A message move task.
pub fn move_task(task: &MoveTask) -> Bytes {
    let QueueAddress { account, region, name } = &task.source;
    let source = tagged(MOVE_TASK).u64(account.as_u64()).text(region.as_str()).text(name.as_str());
    source.timestamp(task.started_at).rest(task.id.0.as_bytes()).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{TaskId, TaskStatus};
    use tidegate_record::testing::assert_key;
    use tidegate_types::Timestamp;

    #[test]
    fn golden_keys() {
        let name = QueueName::parse("q.fifo").unwrap();
        let address = QueueAddress { account: "000000000001".parse().unwrap(), region: Region::us_east_1(), name };
        let q = "000000000000000175732d656173742d310001712e6669666f0001";
        assert_key("1000", &secret());
        assert_key(&format!("1001{q}"), &queue(&address));
        assert_key(&format!("1002{q}"), &deleted_queue(&address));
        assert_key("100300000000000000056100 01".replace(' ', "").as_str(), &attempt(QueueId(5), "a"));
        assert_eq!(address_of(&queue(&address)), Ok(address.clone()));
        let task = MoveTask {
            id: TaskId(uuid::Uuid::from_bytes([7; 16])),
            source: address.clone(),
            destination: None,
            max_per_second: None,
            started_at: Timestamp::from_millis(3),
            status: TaskStatus::Running,
            moved: 0,
            to_move: 0,
        };
        assert_key(&format!("1004{q}0000000000000003{}", "07".repeat(16)), &move_task(&task));
        assert!(move_task(&task).starts_with(&move_tasks_of(&address)));
    }
}
