use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tidegate_env::Env;
use tidegate_ports::AdminSite;
use tidegate_queue::Queues;
use tidegate_store::{Order, Page, Sequence, Space, Store, StoreError, TransactError, Tx, transact};
use tidegate_workers::{Hint, Next, Supervisor, Worker};

use crate::mailbox::{self, Count, Kept, Listed, Search};
use crate::outgoing::{Fate, Outcomes, Outgoing};
use crate::pages::Pages;

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
}

impl Default for Options {
    fn default() -> Options {
        Options { keep: KEPT }
    }
}

/// How mail leaves: into the mailbox, and to a relay if there is one.
pub struct Mail {
    store: Arc<dyn Store>,
    env: Env,
    count: Arc<Count>,
    full: Hint,
    outcomes: OnceLock<Weak<dyn Outcomes>>,
}

impl Mail {
    /// Knows what is in the mailbox. Nothing is sent to a relay before [`Mail::start`].
    ///
    /// # Errors
    /// What reading the store answers.
    pub async fn open(parts: Parts, options: Options) -> Result<Arc<Mail>, StoreError> {
        let Parts { store, env, .. } = parts;
        let full = Hint::new();
        let count = Arc::new(Count::new(options.keep, full.clone()));
        store.attach(count.clone()).await?;
        Ok(Arc::new(Mail { store, env, count, full, outcomes: OnceLock::new() }))
    }

    /// Whom to tell of each mail's fate: before [`Mail::start`]. It is not kept alive.
    pub fn tell(&self, outcomes: Weak<dyn Outcomes>) {
        self.outcomes.get_or_init(|| outcomes);
    }

    /// Begins to work.
    pub fn start(self: &Arc<Self>, supervisor: &Supervisor) {
        supervisor.start(Trim(self.clone()), &self.full);
    }

    /// Sends a mail with the caller's transaction: it is in the mailbox, and on its way to the relay if
    /// there is one, if and only if that commits. Without a relay [`Outcomes::concluded`] is called here.
    ///
    /// # Errors
    /// The store's.
    pub async fn send_in_tx(&self, tx: &mut Tx, outgoing: &Outgoing) -> Result<(), StoreError> {
        let now = self.env.now();
        mailbox::keep_in_tx(tx, outgoing, now);
        let fate = Fate::Delivered {
            recipients: outgoing.recipients.clone(),
            reporting_mta: MAILBOX.to_owned(),
            response: "250 2.0.0 Ok: in the mailbox".to_owned(),
            took_ms: 0,
            at: now,
        };
        match self.outcomes.get().map(Weak::upgrade) {
            Some(Some(outcomes)) => outcomes.concluded(tx, outgoing, &fate).await,
            Some(None) => Err(StoreError::Unavailable { reason: "the server is stopping".into() }),
            None => Ok(()),
        }
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
        let mut changed = self.count.changed();
        if since == Some(*changed.borrow_and_update()) && !wait.is_zero() {
            let waiting = self.env.waits().begin();
            tokio::select! {
                // The count lives as long as this does, so there is no error.
                _ = changed.changed() => {}
                () = self.env.sleep_real(wait) => {}
                () = self.env.waits().over() => {}
            }
            drop(waiting);
        }
        let change = *changed.borrow();
        // Memory is told before the commit can be read.
        self.store.durable(change).await.map_err(commit_error)?;
        Ok(change)
    }

    /// Up to `limit` mails, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, search: &Search, limit: usize) -> Result<Vec<Listed>, StoreError> {
        mailbox::list(&*self.store.snapshot()?, search, limit).await
    }

    /// A mail of the mailbox, if it is there.
    ///
    /// # Errors
    /// The store's.
    pub async fn read(&self, id: &str) -> Result<Option<Kept>, StoreError> {
        mailbox::kept(&*self.store.snapshot()?, id).await
    }

    /// Takes a mail out of the mailbox; one that a relay is still to get is sent all the same. Returns
    /// whether it was there.
    ///
    /// # Errors
    /// The store's.
    pub async fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let removed = transact(&*self.store, &[], async |tx| mailbox::remove_in_tx(tx, id).await).await;
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

    /// Removes up to `limit` of the oldest mails, none behind `last`.
    async fn remove_oldest(&self, limit: usize, last: u64) -> Result<usize, StoreError> {
        let removed = transact(&*self.store, &[], async |tx| {
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
