use std::time::Duration;

use serde_json::{Value, json};
use tidegate_ports::{AdminAnswer, AdminDocument, AdminVisit};
use tidegate_store::Sequence;

use super::{Trouble, time_text};
use crate::mail::Mail;
use crate::mailbox::{Listed, Search};

/// Mails in an answer, unless told otherwise, and at most.
const LIMITS: (usize, usize) = (50, 1000);

/// The longest wait for a change. Browsers and proxies give up after a minute.
const MAX_WAIT: Duration = Duration::from_secs(50);

pub(super) async fn list(mail: &Mail, visit: &AdminVisit) -> Result<AdminDocument, Trouble> {
    let limit = number(visit, "limit")?.map_or(LIMITS.0, |limit| usize::try_from(limit).unwrap_or(LIMITS.1));
    let limit = limit.clamp(1, LIMITS.1);
    let text = |name: &str| visit.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let search = Search {
        to: text("to"),
        from: text("from"),
        subject: text("subject"),
        any: text("q"),
        before: number(visit, "cursor")?,
    };
    let wait = Duration::from_secs(number(visit, "wait")?.unwrap_or(0)).min(MAX_WAIT);
    let change = mail.change_after(number(visit, "since")?.map(Sequence), wait).await?;
    // One more tells whether there are more.
    let mut found = mail.list(&search, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let cursor = found.last().filter(|_| more).map(|last| last.place.to_string());
    let messages: Vec<Value> = found.iter().map(line).collect();
    let body = json!({ "count": mail.count(), "messages": messages, "cursor": cursor, "change": change.0 });
    Ok(AdminAnswer::ok(body).into())
}

fn line(listed: &Listed) -> Value {
    json!({
        "id": listed.id,
        "from": listed.from,
        "to": listed.to,
        "subject": listed.subject,
        "date": time_text(listed.at),
        "size": listed.size,
        "account": listed.account.to_string(),
        "region": listed.region.as_str(),
    })
}

fn number(visit: &AdminVisit, name: &str) -> Result<Option<u64>, Trouble> {
    let parse = |text: &str| text.parse().map_err(|_| Trouble::bad(format!("{name} is a number, not {text:?}")));
    visit.text(name).filter(|text| !text.is_empty()).map(parse).transpose()
}

pub(super) async fn clear(mail: &Mail) -> Result<AdminDocument, Trouble> {
    Ok(AdminAnswer::ok(json!({ "deleted": mail.clear().await? })).into())
}

pub(super) async fn delete(mail: &Mail, id: &str) -> Result<AdminDocument, Trouble> {
    match mail.remove(id).await? {
        true => Ok(AdminAnswer::ok(json!({ "deleted": 1 })).into()),
        false => Err(Trouble::no_mail(id)),
    }
}
