//! A transaction that writes several items: what `TransactWriteItems` and `ExecuteTransaction` share.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Debug;

use bytes::Bytes;
use tidegate_api_dynamodb::{ConsumedCapacity, ItemCollectionMetrics};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

use super::collections::metrics;
use super::get_item::read;
use super::writing::{Cause, Change, EMPTY, Write, Written, write_in_tx};
use crate::domain::{Key, Misuse, TableAddress, item_size, read_units};
use crate::error::{Error, Reason};
use crate::service::DynamoDb;
use crate::store::{TokenRecord, decode, keys};
use crate::wire::{Consumed, Kind, consumed_capacity};

/// The most bytes of what a request carries: items, keys, and the values of its expressions. What items weigh that it
/// only names does not matter.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// For how long a token keeps its request from being carried out again.
const TOKEN_MS: u64 = 10 * 60_000;

/// A write with the table it is about.
pub(crate) struct Action {
    pub address: TableAddress,
    pub write: Write,
    /// Whether its condition is that there is no such item, and a failure says so.
    pub inserts: bool,
    /// How many bytes the values of its expressions weigh.
    pub values: usize,
}

/// A request's token and what the request was.
pub(crate) struct Token {
    key: Bytes,
    digest: u64,
}

impl Token {
    /// The token of a request. Two requests are the same if they print the same; prints are stable
    /// within a version, and a token lives for ten minutes only.
    pub(crate) fn new(call: &Call, token: &str, request: &impl Debug) -> Token {
        let digest = xxh3_64(format!("{request:?}").as_bytes());
        Token { key: keys::token(call.account, &call.region, token), digest }
    }
}

/// Several writes, all or none.
pub(crate) struct Transaction<'a> {
    pub dynamodb: &'a DynamoDb,
    /// What streams carry on of the request's trace.
    pub trace: Option<String>,
    pub actions: Vec<Action>,
}

/// What a transaction consumed, table by table.
pub(crate) struct Done {
    consumed: BTreeMap<String, Consumed>,
    kind: Kind,
}

impl Done {
    /// What `ReturnConsumedCapacity` asks for.
    pub(crate) fn capacities(&self, wish: Option<&str>) -> Option<Vec<ConsumedCapacity>> {
        let all =
            self.consumed.iter().filter_map(|(name, consumed)| consumed_capacity(wish, name, consumed, self.kind));
        let all: Vec<_> = all.collect();
        (!all.is_empty()).then_some(all)
    }
}

impl Transaction<'_> {
    /// Carries it out, unless this very request was carried out before: then its items are read.
    pub(crate) async fn run(&self, token: Option<Token>) -> Result<Done, Error> {
        let Transaction { dynamodb, actions, trace } = self;
        let latches = self.latches()?;
        let engaged = Engaged::enter(dynamodb, &latches)?;
        let (now, token, actions) = (dynamodb.now(), token.as_ref(), &actions[..]);
        let cause = Cause { at: now, trace: trace.as_deref(), expired: false };
        let collections = self.collections()?;
        let all: Vec<Bytes> =
            latches.iter().cloned().chain(collections).chain(token.map(|token| token.key.clone())).collect();
        let transacted = dynamodb
            .transact(&all, async |tx: &mut Tx| {
                if let Some(token) = token
                    && !claim_in_tx(tx, token, now).await?
                {
                    return Ok(None);
                }
                write_all_in_tx(tx, dynamodb, actions, cause).await.map(Some)
            })
            .await?;
        drop(engaged);
        if token.is_some() {
            dynamodb.forgets(now.plus_millis(TOKEN_MS));
        }
        match transacted.value {
            Some(written) => self.written(written),
            None => self.repeated().await,
        }
    }

    fn written(&self, written: Vec<Written>) -> Result<Done, Error> {
        let mut consumed: BTreeMap<String, Consumed> = BTreeMap::new();
        for (action, written) in self.actions.iter().zip(written) {
            if let Some(paid) = written.paid {
                paid.keep();
            }
            let known = self.dynamodb.directory.get(&action.address)?;
            if let Some(second) = known.zip(written.new.as_ref()).and_then(|(known, item)| known.table.expiry(item)) {
                self.dynamodb.expires(second);
            }
            consumed.entry(action.address.name.clone()).or_default().add(&written.consumed.doubled());
        }
        Ok(Done { consumed, kind: Kind::Writes })
    }

    /// A repeated request is answered without being carried out, and costs what reading its items does.
    async fn repeated(&self) -> Result<Done, Error> {
        let view = self.dynamodb.store.snapshot()?;
        let mut consumed: BTreeMap<String, Consumed> = BTreeMap::new();
        for Action { address, write, .. } in &self.actions {
            let known = self.dynamodb.known(address)?;
            let item = read(&*view, &known.table, &write.key(&known.table.keys)?).await?;
            let halves = 2 * read_units(item.as_ref().map_or(0, item_size), true);
            consumed.entry(address.name.clone()).or_default().table += halves;
        }
        Ok(Done { consumed, kind: Kind::Reads })
    }

    /// The collections of the items, if the request asks for them.
    pub(crate) async fn metrics(
        &self,
        wish: Option<&str>,
    ) -> Result<Option<BTreeMap<String, Vec<ItemCollectionMetrics>>>, Error> {
        let mut all: BTreeMap<String, Vec<ItemCollectionMetrics>> = BTreeMap::new();
        for Action { address, write, .. } in &self.actions {
            let known = self.dynamodb.known(address)?;
            let key: Key = write.key(&known.table.keys)?;
            let Some(found) = metrics(self.dynamodb, &known.table, &key, wish).await? else { continue };
            let listed = all.entry(address.name.clone()).or_default();
            if !listed.contains(&found) {
                listed.push(found);
            }
        }
        Ok((!all.is_empty()).then_some(all))
    }

    /// The collections whose sizes change with the items, each once.
    fn collections(&self) -> Result<BTreeSet<Bytes>, Error> {
        let mut all = BTreeSet::new();
        for Action { address, write, .. } in &self.actions {
            let known = self.dynamodb.known(address)?;
            if known.table.bounds_collections() {
                all.insert(keys::collection(known.table.id, &write.key(&known.table.keys)?.partition));
            }
        }
        Ok(all)
    }

    /// The keys of the items, none of which may be meant twice.
    fn latches(&self) -> Result<Vec<Bytes>, Error> {
        let mut latches = Vec::with_capacity(self.actions.len());
        let mut seen = HashSet::new();
        let mut bytes = 0;
        for (place, Action { address, write, values, .. }) in self.actions.iter().enumerate() {
            let known = self.dynamodb.known(address)?;
            // Of the first item that is not of its table's form the service speaks as of a condition that failed.
            if let Err(misuse) = write.check_form(&known.table) {
                let mut reasons = vec![Reason::None; self.actions.len()];
                reasons[place] = Reason::Invalid(misuse.to_string());
                return Err(Error::Cancelled(reasons));
            }
            let key = write.check(&known.table)?;
            let latch = keys::item(known.table.id, &key);
            if !seen.insert(latch.clone()) {
                return Err(Misuse::new("Transaction request cannot include multiple operations on one item").into());
            }
            bytes += values
                + match &write.change {
                    Change::Put(named) => item_size(named),
                    Change::Delete(named) | Change::Check(named) | Change::Update(named, _) => item_size(named),
                };
            latches.push(latch);
        }
        if bytes > MAX_BYTES {
            return Err(Misuse::new("Transaction payload size cannot exceed 4 MB").into());
        }
        Ok(latches)
    }
}

