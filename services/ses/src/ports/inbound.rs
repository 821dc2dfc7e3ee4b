use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_mail::{Incoming, Outgoing, Received, Refusal};
use tidegate_ports::{Acting, Delivery, FunctionCall, InvokeRefusal, ObjectAddress, ObjectRefusal};
use tidegate_record::Stored;
use tidegate_store::{LatchKey, Space, StoreError, TransactError, Tx, transact};
use tidegate_types::{Arn, Timestamp};

use crate::domain::address::Mailbox;
use crate::domain::message::{Headers, Stamp, compose};
use crate::domain::receipt::{Action, Filter, Rule, RuleSet, What, lets_in};
use crate::error::Error;
use crate::events;
use crate::ops::returned::{self, RECEIVED, Recipient};
use crate::ops::sending::new_message_id;
use crate::service::Ses;
use crate::store::{MailFacts, Place, Sent, Shelf, keys};
use crate::wire::receipt::{Arrival, lambda_event, notification};

/// The largest mail that a topic gets with its content.
const MAX_SNS_CONTENT: usize = 150 * 1024;

/// Mail that comes in: what the active rule sets say is done.
///
/// Files and functions come first, in order, because they cannot be part of a transaction; everything else
/// (events, bounces, what is remembered of the mail) is one transaction at the end. Whoever hands the mail in
/// is told `250` after that. If it is not told, it comes again: rules are carried out at least once.
pub(crate) struct Inbound {
    pub(crate) ses: Arc<Ses>,
}

/// A rule that a mail meets.
struct Met {
    rule: Rule,
    recipients: Vec<String>,
}

/// What is written when everything else is done.
#[derive(Default)]
struct Effects {
    deliveries: Vec<Delivery>,
    mails: Vec<Outgoing>,
}

impl Incoming for Inbound {
    fn accepts<'a>(&'a self, recipient: &'a str) -> BoxFuture<'a, bool> {
        async move {
            for place in self.ses.directory.receiving() {
                match self.rules(&place, &[recipient.to_owned()]).await {
                    Ok(Some((_, met))) if !met.is_empty() => return true,
                    Ok(_) => {}
                    // The sender tries again, and is then told by `receive` if this is still so.
                    Err(error) => {
                        tracing::warn!(%error, "the receipt rules could not be read");
                        return true;
                    }
                }
            }
            false
        }
        .boxed()
    }

    fn receive(&self, mail: Received) -> BoxFuture<'_, Result<(), Refusal>> {
        async move {
            let mut refusal = None;
            let mut taken = false;
            for place in self.ses.directory.receiving() {
                match self.receive_at(&place, &mail).await {
                    Ok(took) => taken |= took,
                    Err(error @ Refusal::Store(_)) => return Err(error),
                    Err(error) => refusal = Some(error),
                }
            }
            match (taken, refusal) {
                (true, None) => Ok(()),
                (_, Some(refusal)) => Err(refusal),
                (false, None) => Err(answer(550, "5.1.1", "mailbox unavailable")),
            }
        }
        .boxed()
    }
}

fn answer(code: u16, status: &str, text: impl Into<String>) -> Refusal {
    Refusal::Answer { code, status: status.to_owned(), text: text.into() }
}

impl Inbound {
    /// The name of the active rule set of a place, and the rules that these recipients meet there: those that
    /// are of a verified identity.
    async fn rules(&self, place: &Place, recipients: &[String]) -> Result<Option<(String, Vec<Met>)>, Error> {
        let read = transact(&*self.ses.store, &[], async |tx: &mut Tx| -> Result<_, Error> {
            let mut shelf = Shelf { tx, place: place.clone() };
            let Some(active) = shelf.settings().await?.active_rule_set else { return Ok(None) };
            let Some(set) = shelf.find::<RuleSet>(&active).await? else { return Ok(None) };
            let mut own = Vec::new();
            for recipient in recipients {
                if shelf.verified(recipient).await?.is_some() {
                    own.push(recipient.clone());
                }
            }
            let met = set.rules.into_iter().filter_map(|rule| {
                let recipients: Vec<String> = rule.matching(&own).into_iter().map(str::to_owned).collect();
                (!recipients.is_empty()).then_some(Met { rule, recipients })
            });
            Ok(Some((active, met.collect::<Vec<_>>())))
        });
        Ok(read.await.map_err(Error::from)?.value)
    }

    async fn filters(&self, place: &Place) -> Result<Vec<Filter>, Error> {
        let read = transact(&*self.ses.store, &[], async |tx: &mut Tx| -> Result<_, Error> {
            Ok(Shelf { tx, place: place.clone() }.all::<Filter>().await?)
        });
        Ok(read.await.map_err(Error::from)?.value)
    }

