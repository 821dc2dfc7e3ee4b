//! What must hold in every store, however it was left.
//!
//! - **MAIL-1** Each line of the mailbox's list names a mail that is there, and which names that line.
//! - **MAIL-2** Each mail is on the list, or is kept for the relay alone and still waits for it.
//! - **MAIL-3** The pieces of a mail are there, of the size that it says, and no others are.
//! - **MAIL-4** What is known of a mail's way to the relay is known of a mail that is there.

use bytes::Bytes;
use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, StoreError};

use crate::keys;
use crate::mailbox::{corrupt, decode, journey_of, message_of, pieces};
use crate::records::{Body, EntryRecord, JourneyRecord, MessageRecord};

/// Entries read at once.
const PAGE: Page = Page::of(500);

/// Every invariant that does not hold, with what was found.
///
/// # Errors
/// The store's, records that cannot be read among them.
pub async fn violations(snapshot: &dyn Snapshot) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    check_entries(snapshot, &mut found).await?;
    check_messages(snapshot, &mut found).await?;
    check_pieces(snapshot, &mut found).await?;
    check_journeys(snapshot, &mut found).await?;
    Ok(found)
}

/// Walks over a range, a page at a time.
struct Walk<'a> {
    snapshot: &'a dyn Snapshot,
    space: Space,
    range: KeyRange,
}

impl<'a> Walk<'a> {
    fn over(snapshot: &'a dyn Snapshot, space: Space, prefix: &Bytes) -> Walk<'a> {
        Walk { snapshot, space, range: KeyRange::prefix(prefix) }
    }

    /// The next entries; none at the end.
    async fn next(&mut self) -> Result<Vec<Entry>, StoreError> {
        let page = self.snapshot.scan(self.space, &self.range, Order::Ascending, PAGE).await?;
        if let Some(last) = page.last() {
            self.range.start = [&last.key[..], &[0]].concat().into();
        }
        Ok(page)
    }
}

fn read<T: Stored>(space: Space, entry: &Entry) -> Result<T, StoreError> {
    decode(space, &entry.key, &entry.record.value)
}

fn key<T>(space: Space, entry: &Entry, read: Result<T, DecodeError>) -> Result<T, StoreError> {
    read.map_err(|error| corrupt(space, &entry.key, &error))
}

async fn check_entries(snapshot: &dyn Snapshot, found: &mut Vec<String>) -> Result<(), StoreError> {
    let mut walk = Walk::over(snapshot, Space::Log, &keys::entries());
    loop {
        let page = walk.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        for entry in &page {
            let place = key(Space::Log, entry, keys::read_entry(&entry.key))?;
            let id = read::<EntryRecord>(Space::Log, entry)?.id;
            match message_of(snapshot, &id).await? {
                None => found.push(format!("MAIL-1: mail {id} is listed and not there")),
                Some(message) if message.position != place => {
                    found.push(format!("MAIL-1: mail {id} is listed at {place} and says {}", message.position));
                }
                Some(_) => {}
            }
        }
    }
}

async fn check_messages(snapshot: &dyn Snapshot, found: &mut Vec<String>) -> Result<(), StoreError> {
    let mut walk = Walk::over(snapshot, Space::Log, &keys::messages());
    loop {
        let page = walk.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        for entry in &page {
            let id = key(Space::Log, entry, keys::read_message(&entry.key))?;
            let message: MessageRecord = read(Space::Log, entry)?;
            let is_listed = snapshot.get(Space::Log, &keys::entry(message.position)).await?.is_some();
            let journey = journey_of(snapshot, &id).await?;
            let is_kept = journey.is_some_and(|journey| journey.unlisted && !journey.waiting().is_empty());
            if is_listed == is_kept {
                found.push(format!("MAIL-2: mail {id}: listed: {is_listed}, kept for the relay alone: {is_kept}"));
            }
            let Body::Pieces(size) = message.body else { continue };
            let mut there = 0;
            for piece in 0..pieces(size) {
                let piece = snapshot.get(Space::Log, &keys::piece(&id, piece)).await?;
                there += piece.map_or(0, |piece| piece.value.len() as u64);
            }
            if there != size {
                found.push(format!("MAIL-3: mail {id} has {there} of its {size} bytes"));
            }
        }
    }
}

async fn check_pieces(snapshot: &dyn Snapshot, found: &mut Vec<String>) -> Result<(), StoreError> {
    let mut walk = Walk::over(snapshot, Space::Log, &keys::all_pieces());
    loop {
        let page = walk.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        for entry in &page {
            let (id, piece) = key(Space::Log, entry, keys::read_piece(&entry.key))?;
            let wanted = match message_of(snapshot, &id).await?.map(|message| message.body) {
                Some(Body::Pieces(size)) => piece < pieces(size),
                Some(Body::Whole(_)) | None => false,
            };
            if !wanted {
                found.push(format!("MAIL-3: piece {piece} of mail {id} belongs to nothing"));
            }
        }
    }
}

async fn check_journeys(snapshot: &dyn Snapshot, found: &mut Vec<String>) -> Result<(), StoreError> {
    let mut walk = Walk::over(snapshot, Space::Map, &keys::journeys());
    loop {
        let page = walk.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        for entry in &page {
            let id = key(Space::Map, entry, keys::read_journey(&entry.key))?;
            read::<JourneyRecord>(Space::Map, entry)?;
            if message_of(snapshot, &id).await?.is_none() {
                found.push(format!("MAIL-4: mail {id} is on its way to the relay and not there"));
            }
        }
    }
}

/// How many mails still wait for a relay.
pub(crate) async fn waiting(snapshot: &dyn Snapshot) -> Result<usize, StoreError> {
    let mut walk = Walk::over(snapshot, Space::Map, &keys::journeys());
    let mut waiting = 0;
    loop {
        let page = walk.next().await?;
        if page.is_empty() {
            return Ok(waiting);
        }
        for entry in &page {
            waiting += usize::from(!read::<JourneyRecord>(Space::Map, entry)?.waiting().is_empty());
        }
    }
}