/// Carries out every action, or says of each why not.
async fn write_all_in_tx(
    tx: &mut Tx,
    dynamodb: &DynamoDb,
    actions: &[Action],
    cause: Cause<'_>,
) -> Result<Vec<Written>, Error> {
    let (mut written, mut reasons, mut failed) = (Vec::new(), Vec::new(), false);
    for Action { address, write, inserts, .. } in actions {
        let known = dynamodb.known(address)?;
        let reason = match write_in_tx(tx, dynamodb, &known, write, cause, 2).await {
            Ok(done) => {
                written.push(done);
                Reason::None
            }
            Err(Error::ConditionFailed { .. }) if *inserts => Reason::Duplicate,
            Err(Error::ConditionFailed { item }) => Reason::Condition { item },
            Err(Error::Misuse(misuse)) => Reason::Invalid(misuse.to_string()),
            Err(Error::CollectionFull) => Reason::CollectionFull,
            Err(Error::Throttled(throttled)) => Reason::Throttled(throttled),
            Err(other) => return Err(other),
        };
        failed |= reason != Reason::None;
        reasons.push(reason);
    }
    if failed { Err(Error::Cancelled(reasons)) } else { Ok(written) }
}

/// Claims a token; `false` if this very request has been carried out with it.
async fn claim_in_tx(tx: &mut Tx, token: &Token, now: Timestamp) -> Result<bool, Error> {
    let Token { key, digest } = token;
    if let Some(record) = tx.get(Space::Map, key).await? {
        let known: TokenRecord = decode(key, &record)?;
        if now < known.at.plus_millis(TOKEN_MS) {
            return if known.digest == *digest { Ok(false) } else { Err(Error::TokenReused) };
        }
        tx.delete(Space::Map, keys::token_age(known.at.plus_millis(TOKEN_MS), key));
    }
    tx.put(Space::Map, key.clone(), TokenRecord { digest: *digest, at: now }.encode());
    tx.put(Space::Map, keys::token_age(now.plus_millis(TOKEN_MS), key), EMPTY);
    Ok(true)
}

/// The items of a transaction, while it runs: another one that wants one of them is told so rather
/// than made to wait.
struct Engaged<'a> {
    dynamodb: &'a DynamoDb,
    keys: Vec<Bytes>,
}

impl<'a> Engaged<'a> {
    fn enter(dynamodb: &'a DynamoDb, keys: &[Bytes]) -> Result<Engaged<'a>, Error> {
        let mut engaged = dynamodb.engaged.lock();
        if keys.iter().any(|key| engaged.contains(key)) {
            let reason = |key| if engaged.contains(key) { Reason::Conflict } else { Reason::None };
            return Err(Error::Cancelled(keys.iter().map(reason).collect()));
        }
        engaged.extend(keys.iter().cloned());
        Ok(Engaged { dynamodb, keys: keys.to_vec() })
    }
}

impl Drop for Engaged<'_> {
    fn drop(&mut self) {
        let mut engaged = self.dynamodb.engaged.lock();
        for key in &self.keys {
            engaged.remove(key);
        }
    }
}
