//! Taking a message in two steps: reserving it in memory, then using it in a transaction.
//!
//! A reservation keeps others away from the message but promises nothing: whoever holds an old
//! receipt may delete or hide the message meanwhile. So the transaction reads the lease again and
//! demands the version that was reserved.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tidegate_store::{Sequence, Snapshot, Space, Tx};
use tidegate_types::Timestamp;

use crate::index::{Next, Picked, Want};
use crate::message::{erase, is_live, rewrite, versioned_lease};
use crate::records::{Body, decode};
use crate::state::QueueState;
use crate::{Discipline, Lease, LeaseState, MessageKey, QueueError, QueueId, Queues, Reserve, keys, read};

/// A message set aside for one consumer. Dropping it unused makes it ready again in its place.
///
/// Used by [`lease_in_tx`] or [`take_in_tx`] inside a transaction, it is settled by the fold when
/// that transaction is durable; if the transaction comes to nothing, dropping it gives the message
/// back.
#[derive(Debug)]
pub struct Reservation {
    /// Which message.
    pub key: MessageKey,
    /// Its lease as it was before this reservation.
    pub lease: Lease,
    /// What was sent.
    pub body: Bytes,
    version: Sequence,
    /// The state in which it was read.
    read_at: Sequence,
    hold: Hold,
}

/// The hold on a picked message.
struct Hold {
    state: Arc<QueueState>,
    picked: Picked,
    token: u64,
    /// Whether a transaction that uses it may have been offered to the store.
    used: AtomicBool,
    /// In FIFO, shared by those of one lane that were picked together: whether one of them turned
    /// out to be gone. It may be in flight elsewhere, so those behind it must not be used.
    broken: Arc<AtomicBool>,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold").field("picked", &self.picked).field("token", &self.token).finish_non_exhaustive()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let (position, token) = (self.picked.position, self.token);
        if self.used.load(Ordering::Relaxed) {
            // The transaction may have been dropped while its batch was on its way. Until that is
            // known nobody else may have the message, or a FIFO lane would be out of order.
            self.state.with(|index| index.doubt(position, token));
        } else {
            self.state.with(|index| index.release(position, token));
        }
    }
}

impl Queues {
    /// Sets aside up to `max` ready messages with their bodies: in [`Discipline::Fifo`], several of one
    /// lane in order, then of the lane with the next oldest head; in [`Discipline::Standard`], lanes in turn.
    ///
    /// # Errors
    /// [`QueueError::InFlightLimit`] if the limit leaves no room for a single one.
    pub async fn reserve(&self, queue: QueueId, what: Reserve) -> Result<Vec<Reservation>, QueueError> {
        let state = self.state(queue)?;
        self.catch_up(&state, what.now).await?;
        loop {
            let holds = self.pick(&state, &what).await?;
            if holds.is_empty() {
                return Ok(Vec::new());
            }
            let snapshot = read::snapshot_of(&*self.store, &state).await?;
            let reserved = load(&*snapshot, &state, holds, what.max_bytes).await?;
            if !reserved.is_empty() {
                return Ok(reserved);
            }
            // All were deleted or hidden by commits that memory is about to be told of.
            self.store.durable(snapshot.sequence()).await?;
        }
    }

    async fn pick(&self, state: &Arc<QueueState>, what: &Reserve) -> Result<Vec<Hold>, QueueError> {
        let token = state.next_token();
        let Reserve { max, max_in_flight, sent_after, .. } = *what;
        let want = Want { max, max_in_flight, sent_after, token };
        let (mut picked, mut holds) = (Vec::new(), Vec::<Hold>::new());
        loop {
            let (next, discipline) = state.with(|index| (index.pick(&want, &mut picked), index.discipline()));
            // Each becomes a hold before anything is awaited: a dropped future gives it back.
            for picked in &picked[holds.len()..] {
                let fellow = holds.last().filter(|last| last.picked.lane == picked.lane);
                let broken = fellow.filter(|_| discipline == Discipline::Fifo).map(|last| last.broken.clone());
                let (picked, broken) = (picked.clone(), broken.unwrap_or_default());
                holds.push(Hold { state: state.clone(), picked, token, used: AtomicBool::new(false), broken });
            }
            match next {
                Next::Done => return Ok(holds),
                Next::Limit => return Err(QueueError::InFlightLimit),
                Next::Read(lane) => read::lane(&*self.store, state, &lane, max - holds.len()).await?,
                Next::List(horizon) => read::lanes(&*self.store, state, horizon).await?,
                Next::Expire => drop(self.expire_in(state, sent_after).await?),
            }
        }
    }
}

