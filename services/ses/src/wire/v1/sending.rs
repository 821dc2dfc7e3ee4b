//! Sending.

use tidegate_api_ses as api;

use crate::desk::Desk;
use crate::domain::message::Draft;
use crate::domain::template::{Parts, Template};
use crate::error::Error;
use crate::ops::letters::{Beside, Content, Letter, MAX_BYTES_V1, Raw, counted, mailbox, mailboxes, rendered, tags};
use crate::ops::sending::{check_many, returned, send};
use crate::ops::templates;
use crate::wire::errors::{Bulk, bulk_status};
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

/// The template that a request names; its ARN may name it again.
async fn template(desk: &mut Desk<'_>, name: &Option<String>) -> Result<Template, Error> {
    templates::find(desk, text(name)).await
}

fn filled(template: &str, parts: &Parts, defaults: Option<&str>, data: Option<&str>, draft: Draft) -> Content {
    rendered(template, templates::render(parts, defaults, data), draft)
}

pub(crate) async fn send_templated_email(
    mut desk: Desk<'_>,
    input: &api::SendTemplatedEmailRequest,
) -> Result<api::SendTemplatedEmailResponse, Error> {
    let template = template(&mut desk, &input.template).await?;
    let said = Said {
        operation: "SendTemplatedEmail",
        source: &input.source,
        destination: &input.destination,
        reply_to: &input.reply_to_addresses,
        return_path: &input.return_path,
        source_arn: &input.source_arn,
        configuration_set: &input.configuration_set_name,
        tags: message_tags(&input.tags)?,
    };
    let data = input.template_data.as_deref();
    let letter = said.letter(|draft| filled(&template.name, &template.parts, None, data, draft))?;
    let id = send(&mut desk, letter).await?;
    Ok(api::SendTemplatedEmailResponse { message_id: Some(id) })
}

pub(crate) async fn send_bulk_templated_email(
    mut desk: Desk<'_>,
    input: &api::SendBulkTemplatedEmailRequest,
) -> Result<api::SendBulkTemplatedEmailResponse, Error> {
    let template = template(&mut desk, &input.template).await?;
    let destinations = input.destinations.as_deref().unwrap_or_default();
    check_many(&mut desk, destinations.len(), text(&input.source), input.configuration_set_name.as_deref()).await?;
    let default_tags = message_tags(&input.default_tags)?;
    let mut statuses = Vec::with_capacity(destinations.len());
    for one in destinations {
        let sent = one_of_many(&mut desk, input, one, &template, &default_tags).await;
        statuses.push(match sent {
            Ok(id) => api::BulkEmailDestinationStatus {
                status: Some("Success".to_owned()),
                error: None,
                message_id: Some(id),
            },
            Err(error) => {
                let Bulk { status, words } = bulk_status(error)?;
                api::BulkEmailDestinationStatus {
                    status: Some(status.0.to_owned()),
                    error: Some(words),
                    message_id: None,
                }
            }
        });
    }
    Ok(api::SendBulkTemplatedEmailResponse { status: Some(statuses) })
}

async fn one_of_many(
    desk: &mut Desk<'_>,
    input: &api::SendBulkTemplatedEmailRequest,
    one: &api::BulkEmailDestination,
    template: &Template,
    default_tags: &[(String, String)],
) -> Result<String, Error> {
    let mut tags = message_tags(&one.replacement_tags)?;
    let more: Vec<_> =
        default_tags.iter().filter(|(name, _)| !tags.iter().any(|(own, _)| own == name)).cloned().collect();
    tags.extend(more);
    let said = Said {
        operation: "SendBulkTemplatedEmail",
        source: &input.source,
        destination: &one.destination,
        reply_to: &input.reply_to_addresses,
        return_path: &input.return_path,
        source_arn: &input.source_arn,
        configuration_set: &input.configuration_set_name,
        tags,
    };
    let (defaults, data) = (input.default_template_data.as_deref(), one.replacement_template_data.as_deref());
    let letter = said.letter(|draft| filled(&template.name, &template.parts, defaults, data, draft))?;
    send(desk, letter).await
}

pub(crate) async fn send_bounce(
    mut desk: Desk<'_>,
    input: &api::SendBounceRequest,
) -> Result<api::SendBounceResponse, Error> {
    let sender = mailbox(text(&input.bounce_sender))?;
    let infos = input.bounced_recipient_info_list.as_deref().unwrap_or_default();
    if infos.is_empty() {
        return Err(Error::invalid("At least one bounced recipient must be specified."));
    }
    let mut lines = Vec::with_capacity(infos.len());
    for info in infos {
        let recipient = mailbox(text(&info.recipient))?.address;
        let fields = info.recipient_dsn_fields.clone().unwrap_or_default();
        let (status, words) = bounce_words(info.bounce_type.as_deref());
        lines.push(returned::Recipient {
            recipient,
            action: fields.action.unwrap_or_else(|| "failed".to_owned()),
            status: fields.status.unwrap_or_else(|| status.to_owned()),
            diagnostic: fields.diagnostic_code.unwrap_or_else(|| format!("smtp; 550 {status} {words}")),
        });
    }
    let mta = input.message_dsn.as_ref().and_then(|dsn| dsn.reporting_mta.clone());
    let asked = returned::Asked {
        original: text(&input.original_message_id),
        sender,
        explanation: input.explanation.as_deref(),
        reporting_mta: mta.as_deref().unwrap_or("dns; amazonses.com"),
        recipients: lines,
    };
    let id = returned::send(&mut desk, asked).await?;
    Ok(api::SendBounceResponse { message_id: Some(id) })
}

/// The status code and the words of a kind of bounce.
fn bounce_words(kind: Option<&str>) -> (&'static str, &'static str) {
    match kind {
        Some("DoesNotExist") => ("5.1.1", "user unknown"),
        Some("MessageTooLarge") => ("5.3.4", "message too large"),
        Some("ExceededQuota") => ("5.2.2", "mailbox full"),
        Some("ContentRejected") => ("5.6.1", "message content rejected"),
        Some("TemporaryFailure") => ("4.0.0", "temporary failure"),
        _ => ("5.0.0", "undefined failure"),
    }
}
