//! The queues of a world: one for each behaviour that could go wrong in its own way.

use serde_json::{Value, json};

/// A queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// Standard, with a dead-letter queue behind it.
    Work,
    /// The dead-letter queue.
    Dead,
    /// Standard, with a delay.
    Late,
    /// FIFO.
    Order,
    /// Standard; now and then purged.
    Swept,
    /// Standard, whose messages expire after a minute.
    Brief,
}

/// Visibility timeout of every queue, in seconds.
pub const VISIBILITY_SECONDS: u64 = 30;
/// Delay of [`Queue::Late`], in seconds.
pub const DELAY_SECONDS: u64 = 5;
/// How long [`Queue::Brief`] keeps messages, in seconds.
pub const BRIEF_SECONDS: u64 = 60;

const BASE: &str = "http://sim:4566";

impl Queue {
    /// All of them, each behind those that its attributes name.
    pub const ALL: [Queue; 6] = [Queue::Dead, Queue::Work, Queue::Late, Queue::Order, Queue::Swept, Queue::Brief];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Queue::Work => "work",
            Queue::Dead => "dead",
            Queue::Late => "late",
            Queue::Order => "order.fifo",
            Queue::Swept => "swept",
            Queue::Brief => "brief",
        }
    }

    /// Its URL.
    pub fn url(self) -> String {
        format!("{BASE}/000000000000/{}", self.name())
    }

    /// Its ARN.
    pub fn arn(self) -> String {
        format!("arn:aws:sqs:us-east-1:000000000000:{}", self.name())
    }

    /// The input of the CreateQueue that makes it.
    pub fn creation(self) -> Value {
        let mut attributes = json!({
            "VisibilityTimeout": VISIBILITY_SECONDS.to_string(),
            "MessageRetentionPeriod": "1209600",
        });
        match self {
            Queue::Work => {
                attributes["RedrivePolicy"] =
                    json!({ "deadLetterTargetArn": Queue::Dead.arn(), "maxReceiveCount": 3 }).to_string().into();
            }
            Queue::Late => attributes["DelaySeconds"] = DELAY_SECONDS.to_string().into(),
            Queue::Order => attributes["FifoQueue"] = "true".into(),
            Queue::Brief => attributes["MessageRetentionPeriod"] = BRIEF_SECONDS.to_string().into(),
            Queue::Dead | Queue::Swept => {}
        }
        json!({ "QueueName": self.name(), "Attributes": attributes })
    }

    /// The scheme and host under which clients reach the service.
    pub fn base() -> &'static str {
        BASE
    }
}