/// Reads leases and bodies. Holds on what is gone, or does not fit, are dropped.
async fn load(
    snapshot: &dyn Snapshot,
    state: &QueueState,
    holds: Vec<Hold>,
    max_bytes: usize,
) -> Result<Vec<Reservation>, QueueError> {
    let (generation, now) = state.with(|index| (index.generation(), index.clock()));
    let mut reserved = Vec::with_capacity(holds.len());
    let mut bytes = 0;
    for hold in holds {
        let key = hold.picked.key(state.id, generation);
        let Some((version, lease)) = load_lease(snapshot, &key).await? else { continue };
        if lease.state(now) != LeaseState::Ready {
            continue;
        }
        let Some(Body { body, .. }) = load_body(snapshot, &key).await? else { continue };
        bytes += body.len();
        if bytes > max_bytes && !reserved.is_empty() {
            break;
        }
        reserved.push(Reservation { key, lease, body, version, read_at: snapshot.sequence(), hold });
    }
    Ok(reserved)
}

pub(crate) async fn load_lease(
    snapshot: &dyn Snapshot,
    key: &MessageKey,
) -> Result<Option<(Sequence, Lease)>, QueueError> {
    let at = keys::lease(key);
    match snapshot.get(Space::Queue, &at).await? {
        Some(record) => Ok(Some((record.version, decode(Space::Queue, &at, &record)?))),
        None => Ok(None),
    }
}

async fn load_body(snapshot: &dyn Snapshot, key: &MessageKey) -> Result<Option<Body>, QueueError> {
    let at = keys::body(key.queue, key.generation, key.position.0);
    match snapshot.get(Space::Log, &at).await? {
        Some(record) => Ok(Some(decode(Space::Log, &at, &record)?)),
        None => Ok(None),
    }
}

impl Reservation {
    /// Whether the lease is still the one that was reserved.
    ///
    /// At first that is only demanded, not read: it nearly always is. A transaction that runs again may
    /// do so because it is not.
    async fn claim(&self, tx: &mut Tx) -> Result<bool, QueueError> {
        let runs_again = self.hold.used.swap(true, Ordering::Relaxed);
        if self.hold.broken.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let ours = if runs_again {
            versioned_lease(tx, &self.key).await?.is_some_and(|(version, _)| version == self.version)
        } else {
            let lives = is_live(tx, &self.key).await?;
            if lives {
                tx.check_as_read(Space::Queue, keys::lease(&self.key), Some(self.version), self.read_at);
            }
            lives
        };
        if !ours {
            self.hold.broken.store(true, Ordering::Relaxed);
        }
        Ok(ours)
    }
}

/// Hides a reserved message until `visible_at` and counts the receive. Returns the lease as it will
/// be, or `None` if the message has been deleted, hidden or purged since it was reserved: it is then
/// not the caller's to give out.
///
/// Reservations of one FIFO lane must be used in their order; behind one that is gone, the others
/// that were reserved with it answer `None` too.
///
/// # Errors
/// What the store answers.
pub async fn lease_in_tx(
    tx: &mut Tx,
    reservation: &Reservation,
    now: Timestamp,
    visible_at: Timestamp,
) -> Result<Option<Lease>, QueueError> {
    if !reservation.claim(tx).await? {
        return Ok(None);
    }
    let old = reservation.lease;
    let lease = Lease {
        sent_at: old.sent_at,
        visible_at,
        receive_count: old.receive_count.saturating_add(1),
        first_received_at: old.first_received_at.or(Some(now)),
    };
    rewrite(tx, &reservation.key, &old, lease);
    Ok(Some(lease))
}

/// Consumes a reserved message. Returns whether it was still there; see [`lease_in_tx`].
///
/// # Errors
/// What the store answers.
pub async fn take_in_tx(tx: &mut Tx, reservation: &Reservation) -> Result<bool, QueueError> {
    if !reservation.claim(tx).await? {
        return Ok(false);
    }
    erase(tx, &reservation.key, &reservation.lease);
    Ok(true)
}
