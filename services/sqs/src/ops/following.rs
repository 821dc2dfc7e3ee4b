//! What followers of queues do, who come without the wire and take more than ten messages at a time.

use tidegate_protocol::ProtocolId;

use super::receipts::{Handle, Wish, carry_out};
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

/// Does the same to the messages of all these handles, in one transaction; what is wrong with one concerns that one
/// alone.
pub(crate) async fn settle(
    sqs: &Sqs,
    queue: &Queue,
    handles: &[String],
    wish: Wish,
) -> Result<Vec<Result<(), Error>>, Error> {
    let mut settled = Vec::with_capacity(handles.len());
    let mut wishes = Vec::with_capacity(handles.len());
    for text in handles {
        settled.push(Handle::open(sqs, queue, Some(text.clone())).map(|handle| wishes.push((handle, wish))));
    }
    let mut refusals = carry_out(sqs, PROTOCOL, &wishes).await?.into_iter();
    for outcome in settled.iter_mut().filter(|outcome| outcome.is_ok()) {
        if let Some(error) = refusals.next().expect("each handle that was opened has an outcome") {
            *outcome = Err(error);
        }
    }
    Ok(settled)
}
