//! What became of recipients: events, counters, and who gets nothing any more.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tidegate_mail::{Diagnosis, Fate, Outcomes, Outgoing};
use tidegate_record::Stored;
use tidegate_store::{LatchKey, Space, StoreError, Tx};
use tidegate_types::Timestamp;

use super::feedback;
use super::sending::{Simulated, Way, sent_at};
use crate::desk::Desk;
use crate::domain::account::{Settings, Suppressed};
use crate::domain::address::Mailbox;
use crate::domain::configuration_set::{ConfigurationSet, EventType, Reason};
use crate::error::Error;
use crate::events::{Event, count};
use crate::service::Ses;
use crate::store::{Counters, Place, Sent, Shelf, keys};
use crate::wire::events::iso;

/// What AWS says of a recipient on the account's suppression list.
const ON_LIST: &str = "Amazon SES did not send the message to this address because it is on the suppression list for \
                       your account. For more information about removing addresses from the suppression list, see the \
                       Amazon SES Developer Guide at \
                       https://docs.aws.amazon.com/ses/latest/DeveloperGuide/sending-email-suppression-list.html";

/// What AWS says of the simulator's `suppressionlist@`.
const ON_GLOBAL_LIST: &str = "Amazon SES has suppressed sending to this address because it has a recent history of \
                              bouncing as an invalid address. For more information about how to remove an address \
                              from the suppression list, see the Amazon SES Developer Guide: \
                              http://docs.aws.amazon.com/ses/latest/DeveloperGuide/remove-from-suppressionlist.html ";

/// Who says what becomes of mails that do not leave.
const OURSELVES: &str = "dns; amazonses.com";

/// Recipients that bounced.
struct Bounce<'a> {
    permanent: bool,
    sub_type: &'static str,
    recipients: &'a [Diagnosis],
    reporting_mta: &'a str,
    at: Timestamp,
}

impl Outcomes for Ses {
    fn latches(&self, mail: &Outgoing, _: &Fate) -> Vec<LatchKey> {
        let place = Place { account: mail.account, region: mail.region.clone() };
        Ses::latches(self, &place, self.env.now())
    }

    fn concluded<'a>(
        &'a self,
        tx: &'a mut Tx,
        mail: &'a Outgoing,
        fate: &'a Fate,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            // Verification mails and notifications are nobody's mails: nothing is told of them.
            let Some(mut sent) = find_sent(tx, &mail.id).await? else { return Ok(()) };
            match fate {
                Fate::Delivered { recipients, .. } if recipients.is_empty() => Ok(()),
                Fate::Delivered { recipients, reporting_mta, response, took_ms, at } => {
                    let body = json!({
                        "timestamp": iso(*at),
                        "processingTimeMillis": took_ms,
                        "recipients": recipients,
                        "smtpResponse": response,
                        "reportingMTA": reporting_mta,
                    });
                    delivered(self, tx, &mut sent, recipients, body, *at).await
                }
                Fate::Bounced { permanent, recipients, reporting_mta, at } => {
                    let reporting_mta = format!("dns; {reporting_mta}");
                    let bounce = Bounce {
                        permanent: *permanent,
                        sub_type: "General",
                        recipients,
                        reporting_mta: &reporting_mta,
                        at: *at,
                    };
                    bounced(self, tx, &mut sent, &bounce, true).await
                }
                Fate::Delayed { recipients, expires_at, reporting_mta, at, .. } => {
                    let all = recipients.iter().map(|diagnosis| {
                        json!({
                            "emailAddress": diagnosis.recipient,
                            "status": diagnosis.status,
                            "diagnosticCode": diagnosis.diagnostic,
                        })
                    });
                    let body = json!({
                        "timestamp": iso(*at),
                        "delayType": "TransientCommunicationFailure",
                        "expirationTime": iso(*expires_at),
                        "delayedRecipients": all.collect::<Value>(),
                        "reportingMTA": reporting_mta,
                    });
                    let event = Event { kind: EventType::DeliveryDelay, member: "deliveryDelay", body };
                    self.raise(tx, &sent, &event, *at).await
                }
            }
        }
        .boxed()
    }
}

