//! How much was sent, and what became of it.

use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, StoreError, Tx};
use tidegate_types::Timestamp;

use crate::desk::Desk;
use crate::domain::account::Quota;
use crate::store::{Counters, Place, bucket_of, keys};
use crate::workers::KEPT_MS;

/// A day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How many records are read at once.
const AT_ONCE: usize = 1000;

/// How much the account may send.
pub(crate) fn quota(desk: &Desk<'_>) -> Quota {
    if desk.ses.options.sandbox { Quota::SANDBOX } else { Quota::PRODUCTION }
}

/// The counters of a place since `from`, by quarters of an hour.
pub(crate) async fn since(tx: &Tx, place: &Place, from: Timestamp) -> Result<Vec<(Timestamp, Counters)>, StoreError> {
    let prefix = keys::all_counters();
    let mut range = KeyRange::prefix_from(&prefix, keys::counters_from(bucket_of(from)));
    let mut all: Vec<(Timestamp, Counters)> = Vec::new();
    loop {
        let page = tx.scan(Space::Map, &range, Order::Ascending, Page::of(AT_ONCE)).await?;
        let Some(last) = page.last() else { return Ok(all) };
        range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
        for entry in &page {
            let corrupt = |error: tidegate_record::DecodeError| StoreError::Corrupt {
                space: Space::Map,
                key: entry.key.clone(),
                what: error.to_string().into(),
            };
            let (at, account, region) = keys::parse_counters(&entry.key).map_err(corrupt)?;
            if (account, &region) != (place.account, &place.region) {
                continue;
            }
            let counters = Counters::decode(&entry.record.value).map_err(corrupt)?;
            match all.last_mut().filter(|(last, _)| *last == at) {
                Some((_, sum)) => *sum = sum.plus(counters),
                None => all.push((at, counters)),
            }
        }
    }
}

/// The counters of the last two weeks.
pub(crate) async fn all(desk: &Desk<'_>) -> Result<Vec<(Timestamp, Counters)>, StoreError> {
    since(desk.shelf.tx, &desk.shelf.place, desk.now.minus_millis(KEPT_MS)).await
}

/// How many recipients were sent to within the last 24 hours.
pub(crate) async fn sent_today(desk: &Desk<'_>) -> Result<u64, StoreError> {
    let all = since(desk.shelf.tx, &desk.shelf.place, desk.now.minus_millis(DAY_MS)).await?;
    Ok(all.iter().map(|(_, counters)| counters.attempts).sum())
}
