//! Sending: who may, to whom, and what is written down of it.

use serde_json::json;
use tidegate_mail::Outgoing;
use tidegate_record::Stored;
use tidegate_store::Space;
use tidegate_types::{Arn, Timestamp};

pub(crate) use super::returned;

use super::letters::{Content, Letter, too_long};
use super::{outcomes, signing, statistics, tracking};
use crate::desk::Desk;
use crate::domain::account::{Settings, Suppressed};
use crate::domain::address::{Mailbox, domain_of};
use crate::domain::configuration_set::{ConfigurationSet, EventType, Reason};
use crate::domain::contact::{Contact, ContactList};
use crate::domain::identity::Identity;
use crate::domain::message::{Headers, Stamp, compose};
use crate::error::{Error, Thing};
use crate::events::{Event, count};
use crate::store::{Counters, MailFacts, Place, Sent, Shelf, keys};

/// Addresses that stand for a fate. Nothing of them leaves the server.
const SIMULATOR: &str = "simulator.amazonses.com";

/// The most bytes of headers that an event shows.
const MAX_SHOWN_HEADERS: usize = 10 * 1024;

/// What becomes of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is sent to.
    Out,
    /// It is on the account's list of those that get nothing.
    Suppressed,
    /// It wants nothing of this topic.
    Unsubscribed,
    /// It stands for a fate.
    Simulated(Simulated),
}

/// The fates that addresses of the mailbox simulator stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Simulated {
    /// Delivered; `ooto@` too, whose automatic answer is not made.
    Success,
    Bounce,
    Complaint,
    Suppressed,
}

/// Sends a letter. What it answers is the mail's id.
pub(crate) async fn send(desk: &mut Desk<'_>, letter: Letter) -> Result<String, Error> {
    let id = message_id(desk);
    let identity = check_sender(desk, &letter).await?;
    let settings = desk.shelf.settings().await?;
    if !settings.sending_enabled {
        return Err(Error::AccountPaused);
    }
    let set = configuration_set(desk, &letter, identity.as_ref()).await?;
    check_mail_from(identity.as_ref())?;
    check_sandbox(desk, &letter).await?;
    let ways = ways(desk, &letter, &settings, set.as_ref()).await?;
    let Letter { content, max_bytes, .. } = &letter;
    let stamp = Stamp { message_id: message_id_header(&id, &desk.shelf.place), date: desk.now };
    let (mime, unrendered) = match content {
        Content::Draft(draft) => (compose((**draft).clone(), Some(&stamp)), None),
        Content::Mime(mime) => (restamped(mime, &stamp), None),
        Content::Unrendered { template, why, draft } => {
            (compose((**draft).clone(), Some(&stamp)), Some((template.clone(), why.clone())))
        }
    };
    let mime = match unrendered {
        None => tracking::tracked(desk, set.as_ref(), &id, mime).await?,
        Some(_) => mime,
    };
    too_long(mime.len(), *max_bytes)?;
    let source_arn = source_arn(desk, &letter, identity.as_ref());
    let sent = sent(desk, &letter, &id, &mime, source_arn, set.as_ref(), &ways);
    if let Some((template, why)) = unrendered {
        tracing::warn!(%template, %why, %id, "a mail was not sent, because its template could not be rendered");
        unrendered_event(desk, &sent, &template, &why).await?;
        return Ok(id);
    }
    let out: Vec<String> = going(&letter, &ways, |way| way == Way::Out);
    put_sent(desk, &sent);
    let attempts = Counters { attempts: letter.recipients.len() as u64, ..Counters::default() };
    count(desk.shelf.tx, &desk.shelf.place, &id, desk.now, attempts).await?;
    let event = Event { kind: EventType::Send, member: "send", body: json!({}) };
    desk.ses.raise(desk.shelf.tx, &sent, &event, desk.now).await?;
    let mime = signing::signed(desk, &letter, mime).await?;
    let return_path = letter.return_path.as_ref().unwrap_or(&letter.source);
    let outgoing = Outgoing {
        id: id.clone(),
        account: desk.shelf.place.account,
        region: desk.shelf.place.region.clone(),
        envelope_from: return_path.address.clone(),
        recipients: out,
        mime: mime.into(),
        configuration_set: sent.facts.configuration_set.clone(),
        tags: letter.tags.clone(),
        trace: desk.call.trace.clone(),
    };
    desk.ses.mail.send_in_tx(desk.shelf.tx, &outgoing).await?;
    outcomes::kept_back(desk, &sent, &letter.recipients, &ways).await?;
    Ok(id)
}

/// The most destinations of one request.
const MAX_DESTINATIONS: usize = 50;

