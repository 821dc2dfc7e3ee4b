use std::sync::Arc;
use std::sync::atomic::Ordering;

use tidegate_protocol::ProtocolId;
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

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
        let (now, looks_at) = (self.sqs.now(), &self.sqs.expiry_looks_at);
        // Whatever gets a place in a queue while this looks is a hint, because it may be overlooked.
        looks_at.store(u64::MAX, Ordering::SeqCst);
        let mut next: Option<Timestamp> = None;
        let mut again = false;
        for queue in &self.sqs.directory.all()? {
            // Nothing that is sent from now on expires before that; a new queue, another retention and
            // a dead letter of some age are hints.
            let mut due = queue.expires_at(now);
            match self.expire(queue, now).await {
                Ok(Due::Now) => again = true,
                Ok(Due::At(earlier)) => due = due.min(earlier),
                Ok(Due::Never) => {}
                // A queue that was deleted meanwhile has nothing to expire.
                Err(Error::NoSuchQueue { .. }) => continue,
                Err(error) => return Err(error),
            }
            next = Some(next.map_or(due, |next| next.min(due)));
        }
        if again {
            return Ok(Next::Again);
        }
        if let Some(next) = next {
            looks_at.store(next.as_millis(), Ordering::SeqCst);
        }
        Ok(Next::at(next))
    }
}
