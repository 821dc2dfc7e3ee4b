//! SQS's operations, one file each: validate, decide, one transaction, answer.
//!
//! What several of them share is in `sending`, `receiving`, `receipts` and
//! `dead_letters`; `following` is for those who come without the wire.

mod add_permission;
mod cancel_message_move_task;
mod change_message_visibility;
mod change_message_visibility_batch;
mod create_queue;
mod dead_letters;
mod delete_message;
mod delete_message_batch;
mod delete_queue;
mod following;
mod get_queue_attributes;
mod get_queue_url;
mod list_dead_letter_source_queues;
mod list_message_move_tasks;
mod list_queue_tags;
mod list_queues;
mod purge_queue;
mod receipts;
mod receive_message;
mod receiving;
mod remove_permission;
mod send_message;
mod send_message_batch;
mod sending;
mod set_queue_attributes;
mod start_message_move_task;
mod tag_queue;
mod untag_queue;

pub(crate) use add_permission::add_permission;
pub(crate) use cancel_message_move_task::cancel_message_move_task;
pub(crate) use change_message_visibility::change_message_visibility;
pub(crate) use change_message_visibility_batch::change_message_visibility_batch;
pub(crate) use create_queue::create_queue;
pub(crate) use dead_letters::{decode_message, message_of, redriven};
pub(crate) use delete_message::delete_message;
pub(crate) use delete_message_batch::delete_message_batch;
pub(crate) use delete_queue::delete_queue;
pub(crate) use following::{Following, receive_now, settle};
pub(crate) use get_queue_attributes::get_queue_attributes;
pub(crate) use get_queue_url::get_queue_url;
pub(crate) use list_dead_letter_source_queues::list_dead_letter_source_queues;
pub(crate) use list_message_move_tasks::list_message_move_tasks;
pub(crate) use list_queue_tags::list_queue_tags;
pub(crate) use list_queues::list_queues;
pub(crate) use purge_queue::purge_queue;
pub(crate) use receipts::Wish;
pub(crate) use receive_message::receive_message;
pub(crate) use remove_permission::remove_permission;
pub(crate) use send_message::send_message;
pub(crate) use send_message_batch::send_message_batch;
pub(crate) use sending::{Sender, Sending, enqueue};
pub(crate) use set_queue_attributes::set_queue_attributes;
pub(crate) use start_message_move_task::start_message_move_task;
pub(crate) use tag_queue::tag_queue;
pub(crate) use untag_queue::untag_queue;

use tidegate_api_sqs::BatchResultErrorEntry;
use tidegate_protocol::Call;
use tidegate_store::{Space, Tx};

use crate::domain::QueueAddress;
use crate::error::Error;
use crate::service::Sqs;
use crate::store::{QueueRecord, decode, keys};
use crate::wire;
use receipts::{Handle, carry_out};

/// A queue's record in accepted state: what every change of a queue begins with.
pub(crate) async fn read_queue(tx: &mut Tx, address: &QueueAddress) -> Result<Option<QueueRecord>, Error> {
    let key = keys::queue(address);
    match tx.get(Space::Map, &key).await? {
        Some(record) => Ok(Some(decode(Space::Map, &key, &record)?)),
        None => Ok(None),
    }
}

/// An entry of a batch with its id.
type Entry<T> = (String, T);

/// Parts the entries of a batch that could be read from those that fail. `kind` is what AWS calls them.
fn split<T>(
    kind: &'static str,
    entries: impl IntoIterator<Item = Entry<Result<T, Error>>>,
) -> (Vec<Entry<T>>, Vec<BatchResultErrorEntry>) {
    let (mut read, mut failed) = (Vec::new(), Vec::new());
    for (at, (id, entry)) in entries.into_iter().enumerate() {
        match entry {
            Ok(entry) => read.push((id, entry)),
            Err(error) => failed.push(wire::failed_entry(id, error.in_entry(kind, at))),
        }
    }
    (read, failed)
}

/// What became of the entries of a batch.
struct Fates {
    /// The ids of those that were carried out.
    done: Vec<String>,
    /// Those that were refused.
    failed: Vec<BatchResultErrorEntry>,
}

/// Carries out a batch of wishes, of which those that could not be read have failed already.
async fn carry_out_batch(
    sqs: &Sqs,
    call: &Call,
    (entries, mut failed): (Vec<Entry<(Handle, Wish)>>, Vec<BatchResultErrorEntry>),
) -> Result<Fates, Error> {
    let (ids, wishes): (Vec<String>, Vec<_>) = entries.into_iter().unzip();
    let refusals = carry_out(sqs, call.protocol, &wishes).await?;
    let mut done = Vec::with_capacity(ids.len());
    for (id, refusal) in ids.into_iter().zip(refusals) {
        match refusal {
            None => done.push(id),
            Some(error) => failed.push(wire::failed_entry(id, error)),
        }
    }
    Ok(Fates { done, failed })
}

/// AWS leaves an empty list out of a batch's answer, in both protocols, although its model demands it.
fn unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
