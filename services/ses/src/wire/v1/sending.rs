//! Sending.

use tidegate_api_ses as api;

use crate::desk::Desk;
use crate::domain::message::Draft;
use crate::error::Error;
use crate::ops::letters::{Beside, Content, Letter, MAX_BYTES_V1, Raw, counted, mailbox, mailboxes, tags};
use crate::ops::sending::send;
use crate::wire::text;

/// What all requests but raw ones say in the same way.
struct Said<'a> {
    operation: &'static str,
    source: &'a Option<String>,
    destination: &'a Option<api::Destination>,
    reply_to: &'a Option<Vec<String>>,
    return_path: &'a Option<String>,
    source_arn: &'a Option<String>,
    configuration_set: &'a Option<String>,
    tags: Vec<(String, String)>,
}

impl Said<'_> {
    /// The letter with this content, which gets the addresses.
    fn letter(self, content: impl FnOnce(Draft) -> Content) -> Result<Letter, Error> {
        let source = mailbox(text(self.source))?;
        let none = api::Destination::default();
        let destination = self.destination.as_ref().unwrap_or(&none);
        let to = mailboxes(destination.to_addresses.as_ref())?;
        let cc = mailboxes(destination.cc_addresses.as_ref())?;
        let bcc = mailboxes(destination.bcc_addresses.as_ref())?;
        let reply_to = mailboxes(self.reply_to.as_ref())?;
        let return_path = self.return_path.as_deref().filter(|path| !path.is_empty()).map(mailbox).transpose()?;
        let recipients = [to.clone(), cc.clone(), bcc].concat();
        counted(&recipients)?;
        let draft = Draft { from: Some(source.clone()), to, cc, reply_to, ..Draft::default() };
        Ok(Letter {
            operation: self.operation,
            source,
            from: None,
            return_path,
            source_arn: self.source_arn.clone(),
            recipients,
            configuration_set: self.configuration_set.clone(),
            tags: self.tags,
            list: None,
            content: content(draft),
            max_bytes: MAX_BYTES_V1,
        })
    }
}

fn message_tags(given: &Option<Vec<api::MessageTag>>) -> Result<Vec<(String, String)>, Error> {
    tags(given.iter().flatten().map(|tag| (text(&tag.name), text(&tag.value))))
}

fn data(content: &Option<api::Content>) -> Option<String> {
    content.as_ref().map(|content| text(&content.data).to_owned())
}

pub(crate) async fn send_email(
    mut desk: Desk<'_>,
    input: &api::SendEmailRequest,
) -> Result<api::SendEmailResponse, Error> {
    let said = Said {
        operation: "SendEmail",
        source: &input.source,
        destination: &input.destination,
        reply_to: &input.reply_to_addresses,
        return_path: &input.return_path,
        source_arn: &input.source_arn,
        configuration_set: &input.configuration_set_name,
        tags: message_tags(&input.tags)?,
    };
    let message = input.message.clone().unwrap_or_default();
    let body = message.body.unwrap_or_default();
    let letter = said.letter(|draft| {
        Content::Draft(Box::new(Draft {
            subject: data(&message.subject).unwrap_or_default(),
            text: data(&body.text),
            html: data(&body.html),
            ..draft
        }))
    })?;
    let id = send(&mut desk, letter).await?;
    Ok(api::SendEmailResponse { message_id: Some(id) })
}

pub(crate) async fn send_raw_email(
    mut desk: Desk<'_>,
    input: &api::SendRawEmailRequest,
) -> Result<api::SendRawEmailResponse, Error> {
    let data = input.raw_message.as_ref().and_then(|raw| raw.data.clone()).unwrap_or_default();
    let given = input.destinations.as_ref().filter(|all| !all.is_empty());
    let destinations = given.map(|all| mailboxes(Some(all))).transpose()?;
    let letter = Raw::read(&data, MAX_BYTES_V1)?.into_letter(Beside {
        operation: "SendRawEmail",
        source: input.source.as_deref(),
        destinations,
        return_path: None,
        source_arn: input.source_arn.clone().or_else(|| input.from_arn.clone()),
        configuration_set: input.configuration_set_name.clone(),
        tags: message_tags(&input.tags)?,
        max_bytes: MAX_BYTES_V1,
    })?;
    let id = send(&mut desk, letter).await?;
    Ok(api::SendRawEmailResponse { message_id: Some(id) })
}
