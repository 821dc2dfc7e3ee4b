use std::sync::Arc;

use tidegate_protocol::ProtocolId;
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use crate::domain::SHORTEST_RETENTION_MS;
use crate::error::Error;
use crate::service::Sqs;
use crate::store::Queue;

/// Deletes messages whose retention has ended, those in flight included. Receives skip them anyway;
/// this gives back their space and keeps the counts true.
pub(crate) struct Expiry {
    sqs: Arc<Sqs>,
}

impl Expiry {
    pub(crate) fn new(sqs: Arc<Sqs>) -> Expiry {
        Expiry { sqs }
    }

    /// Expires what is due in one queue. Returns when the next message is due, if there is one.
    async fn expire(&self, queue: &Queue, now: Timestamp) -> Result<Due, Error> {
        let queues = &self.sqs.queues;
        match queues.oldest_sent_at(queue.id()).map(|sent_at| queue.expires_at(sent_at)) {
            Some(oldest) if oldest <= now => {
                let expired = queues.expire(queue.id(), queue.sent_after(now)).await;
                let expired = expired.map_err(|error| Error::of_queue(error, ProtocolId::AwsJson1_0))?;
                self.sqs.meters.expired.increment(expired as u64);
                Ok(if expired > 0 { Due::Now } else { Due::At(now.plus_millis(1000)) })
            }
            Some(oldest) => Ok(Due::At(oldest)),
            None => Ok(Due::Never),
        }
    }
}

enum Due {
    Now,
    At(Timestamp),
    Never,
}

impl Worker for Expiry {
    type Error = Error;

    fn name(&self) -> &'static str {
        "sqs expiry"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let now = self.sqs.now();
        let mut next = None;
        let mut again = false;
        let queues = self.sqs.directory.all()?;
        for queue in &queues {
            match self.expire(queue, now).await {
                Ok(Due::Now) => again = true,
                Ok(Due::At(due)) => next = Some(next.map_or(due, |next: Timestamp| next.min(due))),
                // A queue that was deleted meanwhile has nothing to expire.
                Ok(Due::Never) | Err(Error::NoSuchQueue { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if again {
            return Ok(Next::Again);
        }
        // Nothing that is sent from now on expires before that; a new queue, another retention and a
        // dead letter of some age are hints.
        let latest = now.plus_millis(SHORTEST_RETENTION_MS);
        Ok(if queues.is_empty() { Next::OnHint } else { Next::At(next.map_or(latest, |due| due.min(latest))) })
    }
}
