//! What followers of queues do, who come without the wire and take more than ten messages at a time.

use std::time::Duration;

use tidegate_protocol::ProtocolId;
use tidegate_store::Tx;

use super::Outcome;
use super::receipts::{Context, Handle, change_visibility, delete};
use super::receiving::{Receive, Taken, take};
use crate::error::Error;
use crate::service::Sqs;
use crate::store::Queue;
use crate::wire::Received;

/// No client reads these errors; they are worded in some protocol all the same.
const PROTOCOL: ProtocolId = ProtocolId::AwsJson1_0;

/// How a follower receives.
pub(crate) struct Following {
    /// At most this many messages.
    pub max: usize,
    /// At most this many bytes of them as they are stored; one is always received.
    pub max_bytes: usize,
    /// For how long they are hidden, if not for as long as the queue says.
    pub visibility_seconds: Option<u32>,
}

/// One look into a queue: what can be had now.
pub(crate) async fn receive_now(sqs: &Sqs, queue: &Queue, following: &Following) -> Result<Vec<Received>, Error> {
    let Following { max, max_bytes, visibility_seconds } = *following;
    let receive = Receive { max, max_bytes, visibility_seconds, attempt: None };
    loop {
        match take(sqs, PROTOCOL, queue, &receive).await? {
            Taken::Messages(received) => return Ok(received),
            // There may be more behind dead letters.
            Taken::DeadLettersOnly => {}
        }
    }
}

/// What becomes of messages that a follower holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Settle {
    /// They are deleted.
    Delete,
    /// They are hidden for so long from now on.
    Hide(Duration),
}

/// Settles the messages of these handles in one transaction; what is wrong with one concerns that one
/// alone.
pub(crate) async fn settle(
    sqs: &Sqs,
    queue: &Queue,
    handles: &[String],
    how: Settle,
) -> Result<Vec<Result<(), Error>>, Error> {
    let opened: Vec<_> = handles.iter().map(|text| Handle::open(sqs, queue, Some(text.clone()))).collect();
    let context = Context { protocol: PROTOCOL, now: sqs.now() };
    let (held, fifo) = (&opened, queue.is_fifo());
    let transacted = sqs.transact(&[], async |tx: &mut Tx| {
        let mut outcomes = Vec::with_capacity(held.len());
        for handle in held.iter().flatten() {
            let outcome = match how {
                Settle::Delete => delete(tx, fifo, handle, context).await,
                Settle::Hide(time) => {
                    let seconds = i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
                    change_visibility(tx, handle, seconds, context).await
                }
            };
            outcomes.push(Outcome::of(outcome)?);
        }
        Ok(outcomes)
    });
    let mut outcomes = transacted.await?.value.into_iter();
    let settled = opened.into_iter().map(|handle| match handle.map(|_| outcomes.next()) {
        Ok(Some(Outcome::Done)) => Ok(()),
        Ok(Some(Outcome::Refused(error))) | Err(error) => Err(error),
        Ok(None) => unreachable!("each handle that was opened has an outcome"),
    });
    let settled: Vec<_> = settled.collect();
    if let Settle::Delete = how {
        sqs.meters.deleted.increment(settled.iter().filter(|outcome| outcome.is_ok()).count() as u64);
    }
    Ok(settled)
}