/// Checks what would be wrong with each of many mails in the same way, so that the request fails as a whole.
pub(crate) async fn check_many(
    desk: &mut Desk<'_>,
    destinations: usize,
    source: &str,
    configuration_set: Option<&str>,
) -> Result<(), Error> {
    if destinations == 0 {
        return Err(Error::invalid("At least one destination must be specified."));
    }
    if destinations > MAX_DESTINATIONS {
        let text = format!("Number of destinations ({destinations}) exceeds the maximum of {MAX_DESTINATIONS}.");
        return Err(Error::Rejected(text));
    }
    super::letters::mailbox(source)?;
    if let Some(name) = configuration_set.filter(|name| !name.is_empty()) {
        let set = desk.shelf.set(name).await?;
        if !set.sending_enabled {
            return Err(Error::SetPaused(set.name));
        }
    }
    match desk.shelf.settings().await?.sending_enabled {
        true => Ok(()),
        false => Err(Error::AccountPaused),
    }
}

/// A new id: when, in hexadecimal, and chance, in AWS's form.
pub(crate) fn message_id(desk: &Desk<'_>) -> String {
    new_message_id(&desk.shelf.place, desk.now, &desk.ses.env.uuid().to_string())
}

/// As [`message_id`], of the parts.
pub(crate) fn new_message_id(place: &Place, now: Timestamp, chance: &str) -> String {
    let region = match place.region.as_str() {
        "us-east-1" => "0100",
        "us-west-2" => "0101",
        "eu-west-1" => "0102",
        "eu-central-1" => "0107",
        _ => "010f",
    };
    format!("{region}{:012x}-{chance}-000000", now.as_millis())
}

/// When the mail of an id was sent.
pub(crate) fn sent_at(id: &str) -> Option<Timestamp> {
    let millis = id.get(4..16)?;
    u64::from_str_radix(millis, 16).ok().map(Timestamp::from_millis)
}

/// What a mail's `Message-ID` is.
fn message_id_header(id: &str, place: &Place) -> String {
    match place.region.as_str() {
        "us-east-1" => format!("{id}@email.amazonses.com"),
        region => format!("{id}@{region}.amazonses.com"),
    }
}

/// The mail with SES's own id and date, without what is for SES only.
fn restamped(mime: &[u8], stamp: &Stamp) -> Vec<u8> {
    let for_ses = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("x-ses-") || ["message-id", "date", "bcc", "return-path"].contains(&name.as_str())
    };
    let date = i64::try_from(stamp.date.as_secs()).unwrap_or(i64::MAX);
    let date = mail_builder::headers::date::Date::new(date).to_rfc822();
    let more = [("Message-ID", format!("<{}>", stamp.message_id)), ("Date", date)];
    Headers::read(mime).rewrite(mime, for_ses, &more)
}

/// The identity that lets the sender send; an error that names whom none does.
async fn check_sender(desk: &mut Desk<'_>, letter: &Letter) -> Result<Option<Identity>, Error> {
    let mut identity = None;
    let mut unverified: Vec<String> = Vec::new();
    let others = [letter.from.as_ref(), letter.return_path.as_ref()];
    for mailbox in std::iter::once(&letter.source).chain(others.into_iter().flatten()) {
        let found = match &letter.source_arn {
            Some(arn) => lent(desk, arn, &mailbox.address).await?,
            None => desk.shelf.verified(&mailbox.address).await?,
        };
        if found.is_none() && !unverified.contains(&mailbox.address) {
            unverified.push(mailbox.address.clone());
        }
        identity = identity.or(found);
    }
    match unverified.is_empty() {
        true => Ok(identity),
        false => Err(Error::Unverified { addresses: unverified, region: desk.shelf.place.region.clone() }),
    }
}

/// An identity that is named by its ARN: the account's own, or another's that lets it be used by a policy.
/// (Whether the policy lets this caller is decided at the edge, where callers are checked.)
async fn lent(desk: &mut Desk<'_>, arn: &str, address: &str) -> Result<Option<Identity>, Error> {
    let parsed: Arn = arn.parse().map_err(|_| Error::invalid(format!("Invalid ARN: {arn}")))?;
    let (Some(account), Some(region), Some(name)) =
        (parsed.account, parsed.region, parsed.resource.strip_prefix("identity/"))
    else {
        return Err(Error::invalid(format!("Invalid ARN: {arn}")));
    };
    if !crate::domain::identity::verifying(address).iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Ok(None);
    }
    let is_own = account == desk.shelf.place.account;
    let mut shelf = Shelf { tx: desk.shelf.tx, place: Place { account, region } };
    let found = shelf.identity(name).await?.filter(Identity::is_verified);
    Ok(found.filter(|identity| is_own || !identity.policies.is_empty()))
}

