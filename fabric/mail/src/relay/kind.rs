use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use tidegate_effects::{Attempt, Effect, EffectError, Kind, enqueue_in_tx, forget_in_tx};
use tidegate_env::Env;
use tidegate_queue::QueueError;
use tidegate_record::Stored;
use tidegate_store::{LatchKey, Space, Store, StoreError, Tx};
use tidegate_types::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::breaker::Breaker;
use super::connection::{Failure, Trouble, Verdict};
use super::pool::Pool;
use super::schedule;
use crate::keys;
use crate::mail::commit_error;
use crate::mailbox::{decode, journey_of, message_of, mime_of, remove_message};
use crate::outgoing::{Diagnosis, Fate, Outcomes, Outgoing};
use crate::records::{JourneyRecord, MessageRecord, StopState, noted};

/// The one target: whichever relay the server is started with. Mails that waited for another one go to it.
pub(crate) const TARGET: &str = "relay";

/// The pause before a mail is looked at again that the store could not read.
const STORE_PAUSE_MS: u64 = 10_000;
/// Over how long those are spread that waited for a relay that was away.
const SPREAD_MS: u64 = 5_000;

/// What the mailbox and the relay share.
pub(crate) struct Shared {
    pub store: Arc<dyn Store>,
    pub env: Env,
    pub outcomes: OnceLock<Weak<dyn Outcomes>>,
}

impl Shared {
    /// Tells of a fate, if there is anybody to tell.
    pub(crate) async fn tell(&self, tx: &mut Tx, mail: &Outgoing, fate: &Fate) -> Result<(), StoreError> {
        match self.outcomes.get().map(Weak::upgrade) {
            Some(Some(outcomes)) => outcomes.concluded(tx, mail, fate).await,
            Some(None) => Err(StoreError::Unavailable { reason: "the server is stopping".into() }),
            None => Ok(()),
        }
    }
}

/// Hands mails to the relay: see the module's page.
pub(crate) struct Relay {
    pub shared: Arc<Shared>,
    pub pool: Arc<Pool>,
    places: Arc<Semaphore>,
    breaker: Breaker,
}

impl Relay {
    pub(crate) fn new(shared: Arc<Shared>, pool: Arc<Pool>) -> Relay {
        let places = Arc::new(Semaphore::new(pool.address().connections));
        Relay { shared, pool, places, breaker: Breaker::default() }
    }
}

/// What an attempt came to.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The mail, without its MIME. `None`: there is no such mail any more.
    mail: Option<Outgoing>,
    fates: Vec<Fate>,
    /// When those are tried again that are still waiting.
    next: Timestamp,
}

/// Puts a mail on its way to the relay.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    env: &Env,
    id: &str,
    raised_at: Timestamp,
    due: Timestamp,
) -> Result<(), StoreError> {
    let body = Bytes::copy_from_slice(id.as_bytes());
    enqueue_in_tx::<Relay>(tx, env, TARGET, body, raised_at, due).await.map_err(effect_error)
}

/// Forgets whatever waits for the relay.
pub(crate) async fn forget(tx: &mut Tx) -> Result<(), StoreError> {
    forget_in_tx::<Relay>(tx, TARGET).await.map_err(effect_error)
}

fn effect_error(error: EffectError) -> StoreError {
    match error {
        EffectError::Store(error) | EffectError::Queue(QueueError::Store(error)) => error,
        EffectError::Commit(error) | EffectError::Queue(QueueError::Commit(error)) => commit_error(error),
        EffectError::Queue(error) => StoreError::Unavailable { reason: error.to_string().into() },
    }
}

impl Kind for Relay {
    const NAME: &'static str = "mail relay";
    const TAG: u8 = 2;
    type Permit = OwnedSemaphorePermit;
    type Outcome = Ended;

    async fn admit(&self, _target: &str) -> OwnedSemaphorePermit {
        self.places.clone().acquire_owned().await.expect("this semaphore is never closed")
    }

    async fn attempt(&self, _place: OwnedSemaphorePermit, effect: &Effect) -> Attempt<Ended> {
        match self.try_once(effect).await {
            Ok(attempt) => attempt,
            Err(error) => {
                tracing::warn!(%error, "a mail for the relay cannot be read; trying again");
                Attempt::Again { at: self.shared.env.now().plus_millis(STORE_PAUSE_MS), counts: false }
            }
        }
    }

