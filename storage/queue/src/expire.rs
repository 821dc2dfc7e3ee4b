//! Deleting what is older than the queue keeps its messages.
//!
//! What is in memory is looked at first: leases, the nearest delayed messages, the windows of the
//! lanes, each window followed by the next as the head of its lane is deleted. Unread messages are
//! normally younger than those before them and come into a window in time; where some were sent
//! with an older `sent_at` (a dead letter keeps its own), a pass over the lane looks for them.

use bytes::Bytes;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx, transact};
use tidegate_types::Timestamp;

use crate::index::{Picked, Suspect};
use crate::keys::FoldedKey;
use crate::message::{erase, versioned_lease};
use crate::queues::flatten;
use crate::state::QueueState;
use crate::{Lease, QueueError, QueueId, Queues, keys, read};

/// The most messages one step deletes.
const BATCH: usize = 512;

/// A pass over the unread messages of a lane, or over all messages, that goes on with the next step.
#[derive(Default)]
pub(crate) struct Pass(Option<Going>);

struct Going {
    generation: u32,
    over: Suspect,
    /// What it goes over, and the key from which it goes on.
    prefix: Bytes,
    from: Bytes,
    oldest: Timestamp,
}

impl Going {
    fn begin(queue: QueueId, generation: u32, over: Suspect) -> Going {
        let (prefix, from) = match &over {
            Suspect::Lane { lane, from } => {
                (keys::lane(queue, generation, lane), keys::lane_from(queue, generation, lane, *from).build())
            }
            Suspect::AllLanes => (keys::leases(queue, generation), keys::leases(queue, generation)),
        };
        Going { generation, over, prefix, from, oldest: Timestamp::MAX }
    }
}

impl Queues {
    /// Deletes up to a bounded number of messages of `queue` sent before `sent_before` that are not
    /// reserved. Returns how many; zero means that there are none left, or none that can be found
    /// before [`Queues::oldest_sent_at`] says so again.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn expire(&self, queue: QueueId, sent_before: Timestamp) -> Result<usize, QueueError> {
        let state = self.state(queue)?;
        self.expire_in(&state, sent_before).await
    }

    pub(crate) async fn expire_in(&self, state: &QueueState, sent_before: Timestamp) -> Result<usize, QueueError> {
        let mut pass = state.expiring.lock().await;
        loop {
            let (generation, expired) = state.with(|index| (index.generation(), index.expired(sent_before, BATCH)));
            if !expired.is_empty() {
                return self.delete_expired(state.id, generation, &expired, sent_before).await;
            }
            let Some(expired) = self.pass_on(state, &mut pass, sent_before).await? else { return Ok(0) };
            if !expired.is_empty() {
                return self.delete_expired(state.id, generation, &expired, sent_before).await;
            }
        }
    }

    async fn delete_expired(
        &self,
        queue: QueueId,
        generation: u32,
        expired: &[Picked],
        sent_before: Timestamp,
    ) -> Result<usize, QueueError> {
        let deleted = transact(&*self.store, &[], async |tx: &mut Tx| {
            let mut deleted = 0;
            for picked in expired {
                let key = picked.key(queue, generation);
                match versioned_lease(tx, &key).await? {
                    Some((_, lease)) if lease.sent_at < sent_before => {
                        erase(tx, &key, &lease);
                        deleted += 1;
                    }
                    _ => {}
                }
            }
            Ok::<_, QueueError>(deleted)
        });
        flatten(deleted.await)
    }

    /// One page of a pass, begun if there is reason for one: the expired messages it found, `None`
    /// if there is none to make.
    async fn pass_on(
        &self,
        state: &QueueState,
        pass: &mut Pass,
        sent_before: Timestamp,
    ) -> Result<Option<Vec<Picked>>, QueueError> {
        let generation = state.with(|index| index.generation());
        if pass.0.as_ref().is_none_or(|going| going.generation != generation) {
            let begun = state.with(|index| index.begin_expiry_pass(sent_before));
            pass.0 = begun.map(|over| Going::begin(state.id, generation, over));
        }
        let Some(going) = &mut pass.0 else { return Ok(None) };
        let snapshot = read::snapshot_of(&*self.store, state).await?;
        let range = KeyRange::prefix_from(&going.prefix, going.from.clone());
        let entries = snapshot.scan(Space::Queue, &range, Order::Ascending, Page::of(BATCH)).await?;
        let mut expired = Vec::new();
        for entry in &entries {
            let corrupt = |error| keys::corrupt(Space::Queue, &entry.key, &error);
            let sent_at = Lease::decode(&entry.record.value).map_err(corrupt)?.sent_at;
            going.from = [&entry.key[..], b"\0"].concat().into();
            if sent_at >= sent_before {
                going.oldest = going.oldest.min(sent_at);
            } else if let FoldedKey::Lease(key) = keys::read_folded(&entry.key).map_err(corrupt)? {
                expired.push(Picked { position: key.position.0, lane: key.lane.0 });
            }
        }
        state.with(|index| expired.retain(|picked| !index.is_reserved(picked.position)));
        if entries.is_empty() {
            state.with(|index| index.end_expiry_pass(&going.over, going.oldest));
            pass.0 = None;
        }
        Ok(Some(expired))
    }
}