/// The ARN of the identity that was used.
fn source_arn(desk: &Desk<'_>, letter: &Letter, identity: Option<&Identity>) -> String {
    match (&letter.source_arn, identity) {
        (Some(arn), _) => arn.clone(),
        (None, Some(identity)) => desk.shelf.place.arn(&format!("identity/{}", identity.name)),
        (None, None) => String::new(),
    }
}

/// The configuration set that the letter names, or else its identity.
async fn configuration_set(
    desk: &mut Desk<'_>,
    letter: &Letter,
    identity: Option<&Identity>,
) -> Result<Option<ConfigurationSet>, Error> {
    let named = letter.configuration_set.clone().filter(|name| !name.is_empty());
    let default = || identity.and_then(|identity| identity.configuration_set.clone());
    let Some(name) = named.or_else(default) else { return Ok(None) };
    let set = desk.shelf.set(&name).await?;
    if set.sending_enabled { Ok(Some(set)) } else { Err(Error::SetPaused(name)) }
}

/// A `MAIL FROM` domain that is not verified, and whose owner would rather send nothing then.
fn check_mail_from(identity: Option<&Identity>) -> Result<(), Error> {
    let bad = identity.and_then(|identity| identity.mail_from.as_ref());
    let bad = bad.filter(|own| own.rejects && own.status != crate::domain::identity::Status::Success);
    bad.map_or(Ok(()), |own| Err(Error::MailFrom(own.domain.clone())))
}

/// In the sandbox everybody must be verified, and there is little to spend.
async fn check_sandbox(desk: &mut Desk<'_>, letter: &Letter) -> Result<(), Error> {
    if !desk.ses.options.sandbox {
        return Ok(());
    }
    let mut unverified: Vec<String> = Vec::new();
    for recipient in letter.recipients.iter().filter(|recipient| simulated(&recipient.address).is_none()) {
        if desk.shelf.verified(&recipient.address).await?.is_none() && !unverified.contains(&recipient.address) {
            unverified.push(recipient.address.clone());
        }
    }
    if !unverified.is_empty() {
        return Err(Error::Unverified { addresses: unverified, region: desk.shelf.place.region.clone() });
    }
    let sent = statistics::sent_today(desk).await? + letter.recipients.len() as u64;
    if sent as f64 > statistics::quota(desk).per_day {
        return Err(Error::Throttled("Daily message quota exceeded."));
    }
    Ok(())
}

/// What becomes of each recipient.
async fn ways(
    desk: &mut Desk<'_>,
    letter: &Letter,
    settings: &Settings,
    set: Option<&ConfigurationSet>,
) -> Result<Vec<Way>, Error> {
    let reasons = set.and_then(|set| set.suppression.as_ref()).unwrap_or(&settings.suppression);
    let mut ways = Vec::with_capacity(letter.recipients.len());
    for recipient in &letter.recipients {
        let way = match simulated(&recipient.address) {
            Some(simulated) => Way::Simulated(simulated),
            None if is_suppressed(&mut desk.shelf, recipient, reasons).await? => Way::Suppressed,
            None => Way::Out,
        };
        ways.push(way);
    }
    if let Some((list, topic)) = &letter.list {
        let [recipient] = &letter.recipients[..] else {
            return Err(Error::invalid("List management options can be used with one recipient only."));
        };
        if ways[0] == Way::Out && !wants(desk, list, topic.as_deref(), &recipient.address).await? {
            ways[0] = Way::Unsubscribed;
        }
    }
    Ok(ways)
}

async fn is_suppressed(shelf: &mut Shelf<'_>, recipient: &Mailbox, reasons: &[Reason]) -> Result<bool, Error> {
    if reasons.is_empty() {
        return Ok(false);
    }
    let found = shelf.find::<Suppressed>(&recipient.address.to_lowercase()).await?;
    Ok(found.is_some_and(|found| reasons.contains(&found.reason)))
}

