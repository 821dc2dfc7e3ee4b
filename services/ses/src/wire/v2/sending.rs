//! Sending.

use tidegate_api_sesv2 as api;

use super::templates::parts;
use super::tenants;
use crate::desk::Desk;
use crate::domain::message::{Attachment, Draft};
use crate::domain::template::Parts;
use crate::error::Error;
use crate::ops::letters::{Beside, Content, Letter, MAX_BYTES_V2, Raw, counted, mailbox, mailboxes, rendered, tags};
use crate::ops::sending::{check_many, send};
use crate::ops::templates;
use crate::wire::errors::{Bulk, bulk_status};
use crate::wire::text;

fn message_tags(given: &Option<Vec<api::MessageTag>>) -> Result<Vec<(String, String)>, Error> {
    tags(given.iter().flatten().map(|tag| (text(&tag.name), text(&tag.value))))
}

/// Headers that a sender may not set: SES does.
const OURS: [&str; 12] = [
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "return-path",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

fn headers(given: &Option<Vec<api::MessageHeader>>) -> Result<Vec<(String, String)>, Error> {
    let mut all = Vec::new();
    for own in given.iter().flatten() {
        let (name, value) = (text(&own.name), text(&own.value));
        if name.is_empty() {
            return Err(Error::invalid("The header name must be specified."));
        }
        let is_name = name.bytes().all(|b| (33..=126).contains(&b) && b != b':');
        if !is_name || OURS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Error::invalid(format!("Invalid header name <{name}>.")));
        }
        if value.contains(['\r', '\n']) || !value.is_ascii() {
            return Err(Error::invalid(format!("Invalid header value <{value}>.")));
        }
        all.push((name.to_owned(), value.to_owned()));
    }
    Ok(all)
}

fn attachments(given: &Option<Vec<api::Attachment>>) -> Vec<Attachment> {
    let all = given.iter().flatten().map(|own| {
        let name = text(&own.file_name).to_owned();
        let media_type = own.content_type.clone().unwrap_or_else(|| media_type(&name).to_owned());
        Attachment {
            media_type,
            content: own.raw_content.as_ref().map(|content| content.to_vec()).unwrap_or_default(),
            inline: own.content_disposition.as_deref() == Some("INLINE"),
            content_id: own.content_id.clone(),
            description: own.content_description.clone(),
            name,
        }
    });
    all.collect()
}

/// What a file is, by the end of its name, where the request does not say.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
        Some("txt" | "log") => "text/plain",
        Some("csv") => "text/csv",
        Some("html" | "htm") => "text/html",
        Some("pdf") => "application/pdf",
        Some("json") => "application/json",
        Some("zip") => "application/zip",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        _ => "application/octet-stream",
    }
}

/// A template, named or brought along.
async fn template(desk: &mut Desk<'_>, given: &api::Template) -> Result<(String, Parts), Error> {
    let named = [&given.template_name, &given.template_arn].into_iter().flatten().count();
    if named + usize::from(given.template_content.is_some()) > 1 && given.template_content.is_some() {
        let text = "Content.Template must specify exactly one of TemplateName, TemplateArn, or TemplateContent.";
        return Err(Error::invalid(text));
    }
    let name = match (&given.template_name, &given.template_arn, &given.template_content) {
        (Some(name), ..) => name.as_str(),
        (None, Some(arn), _) => templates::name_of_arn(arn)?,
        (None, None, Some(_)) => return Ok(("inline".to_owned(), parts(&given.template_content))),
        (None, None, None) => {
            let text = "Content.Template requires TemplateName, TemplateArn, or TemplateContent.";
            return Err(Error::invalid(text));
        }
    };
    let found = templates::find(desk, name).await?;
    Ok((found.name, found.parts))
}

/// Who sends to whom, as requests of this version say it.
struct Addressed<'a> {
    from: &'a Option<String>,
    destination: &'a Option<api::Destination>,
    reply_to: &'a Option<Vec<String>>,
    feedback: &'a Option<String>,
    identity_arn: &'a Option<String>,
    configuration_set: &'a Option<String>,
    list: Option<(String, Option<String>)>,
    tags: Vec<(String, String)>,
    operation: &'static str,
}

