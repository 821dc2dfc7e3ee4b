//! Bounces that an account sends for mail that came in: `SendBounce`, and receipt rules that bounce.

use tidegate_mail::Outgoing;

use super::outcomes::find_sent;
use super::sending::message_id;
use crate::desk::Desk;
use crate::domain::address::Mailbox;
use crate::domain::message::{Draft, Stamp, compose};
use crate::error::Error;

/// By which operation the facts of mail that came in are written down.
pub(crate) const RECEIVED: &str = "Receive";

/// For how long mail that came in may be bounced.
const PATIENCE_MS: u64 = 24 * 60 * 60 * 1000;

/// A recipient of mail that came in, and why it did not get it.
pub(crate) struct Recipient {
    pub(crate) recipient: String,
    pub(crate) action: String,
    pub(crate) status: String,
    pub(crate) diagnostic: String,
}

/// What a bounce says.
pub(crate) struct Asked<'a> {
    /// The mail that came in.
    pub(crate) original: &'a str,
    /// Who says so.
    pub(crate) sender: Mailbox,
    /// Why, for people.
    pub(crate) explanation: Option<&'a str>,
    /// Who noticed.
    pub(crate) reporting_mta: &'a str,
    /// Who did not get it.
    pub(crate) recipients: Vec<Recipient>,
}

/// The bounce as a mail: words for people, and a delivery status for programs.
pub(crate) fn draft(to: &str, asked: &Asked<'_>) -> Draft {
    let mut lines = String::new();
    for own in &asked.recipients {
        lines.push_str(&format!("{}\n{}\n\n", own.recipient, own.diagnostic));
    }
    let explanation = asked.explanation.unwrap_or("Your mail could not be delivered to the following recipients:");
    let mut status = format!("Reporting-MTA: {}\r\n", asked.reporting_mta);
    for own in &asked.recipients {
        status.push_str(&format!(
            "\r\nFinal-Recipient: rfc822; {}\r\nAction: {}\r\nStatus: {}\r\nDiagnostic-Code: {}\r\n",
            own.recipient, own.action, own.status, own.diagnostic
        ));
    }
    Draft {
        from: Some(asked.sender.clone()),
        to: vec![Mailbox { name: String::new(), address: to.to_owned() }],
        subject: "Delivery Status Notification (Failure)".to_owned(),
        text: Some(format!("{explanation}\n\n{lines}")),
        headers: vec![("Auto-Submitted".to_owned(), "auto-replied".to_owned())],
        attachments: vec![crate::domain::message::Attachment {
            name: "delivery-status.txt".to_owned(),
            media_type: "message/delivery-status".to_owned(),
            content: status.into_bytes(),
            inline: false,
            content_id: None,
            description: Some("Delivery report".to_owned()),
        }],
        ..Draft::default()
    }
}

/// Bounces mail that came in within the last day.
pub(crate) async fn send(desk: &mut Desk<'_>, asked: Asked<'_>) -> Result<String, Error> {
    if desk.shelf.verified(&asked.sender.address).await?.is_none() {
        let addresses = vec![asked.sender.address];
        return Err(Error::Unverified { addresses, region: desk.shelf.place.region.clone() });
    }
    let original = find_sent(desk.shelf.tx, asked.original).await?.filter(|original| {
        let place = &desk.shelf.place;
        (original.account, &original.region) == (place.account, &place.region)
            && original.facts.operation == RECEIVED
            && original.at().plus_millis(PATIENCE_MS) >= desk.now
    });
    let Some(original) = original else {
        return Err(Error::Rejected(format!("Invalid Message ID: {}", asked.original)));
    };
    if original.facts.source.is_empty() {
        return Err(Error::Rejected("The original message has no sender to which it could be bounced.".to_owned()));
    }
    let id = message_id(desk);
    let stamp = Stamp { message_id: format!("{id}@email.amazonses.com"), date: desk.now };
    let outgoing = Outgoing {
        id: id.clone(),
        account: desk.shelf.place.account,
        region: desk.shelf.place.region.clone(),
        envelope_from: String::new(),
        recipients: vec![original.facts.source.clone()],
        mime: compose(draft(&original.facts.source, &asked), Some(&stamp)).into(),
        configuration_set: None,
        tags: Vec::new(),
        trace: desk.call.trace.clone(),
    };
    desk.ses.mail.send_in_tx(desk.shelf.tx, &outgoing).await?;
    Ok(id)
}
