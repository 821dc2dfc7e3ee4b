use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tidegate_effects::Effects;
use tidegate_env::{Env, TaskHandle};
use tidegate_ports::AdminSite;
use tidegate_queue::Queues;
use tidegate_record::Stored;
use tidegate_store::{Order, Page, Sequence, Space, Store, StoreError, TransactError, Tx, transact};
use tidegate_workers::{Hint, Next, Supervisor, Worker};

use crate::incoming::{Incoming, Submission};
use crate::listener::{Doors, Listener};
use crate::mailbox::{self, Count, Kept, Listed, Search};
use crate::outgoing::{Fate, Outcomes, Outgoing};
use crate::pages::Pages;
use crate::records::JourneyRecord;
use crate::relay::{self, Pool, Relay, RelayAddress, Shared, TlsTrouble};
use crate::{invariants, keys};
use rustls::ServerConfig;
use tokio::net::TcpListener;

/// How many mails the mailbox keeps, unless told otherwise.
pub const KEPT: usize = 100_000;

/// Mails removed in one transaction.
const REMOVED_AT_ONCE: usize = 100;

/// What takes mail over where there is no relay.
const MAILBOX: &str = "mailbox.localhost";

/// What mail needs.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Where mails wait for a relay.
    pub queues: Arc<Queues>,
    /// Time, chance, spawning.
    pub env: Env,
}

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many mails the mailbox keeps. The oldest are removed, some at a time: there may be a sixteenth
    /// more.
    pub keep: usize,
    /// Where mail is relayed to; `None`: nowhere, the mailbox is where it ends.
    pub relay: Option<RelayAddress>,
}

/// Why mail cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The relay cannot be spoken to as wanted.
    #[error("the mail relay: {0}")]
    Tls(#[from] TlsTrouble),
}

impl Default for Options {
    fn default() -> Options {
        Options { keep: KEPT, relay: None }
    }
}

/// How mail leaves: into the mailbox, and to a relay if there is one.
pub struct Mail {
    shared: Arc<Shared>,
    count: Arc<Count>,
    full: Hint,
    relay: Option<Relaying>,
    doors: Doors,
}

/// The way to the relay.
struct Relaying {
    effects: Arc<Effects<Relay>>,
    pool: Arc<Pool>,
    closing: Mutex<Option<TaskHandle<()>>>,
}

impl Mail {
    /// Knows what is in the mailbox. Nothing is sent to a relay before [`Mail::start`].
    ///
    /// # Errors
    /// What reading the store answers; a relay whose certificates cannot be verified.
    pub async fn open(parts: Parts, options: Options) -> Result<Arc<Mail>, OpenError> {
        let Parts { store, queues, env } = parts;
        let full = Hint::new();
        let count = Arc::new(Count::new(options.keep, full.clone()));
        store.attach(count.clone()).await?;
        let shared = Arc::new(Shared { store, env, outcomes: OnceLock::new() });
        let relay = match options.relay {
            Some(address) => Some(Relaying::open(&shared, queues, address).await?),
            None => {
                let waiting = invariants::waiting(&*shared.store.snapshot()?).await?;
                if waiting > 0 {
                    tracing::warn!(waiting, "mails wait for a relay, and there is none: start with --smtp");
                }
                None
            }
        };
        Ok(Arc::new(Mail { shared, count, full, relay, doors: Doors::default() }))
    }

    /// Whom to tell of each mail's fate: before [`Mail::start`]. It is not kept alive.
    pub fn tell(&self, outcomes: Weak<dyn Outcomes>) {
        self.shared.outcomes.get_or_init(|| outcomes);
    }

    /// Who takes mail that comes in by SMTP. It is not kept alive.
    pub fn receive_by(&self, incoming: Weak<dyn Incoming>) {
        self.doors.incoming.get_or_init(|| incoming);
    }

    /// Who takes mail that is sent by SMTP. It is not kept alive.
    pub fn submit_to(&self, submission: Weak<dyn Submission>) {
        self.doors.submission.get_or_init(|| submission);
    }