impl Addressed<'_> {
    fn letter(self, content: impl FnOnce(Draft) -> Content) -> Result<Letter, Error> {
        let source = match self.from.as_deref().filter(|from| !from.is_empty()) {
            Some(from) => mailbox(from)?,
            None => return Err(Error::invalid("Source cannot be empty")),
        };
        let none = api::Destination::default();
        let destination = self.destination.as_ref().unwrap_or(&none);
        let to = mailboxes(destination.to_addresses.as_ref())?;
        let cc = mailboxes(destination.cc_addresses.as_ref())?;
        let bcc = mailboxes(destination.bcc_addresses.as_ref())?;
        let reply_to = mailboxes(self.reply_to.as_ref())?;
        let return_path = self.feedback.as_deref().filter(|path| !path.is_empty()).map(mailbox).transpose()?;
        let recipients = [to.clone(), cc.clone(), bcc].concat();
        counted(&recipients)?;
        let draft = Draft { from: Some(source.clone()), to, cc, reply_to, ..Draft::default() };
        Ok(Letter {
            operation: self.operation,
            source,
            from: None,
            return_path,
            source_arn: self.identity_arn.clone(),
            recipients,
            configuration_set: self.configuration_set.clone(),
            tags: self.tags,
            list: self.list,
            content: content(draft),
            max_bytes: MAX_BYTES_V2,
        })
    }
}

pub(crate) async fn send_email(
    mut desk: Desk<'_>,
    input: &api::SendEmailRequest,
) -> Result<api::SendEmailResponse, Error> {
    let own = input.content.as_ref().and_then(|content| content.template.as_ref());
    let template = own.and_then(|own| own.template_name.as_deref());
    tenants::check(&mut desk, &input.tenant_name, &input.from_email_address, &input.configuration_set_name, template)
        .await?;
    let letter = letter(&mut desk, input).await?;
    let id = send(&mut desk, letter).await?;
    Ok(api::SendEmailResponse { message_id: Some(id) })
}

async fn letter(desk: &mut Desk<'_>, input: &api::SendEmailRequest) -> Result<Letter, Error> {
    let options = input.list_management_options.as_ref();
    let list = options.map(|own| (text(&own.contact_list_name).to_owned(), own.topic_name.clone()));
    let addressed = Addressed {
        from: &input.from_email_address,
        destination: &input.destination,
        reply_to: &input.reply_to_addresses,
        feedback: &input.feedback_forwarding_email_address,
        identity_arn: &input.from_email_address_identity_arn,
        configuration_set: &input.configuration_set_name,
        list,
        tags: message_tags(&input.email_tags)?,
        operation: "SendEmail",
    };
    let none = api::EmailContent::default();
    let content = input.content.as_ref().unwrap_or(&none);
    match (&content.simple, &content.raw, &content.template) {
        (Some(simple), None, None) => {
            let body = simple.body.clone().unwrap_or_default();
            let data = |own: Option<&api::Content>| own.map(|own| text(&own.data).to_owned());
            let (headers, attachments) = (headers(&simple.headers)?, attachments(&simple.attachments));
            let subject = data(simple.subject.as_ref()).unwrap_or_default();
            addressed.letter(|draft| {
                let (text, html) = (data(body.text.as_ref()), data(body.html.as_ref()));
                Content::Draft(Box::new(Draft { subject, text, html, headers, attachments, ..draft }))
            })
        }
        (None, Some(raw), None) => raw_letter(input, addressed, raw),
        (None, None, Some(own)) => {
            let (name, parts) = template(desk, own).await?;
            let (headers, attachments) = (headers(&own.headers)?, attachments(&own.attachments));
            let made = templates::render(&parts, None, own.template_data.as_deref());
            addressed.letter(|draft| rendered(&name, made, Draft { headers, attachments, ..draft }))
        }
        _ => Err(Error::invalid("Content must contain exactly one of Raw, Simple, or Template.")),
    }
}

