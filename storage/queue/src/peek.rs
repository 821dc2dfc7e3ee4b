//! Looking at messages without consuming them.

use tidegate_store::{KeyRange, Order, Page, Position, Space};

use crate::records::{Body, decode};
use crate::reserve::load_lease;
use crate::{Lane, MessageKey, Peeked, QueueError, QueueId, Queues, keys, read};

/// How many bytes of bodies one look reads at most.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

impl Queues {
    /// Looks at up to `max` messages in order of position, from behind `after`. An empty answer
    /// means that there are no more; fewer than `max` that the bodies are large.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn peek(&self, queue: QueueId, after: Option<Position>, max: usize) -> Result<Vec<Peeked>, QueueError> {
        let state = self.state(queue)?;
        let (generation, lowest) = state.with(|index| (index.generation(), index.lowest_position()));
        let snapshot = read::snapshot_of(&*self.store, &state).await?;
        let from = after.map_or(0, |after| after.0.saturating_add(1)).max(lowest);
        let start = keys::body(queue, generation, from);
        let range = KeyRange::prefix_from(&keys::bodies(queue, generation), start.into());
        let page = Page { entries: max, bytes: PAGE_BYTES };
        let mut peeked = Vec::new();
        for entry in snapshot.scan(Space::Log, &range, Order::Ascending, page).await? {
            let corrupt = |error| keys::corrupt(Space::Log, &entry.key, &error);
            let (_, _, position) = keys::read_body(&entry.key).map_err(corrupt)?;
            let Body { lane, body } = decode(Space::Log, &entry.key, &entry.record)?;
            let key = MessageKey { queue, generation, lane: Lane(lane), position: Position(position) };
            if let Some((_, lease)) = load_lease(&*snapshot, &key).await? {
                peeked.push(Peeked { key, lease, state: lease.state(self.env.now()), body });
            }
        }
        Ok(peeked)
    }
}