    /// Takes mail by SMTP on this socket for as long as the task is kept; with `tls`, `STARTTLS` is offered.
    pub fn listen(&self, tcp: TcpListener, tls: Option<Arc<ServerConfig>>) -> TaskHandle<()> {
        let listener = Listener { env: self.shared.env.clone(), tcp, tls, doors: self.doors.clone() };
        self.shared.env.spawn("smtp listener", listener.run())
    }

    /// Begins to work.
    pub fn start(self: &Arc<Self>, supervisor: &Supervisor) {
        supervisor.start(Trim(self.clone()), &self.full);
        if let Some(relay) = &self.relay {
            relay.effects.start(supervisor);
            let pool = relay.pool.clone();
            let closing = self.shared.env.spawn("idle relay connections", async move { pool.close_idle().await });
            *relay.closing.lock() = Some(closing);
        }
    }

    /// Hands no more mails to the relay, and waits for those that are being handed over, at most this long.
    pub async fn stop(&self, patience: Duration) {
        if let Some(relay) = &self.relay {
            relay.effects.stop(patience).await;
        }
    }

    /// Sends a mail with the caller's transaction: it is in the mailbox, and on its way to the relay if
    /// there is one, if and only if that commits. Without a relay [`Outcomes::concluded`] is called here.
    ///
    /// # Errors
    /// The store's.
    pub async fn send_in_tx(&self, tx: &mut Tx, outgoing: &Outgoing) -> Result<(), StoreError> {
        let env = &self.shared.env;
        let now = env.now();
        mailbox::keep_in_tx(tx, outgoing, now);
        if outgoing.recipients.is_empty() {
            // The sender kept all of them back. There is nobody whose fate could be told.
            return Ok(());
        }
        if self.relay.is_some() {
            let journey = JourneyRecord::new(&outgoing.recipients, now);
            tx.put(Space::Map, keys::journey(&outgoing.id), journey.encode());
            return relay::enqueue(tx, env, &outgoing.id, now, now).await;
        }
        let fate = Fate::Delivered {
            recipients: outgoing.recipients.clone(),
            reporting_mta: MAILBOX.to_owned(),
            response: "250 2.0.0 Ok: in the mailbox".to_owned(),
            took_ms: 0,
            at: now,
        };
        self.shared.tell(tx, outgoing, &fate).await
    }

    /// How many mails the mailbox holds.
    pub fn count(&self) -> usize {
        self.count.len()
    }

    /// The pages on which all of this can be seen.
    pub fn site(self: &Arc<Self>) -> Arc<dyn AdminSite> {
        Arc::new(Pages(self.clone()))
    }

    /// The commit that changed the mailbox last. If that is `since`, waits for the next one, at most this
    /// long (real time).
    pub(crate) async fn change_after(&self, since: Option<Sequence>, wait: Duration) -> Result<Sequence, StoreError> {
        let env = &self.shared.env;
        let mut changed = self.count.changed();
        if since == Some(*changed.borrow_and_update()) && !wait.is_zero() {
            let waiting = env.waits().begin();
            tokio::select! {
                // The count lives as long as this does, so there is no error.
                _ = changed.changed() => {}
                () = env.sleep_real(wait) => {}
                () = env.waits().over() => {}
            }
            drop(waiting);
        }
        let change = *changed.borrow();
        // Memory is told before the commit can be read.
        self.shared.store.durable(change).await.map_err(commit_error)?;
        Ok(change)
    }