/// What is known of a mail.
pub(crate) async fn find_sent(tx: &mut Tx, id: &str) -> Result<Option<Sent>, StoreError> {
    let Some(at) = sent_at(id) else { return Ok(None) };
    let key = keys::sent(at, id);
    let Some(record) = tx.get(Space::Map, &key).await? else { return Ok(None) };
    Sent::decode(&record.value).map(Some).map_err(|error| StoreError::Corrupt {
        space: Space::Map,
        key,
        what: error.to_string().into(),
    })
}

/// Writes down what became of recipients.
fn note<'a>(tx: &mut Tx, sent: &mut Sent, recipients: impl Iterator<Item = &'a str>, what: &str, at: Timestamp) {
    sent.facts.outcomes.extend(recipients.map(|recipient| (recipient.to_owned(), what.to_owned(), at.as_millis())));
    tx.put(Space::Map, keys::sent(sent.at(), &sent.id), sent.encode());
}

async fn delivered(
    ses: &Ses,
    tx: &mut Tx,
    sent: &mut Sent,
    recipients: &[String],
    body: Value,
    at: Timestamp,
) -> Result<(), StoreError> {
    let event = Event { kind: EventType::Delivery, member: "delivery", body };
    ses.raise(tx, sent, &event, at).await?;
    note(tx, sent, recipients.iter().map(String::as_str), "DELIVERY", at);
    let place = Place { account: sent.account, region: sent.region.clone() };
    let more = Counters { deliveries: recipients.len() as u64, ..Counters::default() };
    count(tx, &place, &sent.id, at, more).await
}

async fn bounced(
    ses: &Ses,
    tx: &mut Tx,
    sent: &mut Sent,
    bounce: &Bounce<'_>,
    suppresses: bool,
) -> Result<(), StoreError> {
    let id = feedback_id(ses, sent, bounce.at);
    let all = bounce.recipients.iter().map(|diagnosis| {
        json!({
            "emailAddress": diagnosis.recipient,
            "action": "failed",
            "status": diagnosis.status,
            "diagnosticCode": diagnosis.diagnostic,
        })
    });
    let body = json!({
        "feedbackId": id,
        "bounceType": if bounce.permanent { "Permanent" } else { "Transient" },
        "bounceSubType": bounce.sub_type,
        "bouncedRecipients": all.collect::<Value>(),
        "timestamp": iso(bounce.at),
        "reportingMTA": bounce.reporting_mta,
    });
    let event = Event { kind: EventType::Bounce, member: "bounce", body };
    ses.raise(tx, sent, &event, bounce.at).await?;
    let names = || bounce.recipients.iter().map(|diagnosis| diagnosis.recipient.as_str());
    note(tx, sent, names(), if bounce.permanent { "PERMANENT_BOUNCE" } else { "TRANSIENT_BOUNCE" }, bounce.at);
    let bounces = bounce.recipients.len() as u64;
    let more = match bounce.permanent {
        true => Counters { bounces, ..Counters::default() },
        false => Counters { transient: bounces, ..Counters::default() },
    };
    let place = Place { account: sent.account, region: sent.region.clone() };
    count(tx, &place, &sent.id, bounce.at, more).await?;
    if suppresses && bounce.permanent {
        suppress(tx, sent, names(), Reason::Bounce, &id, bounce.at).await?;
    }
    feedback::bounce(ses, tx, sent, bounce.recipients, bounce.at).await
}

async fn complained(
    ses: &Ses,
    tx: &mut Tx,
    sent: &mut Sent,
    recipients: &[String],
    at: Timestamp,
) -> Result<(), StoreError> {
    let id = feedback_id(ses, sent, at);
    let body = json!({
        "feedbackId": id,
        "complaintSubType": null,
        "complainedRecipients": recipients.iter().map(|all| json!({ "emailAddress": all })).collect::<Value>(),
        "timestamp": iso(at),
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": iso(at),
    });
    let event = Event { kind: EventType::Complaint, member: "complaint", body };
    ses.raise(tx, sent, &event, at).await?;
    note(tx, sent, recipients.iter().map(String::as_str), "COMPLAINT", at);
    let place = Place { account: sent.account, region: sent.region.clone() };
    let more = Counters { complaints: recipients.len() as u64, ..Counters::default() };
    count(tx, &place, &sent.id, at, more).await
}

/// The most that is written down of a mail which is opened again and again.
const MAX_OUTCOMES: usize = 200;