/// Whether a contact wants mails of a topic. Whoever is written to becomes a contact.
async fn wants(desk: &mut Desk<'_>, list: &str, topic: Option<&str>, address: &str) -> Result<bool, Error> {
    let found: Option<ContactList> = desk.shelf.find(list).await?;
    let found = found.ok_or_else(|| Error::NoSuch(Thing::ContactList, list.to_owned()))?;
    if let Some(topic) = topic.filter(|topic| !found.topics.iter().any(|own| own.name == *topic)) {
        return Err(Error::invalid(format!("Topic {topic} does not exist in contact list {list}.")));
    }
    let contact: Option<Contact> = desk.shelf.find(&Contact::key(list, address)).await?;
    let now = desk.millis();
    let contact = contact.unwrap_or_else(|| {
        let new = Contact {
            list: list.to_owned(),
            address: address.to_owned(),
            preferences: Vec::new(),
            unsubscribed: false,
            attributes: None,
            created_at: now,
            updated_at: now,
        };
        desk.shelf.put(&new);
        new
    });
    Ok(match topic {
        Some(topic) => contact.wants(&found, topic),
        None => !contact.unsubscribed,
    })
}

/// The fate that an address stands for.
pub(crate) fn simulated(address: &str) -> Option<Simulated> {
    let (local, domain) = address.rsplit_once('@')?;
    if !domain.eq_ignore_ascii_case(SIMULATOR) {
        return None;
    }
    match local.to_ascii_lowercase().split('+').next().unwrap_or_default() {
        "bounce" => Some(Simulated::Bounce),
        "complaint" => Some(Simulated::Complaint),
        "suppressionlist" => Some(Simulated::Suppressed),
        _ => Some(Simulated::Success),
    }
}

/// The recipients whose way is such, each once.
pub(crate) fn going(letter: &Letter, ways: &[Way], is: impl Fn(Way) -> bool) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (recipient, way) in letter.recipients.iter().zip(ways) {
        if is(*way) && !all.contains(&recipient.address) {
            all.push(recipient.address.clone());
        }
    }
    all
}

/// What is written down of a mail.
fn sent(
    desk: &Desk<'_>,
    letter: &Letter,
    id: &str,
    mime: &[u8],
    source_arn: String,
    set: Option<&ConfigurationSet>,
    ways: &[Way],
) -> Sent {
    let caller = caller(&desk.call.caller.principal_arn);
    let one = |name: &str, value: String| (name.to_owned(), vec![value]);
    let mut tags = vec![one("ses:operation", letter.operation.to_owned())];
    tags.extend(set.map(|set| one("ses:configuration-set", set.name.clone())));
    tags.push(one("ses:source-ip", "127.0.0.1".to_owned()));
    let from = letter.from.as_ref().unwrap_or(&letter.source);
    tags.push(one("ses:from-domain", domain_of(&from.address).to_owned()));
    tags.push(one("ses:caller-identity", caller.clone()));
    tags.extend(letter.tags.iter().map(|(name, value)| one(name, value.clone())));
    let (headers, headers_truncated) = shown_headers(mime);
    let facts = MailFacts {
        at: desk.millis(),
        source: letter.source.address.clone(),
        feedback_to: letter.return_path.as_ref().map(|path| path.address.clone()),
        source_arn,
        caller,
        destination: letter.recipients.iter().map(|recipient| recipient.address.clone()).collect(),
        headers,
        headers_truncated,
        configuration_set: set.map(|set| set.name.clone()),
        tags,
        operation: letter.operation.to_owned(),
        suppressed: going(letter, ways, |way| way == Way::Suppressed),
        outcomes: Vec::new(),
    };
    let Place { account, region } = desk.shelf.place.clone();
    Sent { account, region, id: id.to_owned(), facts }
}

/// Who sends, as events call it: the user's or session's name.
fn caller(arn: &str) -> String {
    match arn.rsplit_once([':', '/']) {
        Some((_, name)) => name.to_owned(),
        None => arn.to_owned(),
    }
}

/// The headers that events show, and whether there are more.
fn shown_headers(mime: &[u8]) -> (Vec<(String, String)>, bool) {
    let mut bytes = 0;
    let all = Headers::read(mime).all;
    let count = all.len();
    let shown: Vec<_> = all
        .into_iter()
        .take_while(|(name, value)| {
            bytes += name.len() + value.len();
            bytes <= MAX_SHOWN_HEADERS
        })
        .collect();
    let truncated = shown.len() < count;
    (shown, truncated)
}

/// Writes a mail's facts.
pub(crate) fn put_sent(desk: &mut Desk<'_>, sent: &Sent) {
    desk.shelf.tx.put(Space::Map, keys::sent(sent.at(), &sent.id), sent.encode());
}

async fn unrendered_event(desk: &mut Desk<'_>, sent: &Sent, template: &str, why: &str) -> Result<(), Error> {
    let body = json!({ "errorMessage": why, "templateName": template });
    let event = Event { kind: EventType::RenderingFailure, member: "failure", body };
    Ok(desk.ses.raise(desk.shelf.tx, sent, &event, desk.now).await?)
}
