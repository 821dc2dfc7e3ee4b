//! `/_aws/ses`, in the shape in which LocalStack's users know it: all mails, the oldest first, whole.
//!
//! It has no paging there, so the answer is bounded here: the newest mails, up to [`MOST`] of them and
//! [`MOST_BYTES`]. A header says how many were left out.

use http::HeaderValue;
use mail_parser::Message;
use serde_json::{Value, json};
use tidegate_ports::{AdminAnswer, AdminDocument, AdminVisit};

use super::message::{addresses, html_of, parse, text_of};
use super::{Trouble, time_text};
use crate::mail::Mail;
use crate::mailbox::{Kept, Search};

const MOST: usize = 10_000;
const MOST_BYTES: usize = 32 << 20;

pub(super) async fn list(mail: &Mail, visit: &AdminVisit) -> Result<AdminDocument, Trouble> {
    let filter = |name: &str| visit.text(name).filter(|text| !text.is_empty());
    let (id, source) = (filter("id"), filter("email"));
    let ids = match id {
        Some(id) => vec![id.to_owned()],
        None => mail.list(&Search::default(), MOST).await?.into_iter().map(|listed| listed.id).collect(),
    };
    let (mut found, mut bytes, mut seen) = (Vec::new(), 0, 0);
    for id in &ids {
        let Some(kept) = mail.read(id).await? else { continue };
        bytes += kept.mime.len();
        if bytes > MOST_BYTES && !found.is_empty() {
            break;
        }
        seen += 1;
        let message = parse(&kept.mime);
        let from = source_of(&kept, &message);
        if source.is_none_or(|wanted| wanted == from || wanted == kept.envelope_from) {
            found.push(sent(&kept, &message, from));
        }
    }
    found.reverse();
    let mut document = AdminDocument::from(AdminAnswer::ok(json!({ "messages": found })));
    let all = if id.is_some() { ids.len() } else { mail.count() };
    if all > seen {
        document.headers.insert("x-tidegate-left-out", HeaderValue::from(all - seen));
    }
    Ok(document)
}

fn source_of(kept: &Kept, message: &Message<'_>) -> String {
    addresses(message.from()).into_iter().next().unwrap_or_else(|| kept.envelope_from.clone())
}

fn sent(kept: &Kept, message: &Message<'_>, source: String) -> Value {
    let (to, cc) = (addresses(message.to()), addresses(message.cc()));
    let named = |recipient: &String| to.iter().chain(&cc).any(|one| one.contains(recipient.as_str()));
    let bcc: Vec<&String> = kept.recipients.iter().filter(|recipient| !named(recipient)).collect();
    json!({
        "Id": kept.id,
        "Region": kept.region.as_str(),
        "Destination": { "ToAddresses": to, "CcAddresses": cc, "BccAddresses": bcc },
        "Source": source,
        "Subject": message.subject().unwrap_or_default(),
        "Body": { "text_part": text_of(message), "html_part": html_of(message) },
        // LocalStack's has whole seconds and no zone.
        "Timestamp": time_text(kept.at).get(..19),
        "RawData": String::from_utf8_lossy(&kept.mime),
    })
}

pub(super) async fn delete(mail: &Mail, visit: &AdminVisit) -> Result<AdminDocument, Trouble> {
    match visit.text("id") {
        Some(id) => drop(mail.remove(id).await?),
        None => drop(mail.clear().await?),
    }
    Ok(AdminDocument { status: 204, headers: http::HeaderMap::new(), body: bytes::Bytes::new() })
}
