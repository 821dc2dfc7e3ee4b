use std::time::Duration;

use tidegate_api_sqs::{ReceiveMessageRequest, ReceiveMessageResult};
use tidegate_protocol::Call;

use super::receiving::{MAX_RECEIVE_BYTES, Receive, Taken, take};
use crate::domain::{MAX_VISIBILITY_SECONDS, is_graphic_id};
use crate::error::{Error, RangeError};
use crate::service::Sqs;
use crate::store::Queue;
use crate::wire::{self, Received, Requested};

/// The longest that a receive waits.
const MAX_WAIT_SECONDS: u32 = 20;

/// Receives up to ten messages, and waits for one if there is none and waiting was asked for.
///
/// Waiting is getting in line first, then looking, then sleeping until it is this request's turn: a
/// message that comes in between is not missed, and one message wakes one request.
pub(crate) async fn receive_message(
    sqs: &Sqs,
    call: &Call,
    mut input: ReceiveMessageRequest,
) -> Result<ReceiveMessageResult, Error> {
    let url = input.queue_url.take();
    let mut queue = sqs.queue(call, url.clone())?;
    let requested = Requested::new(
        input.attribute_names.take(),
        input.message_system_attribute_names.take(),
        input.message_attribute_names.take(),
    )?;
    let receive = receive(&queue, &input)?;
    let wait = wait(&queue, input.wait_time_seconds)?;
    let deadline = sqs.env.monotonic() + wait;
    let mut line = (!wait.is_zero()).then(|| sqs.queues.wait(queue.id()));
    loop {
        // Boxed, because a look into the queue is large and soon over, and this future may wait for
        // twenty seconds, ten thousand times.
        match Box::pin(take(sqs, call.protocol, &queue, &receive)).await? {
            Taken::Messages(received) if !received.is_empty() => return Ok(answer(received, &requested)),
            // Only dead letters were found: there may be more behind them.
            Taken::DeadLettersOnly => continue,
            Taken::Messages(_) => {}
        }
        let left = deadline.saturating_sub(sqs.env.monotonic());
        let Some(place) = line.as_mut().filter(|_| !left.is_zero()) else {
            return Ok(ReceiveMessageResult::default());
        };
        let waiting = sqs.env.waits().begin();
        tokio::select! {
            biased;
            () = place.woken() => {}
            () = sqs.env.sleep_real(left) => return Ok(ReceiveMessageResult::default()),
            () = sqs.env.waits().over() => return Ok(ReceiveMessageResult::default()),
        }
        drop(waiting);
        // The queue may have other settings by now, be gone, or be another one of the same name.
        let present = sqs.queue(call, url.clone())?;
        if present.id() != queue.id() {
            line = Some(sqs.queues.wait(present.id()));
        }
        queue = present;
    }
}

fn receive(queue: &Queue, input: &ReceiveMessageRequest) -> Result<Receive, Error> {
    let max = input.max_number_of_messages.unwrap_or(1);
    let in_range = usize::try_from(max).ok().filter(|max| (1..=10).contains(max));
    let max = in_range.ok_or(RangeError::MaxNumberOfMessages(max))?;
    let visibility_seconds = match input.visibility_timeout {
        Some(seconds) => {
            let in_range = u32::try_from(seconds).ok().filter(|seconds| *seconds <= MAX_VISIBILITY_SECONDS);
            Some(in_range.ok_or(RangeError::ReceiveVisibilityTimeout(seconds))?)
        }
        None => None,
    };
    let attempt = match &input.receive_request_attempt_id {
        Some(value) if !queue.is_fifo() => {
            return Err(Error::NotForThisQueue { parameter: "ReceiveRequestAttemptId", value: value.clone() });
        }
        Some(value) if !is_graphic_id(value) => {
            let (parameter, value) = ("ReceiveRequestAttemptId", value.clone());
            return Err(crate::domain::IdError { parameter, value }.into());
        }
        other => other.clone(),
    };
    Ok(Receive { max, max_bytes: MAX_RECEIVE_BYTES, visibility_seconds, attempt })
}

fn wait(queue: &Queue, own: Option<i32>) -> Result<Duration, Error> {
    let seconds = match own {
        Some(seconds) => {
            let in_range = u32::try_from(seconds).ok().filter(|seconds| *seconds <= MAX_WAIT_SECONDS);
            in_range.ok_or(RangeError::WaitTimeSeconds(seconds))?
        }
        None => queue.record.settings.receive_wait_seconds,
    };
    Ok(Duration::from_secs(seconds.into()))
}

fn answer(received: Vec<Received>, requested: &Requested) -> ReceiveMessageResult {
    let messages = received.into_iter().map(|message| wire::received_message(message, requested)).collect();
    ReceiveMessageResult { messages: Some(messages) }
}