fn raw_letter(input: &api::SendEmailRequest, addressed: Addressed<'_>, raw: &api::RawMessage) -> Result<Letter, Error> {
    let data = raw.data.clone().unwrap_or_default();
    let destination = input.destination.clone().unwrap_or_default();
    let all = [destination.to_addresses, destination.cc_addresses, destination.bcc_addresses];
    let all: Vec<String> = all.into_iter().flatten().flatten().collect();
    let destinations = (!all.is_empty()).then(|| mailboxes(Some(&all))).transpose()?;
    let letter = Raw::read(&data, MAX_BYTES_V2)?.into_letter(Beside {
        operation: addressed.operation,
        source: input.from_email_address.as_deref(),
        destinations,
        return_path: input.feedback_forwarding_email_address.as_deref(),
        source_arn: input.from_email_address_identity_arn.clone(),
        configuration_set: input.configuration_set_name.clone(),
        tags: addressed.tags,
        max_bytes: MAX_BYTES_V2,
    })?;
    Ok(Letter { list: addressed.list.or(letter.list), ..letter })
}

pub(crate) async fn send_bulk_email(
    mut desk: Desk<'_>,
    input: &api::SendBulkEmailRequest,
) -> Result<api::SendBulkEmailResponse, Error> {
    let Some(default) = input.default_content.as_ref().and_then(|content| content.template.as_ref()) else {
        return Err(Error::invalid("DefaultContent.Template is required."));
    };
    let entries = input.bulk_email_entries.as_deref().unwrap_or_default();
    let from = text(&input.from_email_address);
    check_many(&mut desk, entries.len(), from, input.configuration_set_name.as_deref()).await?;
    let named = default.template_name.as_deref();
    tenants::check(&mut desk, &input.tenant_name, &input.from_email_address, &input.configuration_set_name, named)
        .await?;
    let (name, parts) = template(&mut desk, default).await?;
    let mut results = Vec::with_capacity(entries.len());
    for entry in entries {
        let sent = one_of_many(&mut desk, input, entry, default, (&name, &parts)).await;
        results.push(match sent {
            Ok(id) => {
                api::BulkEmailEntryResult { status: Some("SUCCESS".to_owned()), error: None, message_id: Some(id) }
            }
            Err(error) => {
                let Bulk { status, words } = bulk_status(error)?;
                api::BulkEmailEntryResult { status: Some(status.1.to_owned()), error: Some(words), message_id: None }
            }
        });
    }
    Ok(api::SendBulkEmailResponse { bulk_email_entry_results: Some(results) })
}

async fn one_of_many(
    desk: &mut Desk<'_>,
    input: &api::SendBulkEmailRequest,
    entry: &api::BulkEmailEntry,
    default: &api::Template,
    (name, parts): (&str, &Parts),
) -> Result<String, Error> {
    let mut tags = message_tags(&entry.replacement_tags)?;
    for (name, value) in message_tags(&input.default_email_tags)? {
        if !tags.iter().any(|(own, _)| *own == name) {
            tags.push((name, value));
        }
    }
    let addressed = Addressed {
        from: &input.from_email_address,
        destination: &entry.destination,
        reply_to: &input.reply_to_addresses,
        feedback: &input.feedback_forwarding_email_address,
        identity_arn: &input.from_email_address_identity_arn,
        configuration_set: &input.configuration_set_name,
        list: None,
        tags,
        operation: "SendBulkEmail",
    };
    let replacement = entry.replacement_email_content.as_ref().and_then(|own| own.replacement_template.as_ref());
    let data = replacement.and_then(|own| own.replacement_template_data.as_deref());
    let made = templates::render(parts, default.template_data.as_deref(), data);
    let own = if entry.replacement_headers.is_some() { &entry.replacement_headers } else { &default.headers };
    let (headers, attachments) = (headers(own)?, attachments(&default.attachments));
    let letter = addressed.letter(|draft| rendered(name, made, Draft { headers, attachments, ..draft }))?;
    send(desk, letter).await
}