    /// Up to `limit` mails, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, search: &Search, limit: usize) -> Result<Vec<Listed>, StoreError> {
        mailbox::list(&*self.shared.store.snapshot()?, search, limit).await
    }

    /// A mail of the mailbox, if it is there.
    ///
    /// # Errors
    /// The store's.
    pub async fn read(&self, id: &str) -> Result<Option<Kept>, StoreError> {
        mailbox::kept(&*self.shared.store.snapshot()?, id).await
    }

    /// Takes a mail out of the mailbox; one that a relay is still to get is sent all the same. Returns
    /// whether it was there.
    ///
    /// # Errors
    /// The store's.
    pub async fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let removed = transact(&*self.shared.store, &[], async |tx| mailbox::remove_in_tx(tx, id).await).await;
        Ok(removed.map_err(store_error)?.value)
    }

    /// Takes every mail out of the mailbox that is there now.
    ///
    /// # Errors
    /// The store's.
    pub async fn clear(&self) -> Result<usize, StoreError> {
        let newest = self.list(&Search::default(), 1).await?;
        let Some(newest) = newest.first() else { return Ok(0) };
        let mut removed = 0;
        loop {
            let some = self.remove_oldest(REMOVED_AT_ONCE, newest.place).await?;
            removed += some;
            if some == 0 {
                return Ok(removed);
            }
        }
    }

    /// Forgets everything: the mailbox, and what waits for the relay.
    ///
    /// # Errors
    /// The store's.
    pub async fn reset(&self) -> Result<(), StoreError> {
        let forgotten = transact(&*self.shared.store, &[], async |tx| relay::forget(tx).await).await;
        forgotten.map_err(store_error)?;
        // What had waited is delivered nowhere now: its mails go as the others do.
        loop {
            let ended = transact(&*self.shared.store, &[], async |tx| mailbox::end_journeys(tx).await).await;
            if ended.map_err(store_error)?.value == 0 {
                break;
            }
        }
        self.clear().await?;
        Ok(())
    }

    /// Removes up to `limit` of the oldest mails, none behind `last`.
    async fn remove_oldest(&self, limit: usize, last: u64) -> Result<usize, StoreError> {
        let removed = transact(&*self.shared.store, &[], async |tx| {
            let range = mailbox::up_to(last);
            let oldest = tx.scan(Space::Log, &range, Order::Ascending, Page::of(limit)).await?;
            for entry in &oldest {
                let id = mailbox::id_of(entry)?;
                mailbox::remove_in_tx(tx, &id).await?;
                // Also if its message is gone: what cannot be removed would be found first for ever.
                tx.delete(Space::Log, entry.key.clone());
            }
            Ok::<_, StoreError>(oldest.len())
        })
        .await;
        Ok(removed.map_err(store_error)?.value)
    }
}

impl Relaying {
    async fn open(shared: &Arc<Shared>, queues: Arc<Queues>, address: RelayAddress) -> Result<Relaying, OpenError> {
        relay::describe();
        let tls = relay::client_config(&address)?;
        let pool = Arc::new(Pool::new(shared.env.clone(), address, tls));
        let kind = Relay::new(shared.clone(), pool.clone());
        let effects = Effects::open(shared.store.clone(), queues, shared.env.clone(), kind).await?;
        Ok(Relaying { effects, pool, closing: Mutex::default() })
    }
}

pub(crate) fn store_error(error: TransactError<StoreError>) -> StoreError {
    match error {
        TransactError::Refused(error) => error,
        TransactError::Commit(error) => commit_error(error),
    }
}

pub(crate) fn commit_error(error: tidegate_store::CommitError) -> StoreError {
    match error {
        tidegate_store::CommitError::Store(error) => error,
        other => StoreError::Unavailable { reason: other.to_string().into() },
    }
}

/// Removes the oldest mails when there are too many.
struct Trim(Arc<Mail>);

impl Worker for Trim {
    type Error = StoreError;

    fn name(&self) -> &'static str {
        "mailbox trimming"
    }

    async fn run_once(&self) -> Result<Next, StoreError> {
        let mail = &self.0;
        let mut excess = mail.count.excess();
        while excess > 0 {
            let removed = mail.remove_oldest(excess.min(REMOVED_AT_ONCE), u64::MAX).await?;
            if removed == 0 {
                break;
            }
            metrics::counter!("tidegate_mailbox_trimmed_total").increment(removed as u64);
            excess = excess.saturating_sub(removed);
        }
        Ok(Next::OnHint)
    }
}
