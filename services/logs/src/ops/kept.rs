//! Reading and changing what is kept and shown: see `store/kept.rs`.

use bytes::Bytes;
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, LatchKey, Order, Page, Space, Tx};
use tidegate_types::{AccountId, Arn, Region};

use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{Kept, corrupt, decode, keys};
use crate::wire::Paging;

/// The most of one kind that an account has in a region.
const MAX_KEPT: usize = 1000;

/// The ARN of what an account has under a name.
pub(super) fn arn_of<T: Kept>(call: &Call, name: &str) -> String {
    Arn::new("logs", &call.region, call.account, format!("{}:{name}", T::RESOURCE)).to_string()
}

/// The name in the ARN of something of the caller's.
pub(super) fn name_of<T: Kept>(call: &Call, arn: &str) -> Result<String, Error> {
    let prefix = arn_of::<T>(call, "");
    arn.strip_prefix(&prefix).map(str::to_owned).ok_or(Error::NoSuchFilter(T::WHAT))
}

/// What an account has under a name.
pub(super) async fn read<T: Kept>(
    service: &CloudWatchLogs,
    account: AccountId,
    region: &Region,
    name: &str,
) -> Result<T, Error> {
    let key = keys::kept(T::KIND, account, region, name);
    let found = service.store.snapshot()?.get(Space::Map, &key).await?.ok_or(Error::NoSuchFilter(T::WHAT))?;
    Ok(decode(Space::Map, &key, &found)?)
}

/// What an account has under a name, as a transaction sees it.
pub(super) async fn read_in<T: Kept>(tx: &mut Tx, call: &Call, name: &str) -> Result<T, Error> {
    let key = keys::kept(T::KIND, call.account, &call.region, name);
    let found = tx.get(Space::Map, &key).await?.ok_or(Error::NoSuchFilter(T::WHAT))?;
    Ok(decode(Space::Map, &key, &found)?)
}

/// What a transaction latches that adds one of a kind, or that must see all of them.
pub(super) fn latch<T: Kept>(call: &Call) -> LatchKey {
    keys::all_kept(T::KIND, call.account, &call.region)
}

/// Adds a record in a transaction that has its kind's latch, unless there are too many, or one of which `excludes` is
/// so: then it is refused with `refusal`.
pub(super) async fn add_in<T: Kept>(
    tx: &mut Tx,
    call: &Call,
    name: &str,
    record: &T,
    (excludes, refusal): (impl Fn(&T) -> bool, Error),
) -> Result<(), Error> {
    let range = KeyRange::prefix(&keys::all_kept(T::KIND, call.account, &call.region));
    let present = tx.scan(Space::Map, &range, Order::Ascending, Page::of(MAX_KEPT)).await?;
    for entry in &present {
        if excludes(&decode(Space::Map, &entry.key, &entry.record)?) {
            return Err(refusal);
        }
    }
    if present.len() == MAX_KEPT {
        return Err(Error::LimitExceeded);
    }
    tx.put(Space::Map, keys::kept(T::KIND, call.account, &call.region, name), record.encode());
    Ok(())
}

/// All that an account has, by name.
async fn all<T: Kept>(service: &CloudWatchLogs, call: &Call) -> Result<Vec<(String, T)>, Error> {
    let prefix = keys::all_kept(T::KIND, call.account, &call.region);
    let range = KeyRange::prefix(&prefix);
    let mut found = Vec::new();
    for entry in service.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(MAX_KEPT)).await? {
        let name = keys::read_name(&entry.key, &prefix).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        found.push((name, decode(Space::Map, &entry.key, &entry.record)?));
    }
    Ok(found)
}

/// One page of them.
pub(super) async fn page<T: Kept>(
    service: &CloudWatchLogs,
    call: &Call,
    limit: Option<i32>,
    token: Option<&str>,
    is_wanted: impl Fn(&str, &T) -> bool,
) -> Result<(Vec<(String, T)>, Option<String>), Error> {
    let paging = Paging::new(limit, 50, token)?;
    let after = paging.after()?;
    let mut found = all::<T>(service, call).await?;
    found.retain(|(name, record)| after.is_none_or(|after| name.as_str() > after) && is_wanted(name, record));
    let next = paging.cut(&mut found, |(name, _)| name.clone());
    Ok((found, next))
}

/// Writes one, made of the one before it.
pub(super) async fn put<T: Kept>(
    service: &CloudWatchLogs,
    account: AccountId,
    region: &Region,
    name: &str,
    make: impl Fn(Option<T>) -> Result<T, Error>,
) -> Result<T, Error> {
    let key = &keys::kept(T::KIND, account, region, name);
    let all = keys::all_kept(T::KIND, account, region);
    let (range, make) = (&KeyRange::prefix(&all), &make);
    let written = service
        // Two that count at the same time could together exceed the limit.
        .transact(std::slice::from_ref(&all), async |tx: &mut Tx| {
            let before = tx.get(Space::Map, key).await?;
            let before: Option<T> = before.map(|record| decode(Space::Map, key, &record)).transpose()?;
            if before.is_none() {
                let present = tx.scan(Space::Map, range, Order::Ascending, Page::of(MAX_KEPT)).await?;
                if present.len() == MAX_KEPT {
                    return Err(Error::LimitExceeded);
                }
            }
            let record = make(before)?;
            tx.put(Space::Map, key.clone(), record.encode());
            Ok(record)
        })
        .await?;
    Ok(written.value)
}

/// Removes one. `others` is a kind of records of which none may say `uses`.
pub(super) async fn delete<T: Kept, U: Kept>(
    service: &CloudWatchLogs,
    call: &Call,
    name: &str,
    uses: impl Fn(&U) -> bool,
) -> Result<(), Error> {
    let key = &keys::kept(T::KIND, call.account, &call.region, name);
    let others: Bytes = keys::all_kept(U::KIND, call.account, &call.region);
    let (range, uses) = (&KeyRange::prefix(&others), &uses);
    let deleted = service.transact(std::slice::from_ref(&others), async |tx: &mut Tx| {
        tx.get(Space::Map, key).await?.ok_or(Error::NoSuchFilter(T::WHAT))?;
        for entry in tx.scan(Space::Map, range, Order::Ascending, Page::of(MAX_KEPT)).await? {
            if uses(&decode(Space::Map, &entry.key, &entry.record)?) {
                return Err(Error::InUse(T::WHAT));
            }
        }
        tx.delete(Space::Map, key.clone());
        Ok(())
    });
    deleted.await.map(drop)
}
