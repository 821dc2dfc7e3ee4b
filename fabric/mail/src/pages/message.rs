use bytes::Bytes;
use http::{HeaderValue, header};
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tidegate_ports::{AdminAnswer, AdminDocument};

use super::{Trouble, fixed, time_text};
use crate::mail::Mail;
use crate::mailbox::{Kept, shown};
use crate::records::{JourneyRecord, StopState};

async fn kept(mail: &Mail, id: &str) -> Result<Kept, Trouble> {
    mail.read(id).await?.ok_or_else(|| Trouble::no_mail(id))
}

/// Whatever the bytes are: what cannot be read is a mail without headers.
pub(super) fn parse(mime: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mime).unwrap_or_default()
}

pub(super) async fn show(mail: &Mail, id: &str) -> Result<AdminDocument, Trouble> {
    let kept = kept(mail, id).await?;
    Ok(AdminAnswer::ok(document(&kept, &parse(&kept.mime))).into())
}

fn document(kept: &Kept, message: &Message<'_>) -> Value {
    let headers: Vec<Value> =
        message.headers_raw().map(|(name, value)| json!({ "name": name, "value": unfolded(value) })).collect();
    let tags: serde_json::Map<_, _> =
        kept.tags.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    json!({
        "id": kept.id,
        "account": kept.account.to_string(),
        "region": kept.region.as_str(),
        "date": time_text(kept.at),
        "size": kept.mime.len(),
        "envelope": { "from": kept.envelope_from, "to": kept.recipients },
        "configurationSet": kept.configuration_set,
        "tags": tags,
        "from": addresses(message.from()),
        "to": addresses(message.to()),
        "cc": addresses(message.cc()),
        "replyTo": addresses(message.reply_to()),
        "subject": message.subject().unwrap_or_default(),
        "headers": headers,
        "text": text_of(message),
        "html": html_of(message),
        "attachments": message.attachments().enumerate().map(attachment_line).collect::<Vec<_>>(),
        "delivery": kept.journey.as_ref().map(delivery),
    })
}

/// A header's value on one line.
fn unfolded(value: &str) -> String {
    value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

pub(super) fn addresses(address: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    address.into_iter().flat_map(mail_parser::Address::iter).filter_map(shown).collect()
}

/// The plain text that the sender wrote; none is made of HTML.
pub(super) fn text_of(message: &Message<'_>) -> Option<String> {
    message.text_bodies().find_map(|part| match &part.body {
        PartType::Text(text) => Some(text.clone().into_owned()),
        _ => None,
    })
}

pub(super) fn html_of(message: &Message<'_>) -> Option<String> {
    message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.clone().into_owned()),
        _ => None,
    })
}

fn attachment_line((index, part): (usize, &MessagePart<'_>)) -> Value {
    json!({
        "index": index,
        "name": name_of(part, index),
        "contentType": type_of(part),
        "size": part.contents().len(),
        "contentId": part.content_id(),
        "inline": part.content_disposition().is_some_and(mail_parser::ContentType::is_inline),
    })
}

fn name_of(part: &MessagePart<'_>, index: usize) -> String {
    let fallback = if matches!(part.body, PartType::Message(_)) { "eml" } else { "bin" };
    part.attachment_name().map_or_else(|| format!("attachment-{index}.{fallback}"), str::to_owned)
}

fn type_of(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(kind) => format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")).to_ascii_lowercase(),
        None => "application/octet-stream".to_owned(),
    }
}

fn delivery(journey: &JourneyRecord) -> Value {
    let stops = journey.stops.iter().map(|stop| {
        json!({
            "recipient": stop.recipient,
            "state": match stop.state {
                StopState::Waiting => "waiting",
                StopState::Delivered => "delivered",
                StopState::Bounced => "bounced",
            },
            "diagnosis": stop.diagnosis,
            "date": time_text(stop.at),
        })
    });
    json!({ "attempts": journey.attempts, "recipients": stops.collect::<Vec<_>>() })
}

pub(super) async fn raw(mail: &Mail, id: &str) -> Result<AdminDocument, Trouble> {
    let kept = kept(mail, id).await?;
    // As text, so that a browser shows it; it is never run.
    Ok(fixed(AdminDocument::of("text/plain; charset=utf-8", kept.mime)))
}

pub(super) async fn attachment(mail: &Mail, id: &str, index: &str) -> Result<AdminDocument, Trouble> {
    let kept = kept(mail, id).await?;
    let message = parse(&kept.mime);
    let number: usize = index.parse().map_err(|_| Trouble::bad(format!("an attachment is a number, not {index:?}")))?;
    let Some(part) = message.attachments().nth(number) else {
        let text = format!("mail {id} has {} attachments, numbered from 0", message.attachment_count());
        return Err(Trouble::Answer(AdminAnswer::error(404, text)));
    };
    let name = utf8_percent_encode(&name_of(part, number), NON_ALPHANUMERIC).to_string();
    let mut document = fixed(AdminDocument::of("application/octet-stream", Bytes::copy_from_slice(part.contents())));
    let disposition = format!("attachment; filename*=UTF-8''{name}");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        document.headers.insert(header::CONTENT_DISPOSITION, value);
    }
    // The type the sender claims; downloaded, never opened in place, and without any power if it were.
    if let Ok(value) = HeaderValue::from_str(&type_of(part)) {
        document.headers.insert(header::CONTENT_TYPE, value);
    }
    document.headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    Ok(document)
}
