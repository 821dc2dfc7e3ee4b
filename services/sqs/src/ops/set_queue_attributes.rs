use tidegate_api_sqs::SetQueueAttributesRequest;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;

use super::dead_letters::check_target;
use super::read_queue;
use crate::domain::{QueueSettings, Setting};
use crate::error::Error;
use crate::service::{Sqs, address};
use crate::store::{QueueRecord, keys};
use crate::wire;

/// How long a send may be under way: it may still use the settings that it began with.
const SEND_MARGIN_MS: u64 = 1000;

/// Changes a queue's settings.
pub(crate) async fn set_queue_attributes(
    sqs: &Sqs,
    call: &Call,
    input: SetQueueAttributesRequest,
) -> Result<(), Error> {
    let address = &address(call, input.queue_url)?;
    let wishes = &wire::settings(input.attributes.unwrap_or_default())?[..];
    let (now, protocol) = (sqs.now(), call.protocol);
    sqs.transact(&[], async |tx: &mut Tx| {
        let queue = read_queue(tx, address).await?.ok_or(Error::NoSuchQueue { protocol })?;
        let settings = queue.settings.with(wishes)?;
        if let Some(policy) = wishes.iter().find_map(new_redrive_policy) {
            check_target(tx, address, policy).await?;
        }
        let shown_not_before = shown_not_before(&queue, &settings, now);
        let queue = QueueRecord { settings, modified_at: now, shown_not_before, ..queue };
        tx.put(Space::Map, keys::queue(address), queue.encode());
        Ok(())
    })
    .await?;
    Ok(())
}

fn new_redrive_policy(wish: &Setting) -> Option<&crate::domain::RedrivePolicy> {
    match wish {
        Setting::RedrivePolicy(policy) => policy.as_ref(),
        _ => None,
    }
}

/// Before when no message of the queue may be shown, so that none overtakes one that was sent with
/// a longer delay.
fn shown_not_before(queue: &QueueRecord, new: &QueueSettings, now: Timestamp) -> Timestamp {
    let old = &queue.settings;
    if old.fifo.is_none() || new.delay_seconds >= old.delay_seconds {
        return queue.shown_not_before;
    }
    let delayed_until = now.plus_millis(u64::from(old.delay_seconds) * 1000 + SEND_MARGIN_MS);
    delayed_until.max(queue.shown_not_before)
}