    /// Does what one account's rules say. Returns whether there were any for this mail.
    async fn receive_at(&self, place: &Place, mail: &Received) -> Result<bool, Refusal> {
        let Some((set, met)) = self.rules(place, &mail.recipients).await.map_err(refused)? else { return Ok(false) };
        if met.is_empty() {
            return Ok(false);
        }
        if !lets_in(&self.filters(place).await.map_err(refused)?, mail.peer) {
            return Err(answer(550, "5.7.1", "Message rejected by an IP address filter"));
        }
        let (open, closed): (Vec<Met>, Vec<Met>) = met.into_iter().partition(|met| mail.tls || !met.rule.requires_tls);
        if open.is_empty() && !closed.is_empty() {
            return Err(answer(530, "5.7.0", "Must issue a STARTTLS command first"));
        }
        let mut arrival = Arrival::new(place, self.new_id(), mail);
        let mut effects = Effects::default();
        for Met { rule, recipients } in &open {
            arrival.recipients.clone_from(recipients);
            arrival.scans = rule.scan;
            if !self.follow(&set, rule, &mut arrival, &mut effects).await? {
                break;
            }
        }
        self.finish(place, &arrival, &effects).await?;
        Ok(true)
    }

    /// Carries a rule out. Returns whether the next ones are.
    async fn follow(
        &self,
        set: &str,
        rule: &Rule,
        arrival: &mut Arrival,
        effects: &mut Effects,
    ) -> Result<bool, Refusal> {
        for action in &rule.actions {
            let from = format!("receipt-rule-set/{set}:receipt-rule/{}", rule.name);
            let goes_on = self.perform(&from, action, arrival, effects).await?;
            if let Some(topic) = action.topic.as_ref().filter(|_| !matches!(action.what, What::Sns { .. })) {
                let payload = notification(arrival, action, None);
                effects.deliveries.extend(self.delivery(&arrival.place, &from, topic, payload.to_string()));
            }
            match goes_on {
                Goes::On => {}
                Goes::PastRule => return Ok(true),
                Goes::Nowhere => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn perform(
        &self,
        from: &str,
        action: &Action,
        arrival: &mut Arrival,
        effects: &mut Effects,
    ) -> Result<Goes, Refusal> {
        match &action.what {
            What::S3 { bucket, prefix, .. } => self.store(arrival, bucket, prefix.as_deref()).await?,
            What::Sns { base64 } => {
                let topic = action.topic.as_deref().unwrap_or_default();
                if arrival.mime.len() > MAX_SNS_CONTENT {
                    return Err(answer(552, "5.3.4", "Message too large for the topic that it is for"));
                }
                let payload = notification(arrival, action, Some(*base64)).to_string();
                effects.deliveries.extend(self.delivery(&arrival.place, from, topic, payload));
            }
            What::Lambda { function, waits: false } => {
                let payload = lambda_event(arrival, action).to_string();
                effects.deliveries.extend(self.delivery(&arrival.place, from, function, payload));
            }
            What::Lambda { function, waits: true } => return self.ask(from, function, action, arrival).await,
            What::Stop => return Ok(Goes::Nowhere),
            What::AddHeader { name, value } => {
                let headers = Headers::read(&arrival.mime);
                arrival.mime = headers.rewrite(&arrival.mime, |_| false, &[(name, value.clone())]).into();
            }
            What::Bounce { reply_code, status, message, sender } => {
                effects.mails.extend(self.bounce(arrival, reply_code, status.as_deref(), message, sender));
            }
            What::WorkMail { .. } | What::Connect { .. } => {
                tracing::debug!(action = action.what.in_events(), "a receipt action is stored only");
            }
        }
        Ok(Goes::On)
    }

    /// Writes the mail into a bucket.
    async fn store(&self, arrival: &Arrival, bucket: &str, prefix: Option<&str>) -> Result<(), Refusal> {
        let Some(objects) = self.ses.objects.get() else {
            return Err(answer(451, "4.3.0", "there are no buckets here"));
        };
        let key = format!("{}{}", prefix.unwrap_or_default(), arrival.id);
        let address = ObjectAddress { bucket: bucket.to_owned(), key, version: None };
        let acting = Acting::Account(arrival.place.account);
        match objects.write(acting, &address, arrival.mime.clone(), "application/octet-stream").await {
            Ok(()) => Ok(()),
            Err(ObjectRefusal::Unavailable(why)) => Err(answer(451, "4.3.0", why)),
            Err(refusal) => Err(answer(554, "5.3.0", format!("could not write to bucket {bucket}: {refusal}"))),
        }
    }

    /// Asks a function what is to be done.
    async fn ask(&self, from: &str, function: &str, action: &Action, arrival: &Arrival) -> Result<Goes, Refusal> {
        let (Some(functions), Ok(arn)) = (self.ses.functions.get(), function.parse::<Arn>()) else {
            return Err(answer(451, "4.3.0", "there are no functions here"));
        };
        let call = FunctionCall {
            function: arn,
            source: Arn::new("ses", &arrival.place.region, arrival.place.account, from),
            payload: Bytes::from(lambda_event(arrival, action).to_string()),
            trace: None,
        };
        let answered = match functions.invoke(call).await {
            Ok(answered) => answered,
            Err(InvokeRefusal::NoSuchFunction(arn)) => {
                return Err(answer(554, "5.3.0", format!("there is no function {arn}")));
            }
            Err(refusal) => return Err(answer(451, "4.3.0", refusal.to_string())),
        };
        if answered.error.is_some() {
            return Err(answer(451, "4.3.0", "the function that looks at mails failed"));
        }
        let payload: serde_json::Value = serde_json::from_slice(&answered.payload).unwrap_or_default();
        Ok(match payload["disposition"].as_str() {
            Some("STOP_RULE") => Goes::PastRule,
            Some("STOP_RULE_SET") => Goes::Nowhere,
            _ => Goes::On,
        })
    }

    fn delivery(&self, place: &Place, from: &str, target: &str, payload: String) -> Option<Delivery> {
        let delivery = events::delivery(place, "", target, payload, self.ses.env.now())?;
        Some(Delivery { source: Arn::new("ses", &place.region, place.account, from), ..delivery })
    }

    /// The bounce that a rule answers with; none to a mail that is itself one.
    fn bounce(
        &self,
        arrival: &Arrival,
        reply_code: &str,
        status: Option<&str>,
        message: &str,
        sender: &str,
    ) -> Option<Outgoing> {
        if arrival.envelope_from.is_empty() {
            return None;
        }
        let status = status.unwrap_or(if reply_code.starts_with('4') { "4.0.0" } else { "5.0.0" });
        let recipients = arrival.recipients.iter().map(|recipient| Recipient {
            recipient: recipient.clone(),
            action: "failed".to_owned(),
            status: status.to_owned(),
            diagnostic: format!("smtp; {reply_code} {status} {message}"),
        });
        let sender = Mailbox::parse(sender).unwrap_or(Mailbox { name: String::new(), address: sender.to_owned() });
        let asked = returned::Asked {
            original: &arrival.id,
            sender,
            explanation: Some(message),
            reporting_mta: "dns; amazonses.com",
            recipients: recipients.collect(),
        };
        let place = &arrival.place;
        let id = new_message_id(place, arrival.at, &self.ses.env.uuid().to_string());
        let stamp = Stamp { message_id: format!("{id}@email.amazonses.com"), date: arrival.at };
        Some(Outgoing {
            id,
            account: place.account,
            region: place.region.clone(),
            envelope_from: String::new(),
            recipients: vec![arrival.envelope_from.clone()],
            mime: compose(returned::draft(&arrival.envelope_from, &asked), Some(&stamp)).into(),
            configuration_set: None,
            tags: Vec::new(),
            trace: None,
        })
    }

    /// Writes everything that is written at once.
    async fn finish(&self, place: &Place, arrival: &Arrival, effects: &Effects) -> Result<(), Refusal> {
        let latches: Vec<LatchKey> = self.ses.post.latches(&effects.deliveries);
        let facts = MailFacts {
            at: arrival.at.as_millis(),
            source: arrival.envelope_from.clone(),
            destination: arrival.recipients.clone(),
            headers: arrival.headers.clone(),
            operation: RECEIVED.to_owned(),
            ..MailFacts::default()
        };
        let (account, region) = (place.account, place.region.clone());
        let received = Sent { account, region, id: arrival.id.clone(), facts };
        let done = transact(&*self.ses.store, &latches, async |tx: &mut Tx| -> Result<(), StoreError> {
            tx.put(Space::Map, keys::sent(received.at(), &received.id), received.encode());
            for delivery in &effects.deliveries {
                self.ses.tell(tx, Some(delivery.clone())).await?;
            }
            for mail in &effects.mails {
                self.ses.mail.send_in_tx(tx, mail).await?;
            }
            Ok(())
        });
        match done.await {
            Ok(_) => Ok(()),
            Err(TransactError::Refused(error)) => Err(error.into()),
            Err(TransactError::Commit(error)) => Err(refused(Error::Commit(error))),
        }
    }

    /// An id as those of mails that came in: 40 lower-case letters and digits. When is within it, so that it is
    /// found again.
    fn new_id(&self) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuv0123456789";
        let mut bytes = [0; 28];
        self.ses.env.fill_random(&mut bytes);
        let letters: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let now: Timestamp = self.ses.env.now();
        format!("{}{:012x}{}", &letters[..4], now.as_millis(), &letters[4..])
    }
}

/// Whether more is done.
enum Goes {
    On,
    PastRule,
    Nowhere,
}

/// What an error means for whoever hands mail in.
fn refused(error: Error) -> Refusal {
    match error {
        Error::Store(error) => Refusal::Store(error),
        other => Refusal::Store(StoreError::Unavailable { reason: other.to_string().into() }),
    }
}