/// A mail was opened, or a link of it followed. By whom is known if it has one recipient.
pub(crate) async fn engaged(
    ses: &Ses,
    tx: &mut Tx,
    sent: &mut Sent,
    event: &Event,
    at: Timestamp,
) -> Result<(), StoreError> {
    ses.raise(tx, sent, event, at).await?;
    if let ([recipient], true) = (&sent.facts.destination[..], sent.facts.outcomes.len() < MAX_OUTCOMES) {
        let recipient = recipient.clone();
        note(tx, sent, std::iter::once(recipient.as_str()), event.kind.v2(), at);
    }
    Ok(())
}

fn feedback_id(ses: &Ses, sent: &Sent, at: Timestamp) -> String {
    let place = Place { account: sent.account, region: sent.region.clone() };
    super::sending::new_message_id(&place, at, &ses.env.uuid().to_string())
}

/// From now on these get nothing, if the account wants it so.
async fn suppress(
    tx: &mut Tx,
    sent: &Sent,
    recipients: impl Iterator<Item = &str>,
    reason: Reason,
    feedback_id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let place = Place { account: sent.account, region: sent.region.clone() };
    let mut shelf = Shelf { tx, place };
    let set = match &sent.facts.configuration_set {
        Some(name) => shelf.find::<ConfigurationSet>(name).await?,
        None => None,
    };
    let settings: Settings = shelf.settings().await?;
    let reasons = set.and_then(|set| set.suppression).unwrap_or(settings.suppression);
    if !reasons.contains(&reason) {
        return Ok(());
    }
    for recipient in recipients {
        shelf.put(&Suppressed {
            address: recipient.to_lowercase(),
            reason,
            at: at.as_millis(),
            message_id: Some(sent.id.clone()),
            feedback_id: Some(feedback_id.to_owned()),
        });
    }
    Ok(())
}

/// Tells of recipients to whom nothing is sent, and of those that stand for a fate.
pub(crate) async fn kept_back(
    desk: &mut Desk<'_>,
    sent: &Sent,
    recipients: &[Mailbox],
    ways: &[Way],
) -> Result<(), Error> {
    let of = |wanted: &[Way]| -> Vec<String> {
        let all = recipients.iter().zip(ways).filter(|(_, way)| wanted.contains(way));
        all.map(|(recipient, _)| recipient.address.clone()).collect()
    };
    let (ses, now) = (desk.ses, desk.now);
    // The mailbox may have told of some already, and written it down.
    let mut sent = find_sent(desk.shelf.tx, &sent.id).await?.unwrap_or_else(|| sent.clone());
    let tx = &mut *desk.shelf.tx;
    let reached = of(&[Way::Simulated(Simulated::Success), Way::Simulated(Simulated::Complaint)]);
    if !reached.is_empty() {
        let body = json!({
            "timestamp": iso(now),
            "processingTimeMillis": 0,
            "recipients": reached,
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "a8-70.smtp-out.amazonses.com",
        });
        delivered(ses, tx, &mut sent, &reached, body, now).await?;
    }
    let complaining = of(&[Way::Simulated(Simulated::Complaint)]);
    if !complaining.is_empty() {
        complained(ses, tx, &mut sent, &complaining, now).await?;
    }
    let bouncing: [(Way, &'static str, &str, &str); 4] = [
        (Way::Simulated(Simulated::Bounce), "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
        (Way::Simulated(Simulated::Suppressed), "Suppressed", "5.1.1", ON_GLOBAL_LIST),
        (Way::Suppressed, "OnAccountSuppressionList", "5.1.1", ON_LIST),
        (Way::Unsubscribed, "UnsubscribedRecipient", "5.1.1", "The recipient has unsubscribed from this topic."),
    ];
    for (way, sub_type, status, diagnostic) in bouncing {
        let recipients: Vec<Diagnosis> = of(&[way])
            .into_iter()
            .map(|recipient| Diagnosis { recipient, status: status.to_owned(), diagnostic: diagnostic.to_owned() })
            .collect();
        if recipients.is_empty() {
            continue;
        }
        let bounce = Bounce { permanent: true, sub_type, recipients: &recipients, reporting_mta: OURSELVES, at: now };
        bounced(ses, tx, &mut sent, &bounce, false).await?;
    }
    Ok(())
}