    fn latches(&self, _effect: &Effect, outcome: &Ended) -> Vec<LatchKey> {
        let Some(mail) = &outcome.mail else { return Vec::new() };
        let Some(outcomes) = self.shared.outcomes.get().and_then(Weak::upgrade) else { return Vec::new() };
        outcome.fates.iter().flat_map(|fate| outcomes.latches(mail, fate)).collect()
    }

    async fn conclude(&self, tx: &mut Tx, effect: &Effect, outcome: &Ended) -> Result<(), StoreError> {
        let Some(mail) = &outcome.mail else { return Ok(()) };
        let key = keys::journey(&mail.id);
        let Some(found) = tx.get(Space::Map, &key).await? else { return Ok(()) };
        let mut journey: JourneyRecord = decode(Space::Map, &key, &found.value)?;
        journey.attempts += 1;
        for fate in &outcome.fates {
            note(&mut journey, fate);
            self.shared.tell(tx, mail, fate).await?;
        }
        if !journey.waiting().is_empty() {
            enqueue(tx, &self.shared.env, &mail.id, effect.raised_at, outcome.next).await?;
        } else if journey.unlisted {
            tx.delete(Space::Map, key);
            return remove_message(tx, &mail.id).await;
        }
        tx.put(Space::Map, key, journey.encode());
        Ok(())
    }
}

fn note(journey: &mut JourneyRecord, fate: &Fate) {
    match fate {
        Fate::Delivered { recipients, response, at, .. } => {
            let who = recipients.iter().map(|recipient| (recipient.as_str(), response.as_str()));
            journey.note(StopState::Delivered, *at, who);
        }
        Fate::Bounced { recipients, at, .. } => {
            journey.note(StopState::Bounced, *at, recipients.iter().map(noted));
        }
        Fate::Delayed { recipients, at, .. } => {
            journey.note(StopState::Waiting, *at, recipients.iter().map(noted));
        }
    }
}

impl Relay {
    async fn try_once(&self, effect: &Effect) -> Result<Attempt<Ended>, StoreError> {
        let Shared { store, env, .. } = &*self.shared;
        let gone = || Ok(Attempt::Over(Ended { mail: None, fates: Vec::new(), next: env.now() }));
        let Ok(id) = std::str::from_utf8(&effect.body) else { return gone() };
        let snapshot = store.snapshot()?;
        let Some(message) = message_of(&*snapshot, id).await? else { return gone() };
        let Some(journey) = journey_of(&*snapshot, id).await? else { return gone() };
        let recipients = journey.waiting();
        let expires_at = schedule::expires_at(effect.raised_at);
        if let Some((until, failure)) = self.breaker.away(env.now())
            && !gives_up(&failure, env.now(), expires_at)
        {
            // An attempt that was not made is not counted.
            let at = until.plus_millis(env.random_u64() % SPREAD_MS);
            let at = if failure.trouble == Trouble::Settings { at } else { at.min(expires_at.max(until)) };
            return Ok(Attempt::Again { at, counts: false });
        }
        let mime = mime_of(&*snapshot, id, &message).await?;
        drop(snapshot);
        let sent = self.pool.send(&message.envelope_from, &recipients, &mime).await;
        drop(mime);
        let now = env.now();
        let attempts = journey.attempts + 1;
        let told = Told { now, attempts, expires_at, sent_at: message.at };
        let fates = match sent {
            Ok((verdicts, name)) => {
                self.breaker.closed();
                told.of_verdicts(&recipients, verdicts, &name)
            }
            Err(failure) => {
                count_failure(&failure);
                self.breaker.failed(now, &failure);
                vec![told.of_failure(&recipients, &failure, &self.pool.address().host)]
            }
        };
        fates.iter().for_each(count);
        let next = schedule::next_attempt(now, expires_at, attempts, env.random_u64());
        Ok(Attempt::Over(Ended { mail: Some(outgoing(id, message)), fates, next }))
    }
}

/// Whether patience has run out. What our own settings are to blame for is never given up.
fn gives_up(failure: &Failure, now: Timestamp, expires_at: Timestamp) -> bool {
    failure.trouble != Trouble::Settings && now >= expires_at
}

