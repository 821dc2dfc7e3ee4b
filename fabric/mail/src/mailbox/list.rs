use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, StoreError};
use tidegate_types::{AccountId, Region, Timestamp};

use super::{corrupt, decode};
use crate::keys;
use crate::records::EntryRecord;

/// Lines read from the store at once.
const SCANNED_AT_ONCE: usize = 1000;

/// Which mails are asked for. Texts are looked for anywhere, in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// In a recipient.
    pub to: Option<String>,
    /// In the sender.
    pub from: Option<String>,
    /// In the subject.
    pub subject: Option<String>,
    /// In any of these.
    pub any: Option<String>,
    /// Only those before this place in the list: [`Listed::place`] of the last one seen.
    pub before: Option<u64>,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its place: newer mails have higher ones.
    pub place: u64,
    /// Its id.
    pub id: String,
    /// The `From` header, or the envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The bytes of the MIME.
    pub size: u64,
    /// When it was sent: product time.
    pub at: Timestamp,
    /// Whose it is.
    pub account: AccountId,
    /// Where it was sent.
    pub region: Region,
}

impl Search {
    /// The same in lower case: what [`Search::finds`] compares with.
    fn lowered(&self) -> Search {
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        Search {
            to: lower(&self.to),
            from: lower(&self.from),
            subject: lower(&self.subject),
            any: lower(&self.any),
            before: self.before,
        }
    }

    fn finds_all(&self) -> bool {
        [&self.to, &self.from, &self.subject, &self.any].iter().all(|wanted| wanted.is_none())
    }

    fn finds(&self, entry: &EntryRecord) -> bool {
        let within = |wanted: &Option<String>, text: &str| {
            wanted.as_ref().is_none_or(|wanted| text.to_lowercase().contains(wanted.as_str()))
        };
        let to = |wanted: &Option<String>| wanted.is_none() || entry.to.iter().any(|one| within(wanted, one));
        let any = |wanted: &Option<String>| within(wanted, &entry.from) || within(wanted, &entry.subject) || to(wanted);
        to(&self.to) && within(&self.from, &entry.from) && within(&self.subject, &entry.subject) && any(&self.any)
    }
}

/// Up to `limit` mails, newest first.
pub(crate) async fn list(snapshot: &dyn Snapshot, search: &Search, limit: usize) -> Result<Vec<Listed>, StoreError> {
    let search = search.lowered();
    let mut range = KeyRange::prefix(&keys::entries());
    if let Some(before) = search.before {
        range.end = Some(keys::entry(before));
    }
    let at_once = if search.finds_all() { limit.min(SCANNED_AT_ONCE) } else { SCANNED_AT_ONCE };
    let mut found = Vec::new();
    while found.len() < limit {
        let page = snapshot.scan(Space::Log, &range, Order::Descending, Page::of(at_once)).await?;
        let Some(last) = page.last() else { break };
        range.end = Some(last.key.clone());
        for entry in &page {
            let place = keys::read_entry(&entry.key).map_err(|error| corrupt(Space::Log, &entry.key, &error))?;
            let record: EntryRecord = decode(Space::Log, &entry.key, &entry.record.value)?;
            if found.len() < limit && search.finds(&record) {
                found.push(listed(place, record));
            }
        }
        // A long search leaves others their turn.
        tokio::task::yield_now().await;
    }
    Ok(found)
}

fn listed(place: u64, entry: EntryRecord) -> Listed {
    let EntryRecord { id, from, to, subject, size, at, account, region } = entry;
    Listed { place, id, from, to, subject, size, at, account, region }
}

/// The lines up to a place, that one included.
pub(crate) fn up_to(place: u64) -> KeyRange {
    let mut range = KeyRange::prefix(&keys::entries());
    if let Some(behind) = place.checked_add(1) {
        range.end = Some(keys::entry(behind));
    }
    range
}

/// The id in a line.
pub(crate) fn id_of(entry: &Entry) -> Result<String, StoreError> {
    Ok(decode::<EntryRecord>(Space::Log, &entry.key, &entry.record.value)?.id)
}
