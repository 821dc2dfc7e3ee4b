//! Bounces by mail: to the sender of a mail, unless a topic tells it.

use tidegate_mail::{Diagnosis, Outgoing};
use tidegate_store::{StoreError, Tx};
use tidegate_types::Timestamp;

use super::returned::{self, Asked, Recipient};
use super::sending::new_message_id;
use crate::domain::address::Mailbox;
use crate::domain::identity::{Identity, Notification};
use crate::domain::message::{Stamp, compose};
use crate::service::Ses;
use crate::store::{Place, Sent, Shelf};

/// Who tells.
const DAEMON: &str = "MAILER-DAEMON@amazonses.com";

/// Mails the sender which recipients were not reached, if its identity wants that: "If you disable feedback
/// forwarding, you must have topics for bounces and complaints"; with a topic nothing is forwarded.
pub(crate) async fn bounce(
    ses: &Ses,
    tx: &mut Tx,
    sent: &Sent,
    recipients: &[Diagnosis],
    at: Timestamp,
) -> Result<(), StoreError> {
    let place = Place { account: sent.account, region: sent.region.clone() };
    let Some((_, name)) = sent.facts.source_arn.split_once(":identity/") else { return Ok(()) };
    let mut shelf = Shelf { tx, place: place.clone() };
    let Some(identity) = shelf.find::<Identity>(name).await? else { return Ok(()) };
    let told = identity.notices.get(&Notification::Bounce).is_some_and(|notice| notice.topic.is_some());
    if told || !identity.forwards_feedback {
        return Ok(());
    }
    let id = new_message_id(&place, at, &ses.env.uuid().to_string());
    let to = sent.facts.feedback_to.as_ref().unwrap_or(&sent.facts.source).clone();
    let all = recipients.iter().map(|diagnosis| Recipient {
        recipient: diagnosis.recipient.clone(),
        action: "failed".to_owned(),
        status: diagnosis.status.clone(),
        diagnostic: diagnosis.diagnostic.clone(),
    });
    let asked = Asked {
        original: &sent.id,
        sender: Mailbox { name: String::new(), address: DAEMON.to_owned() },
        explanation: Some("An error occurred while trying to deliver the mail to the following recipients:"),
        reporting_mta: "dns; amazonses.com",
        recipients: all.collect(),
    };
    let mut draft = returned::draft(&to, &asked);
    draft.headers.push(("In-Reply-To".to_owned(), format!("<{}@email.amazonses.com>", sent.id)));
    let stamp = Stamp { message_id: format!("{id}@email.amazonses.com"), date: at };
    let outgoing = Outgoing {
        id,
        account: place.account,
        region: place.region,
        // A notification must not be answered by one.
        envelope_from: String::new(),
        recipients: vec![to],
        mime: compose(draft, Some(&stamp)).into(),
        configuration_set: None,
        tags: Vec::new(),
        trace: None,
    };
    Box::pin(ses.mail.send_in_tx(shelf.tx, &outgoing)).await
}
