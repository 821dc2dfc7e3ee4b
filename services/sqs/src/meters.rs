//! What the service counts, for all queues together: a label for each queue would make the number of
//! time series the clients' choice.

use metrics::{Counter, counter};

/// The counters, looked up once: a look-up for each message would show.
pub(crate) struct Meters {
    /// Messages that were accepted, duplicates not counted.
    pub sent: Counter,
    /// Messages that were handed out.
    pub received: Counter,
    /// Deletions that were accepted.
    pub deleted: Counter,
    /// Messages that went to a dead-letter queue.
    pub dead_lettered: Counter,
    /// Messages that a message move task moved.
    pub moved: Counter,
    /// Messages that were deleted because their retention had ended.
    pub expired: Counter,
}

impl Meters {
    /// The counters of the recorder that is installed by now.
    pub(crate) fn new() -> Meters {
        Meters {
            sent: counter!("tidegate_sqs_messages_sent_total"),
            received: counter!("tidegate_sqs_messages_received_total"),
            deleted: counter!("tidegate_sqs_messages_deleted_total"),
            dead_lettered: counter!("tidegate_sqs_messages_dead_lettered_total"),
            moved: counter!("tidegate_sqs_messages_moved_total"),
            expired: counter!("tidegate_sqs_messages_expired_total"),
        }
    }
}