/// What is told of an attempt.
struct Told {
    now: Timestamp,
    attempts: u32,
    expires_at: Timestamp,
    sent_at: Timestamp,
}

impl Told {
    fn of_failure(&self, recipients: &[String], failure: &Failure, host: &str) -> Fate {
        let gives_up = gives_up(failure, self.now, self.expires_at);
        self.of_unserved(self.diagnoses(recipients, failure.status, &failure.what, gives_up), host, gives_up)
    }

    fn diagnoses(&self, recipients: &[String], status: &str, what: &str, gives_up: bool) -> Vec<Diagnosis> {
        let one = |recipient: &String| match gives_up {
            true => Diagnosis {
                recipient: recipient.clone(),
                status: "4.4.7".to_owned(),
                diagnostic: schedule::expired_diagnostic(what),
            },
            false => Diagnosis {
                recipient: recipient.clone(),
                status: status.to_owned(),
                diagnostic: format!("smtp; {what}"),
            },
        };
        recipients.iter().map(one).collect()
    }

    /// Those that were not served and not refused either.
    fn of_unserved(&self, recipients: Vec<Diagnosis>, host: &str, gives_up: bool) -> Fate {
        let (reporting_mta, at) = (host.to_owned(), self.now);
        match gives_up {
            true => Fate::Bounced { permanent: false, recipients, reporting_mta, at },
            false => {
                let (attempts, expires_at) = (self.attempts, self.expires_at);
                Fate::Delayed { recipients, reporting_mta, attempts, expires_at, at }
            }
        }
    }

    fn of_verdicts(&self, recipients: &[String], verdicts: Vec<Verdict>, name: &str) -> Vec<Fate> {
        assert_eq!(recipients.len(), verdicts.len(), "a verdict for each recipient");
        let gives_up = self.now >= self.expires_at;
        let (mut taken, mut response, mut refused, mut later) = (Vec::new(), String::new(), Vec::new(), Vec::new());
        for (recipient, verdict) in recipients.iter().zip(verdicts) {
            let one = std::slice::from_ref(recipient);
            match verdict {
                Verdict::Taken(reply) => {
                    taken.push(recipient.clone());
                    response = reply.text();
                }
                Verdict::Refused(reply) => refused.extend(self.diagnoses(one, &reply.status(), &reply.text(), false)),
                Verdict::Later(reply) => later.extend(self.diagnoses(one, &reply.status(), &reply.text(), gives_up)),
            }
        }
        let (name, at) = (name.to_owned(), self.now);
        let took_ms = u64::try_from(self.now.since(self.sent_at).as_millis()).unwrap_or(u64::MAX);
        let mut fates = Vec::new();
        if !taken.is_empty() {
            fates.push(Fate::Delivered { recipients: taken, reporting_mta: name.clone(), response, took_ms, at });
        }
        if !refused.is_empty() {
            fates.push(Fate::Bounced { permanent: true, recipients: refused, reporting_mta: name.clone(), at });
        }
        if !later.is_empty() {
            fates.push(self.of_unserved(later, &name, gives_up));
        }
        fates
    }
}

fn count(fate: &Fate) {
    let (outcome, recipients) = match fate {
        Fate::Delivered { recipients, .. } => ("delivered", recipients.len()),
        Fate::Bounced { recipients, .. } => ("bounced", recipients.len()),
        Fate::Delayed { recipients, .. } => ("delayed", recipients.len()),
    };
    metrics::counter!("tidegate_mail_recipients_total", "outcome" => outcome).increment(recipients as u64);
}

fn count_failure(failure: &Failure) {
    let reason = match failure.trouble {
        Trouble::Away => "away",
        Trouble::Broken => "broken",
        Trouble::Settings => "settings",
    };
    metrics::counter!("tidegate_mail_relay_failures_total", "reason" => reason).increment(1);
}

fn outgoing(id: &str, message: MessageRecord) -> Outgoing {
    Outgoing {
        id: id.to_owned(),
        account: message.account,
        region: message.region,
        envelope_from: message.envelope_from,
        recipients: message.recipients,
        mime: Bytes::new(),
        configuration_set: message.configuration_set,
        tags: message.tags,
        trace: message.trace,
    }
}
