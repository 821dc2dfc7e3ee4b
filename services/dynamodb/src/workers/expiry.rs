use std::sync::Arc;
use std::sync::atomic::Ordering;

use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use super::damage;
use crate::domain::{Key, Ttl};
use crate::error::Error;
use crate::ops::{Cause, read_in_tx, replace_in_tx};
use crate::service::DynamoDb;
use crate::store::{Known, corrupt, keys};

/// How many items one step deletes.
const STEP: usize = 100;
/// Items that expired longer ago than this are left alone, as AWS has it: an attribute in other units
/// than seconds must not empty a table.
const MAX_AGE_SECS: u64 = 5 * 365 * 86_400;

/// Deletes the items whose time has come.
pub struct Expiry(Arc<DynamoDb>);

impl Expiry {
    /// The expiry of a service's items.
    pub fn new(dynamodb: Arc<DynamoDb>) -> Expiry {
        Expiry(dynamodb)
    }
}

impl Worker for Expiry {
    type Error = Error;

    fn name(&self) -> &'static str {
        "dynamodb expiry"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        // Before looking: whatever expires from here on hints, or is seen.
        self.0.next_expiry.store(u64::MAX, Ordering::SeqCst);
        let now = self.0.now();
        let mut next: Option<u64> = None;
        for known in self.0.directory.all()? {
            let Some(ttl) = &known.table.ttl else { continue };
            let (due, later) = self.look(&known, ttl, now).await?;
            if !due.is_empty() {
                self.expire(&known, &due, now).await?;
                return Ok(Next::Again);
            }
            next = [next, later].into_iter().flatten().min();
        }
        let next = next.map(Timestamp::from_secs);
        self.0.next_expiry.store(next.map_or(u64::MAX, Timestamp::as_millis), Ordering::SeqCst);
        Ok(Next::at(next))
    }
}

impl Expiry {
    /// What has expired in a table, and the second in which something else will.
    async fn look(&self, known: &Known, ttl: &Ttl, now: Timestamp) -> Result<(Vec<(u64, Key)>, Option<u64>), Error> {
        let prefix = keys::expiries(known.table.id, ttl.id);
        let oldest = now.as_secs().saturating_sub(MAX_AGE_SECS);
        let first = tidegate_record::Key::suffix().rest(&prefix).u64(oldest).build();
        let range = KeyRange::prefix_from(&prefix, first);
        let entries = self.0.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
        let mut due = Vec::new();
        for entry in entries {
            let (second, key) = keys::read_expiry(&entry.key, &prefix, &known.table.keys)
                .map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
            if second > now.as_secs() {
                return Ok((due, Some(second)));
            }
            due.push((second, key));
        }
        Ok((due, None))
    }

    async fn expire(&self, stale: &Known, due: &[(u64, Key)], now: Timestamp) -> Result<(), Error> {
        let dynamodb = &*self.0;
        let latches: Vec<_> = due.iter().map(|(_, key)| keys::item(stale.table.id, key)).collect();
        let step = dynamodb
            .transact(&latches, async |tx: &mut Tx| {
                let mut passed_over = Vec::new();
                let Some(known) = dynamodb.directory.get(&stale.address)? else { return Ok(passed_over) };
                if known.table.id != stale.table.id || known.table.ttl != stale.table.ttl {
                    return Ok(passed_over);
                }
                known.check_in_tx(tx);
                for (second, key) in due {
                    match expire_in_tx(tx, &known, *second, key, now).await {
                        Ok(()) => {}
                        Err(error) if error.is_damage() => {
                            // Or it would be due for ever, and all that expires later with it.
                            forget_expiry(tx, &known, *second, key);
                            passed_over.push(keys::item(known.table.id, key));
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(passed_over)
            })
            .await?;
        damage::passed_over(self.name(), &step.value);
        Ok(())
    }
}

async fn expire_in_tx(tx: &mut Tx, known: &Known, second: u64, key: &Key, now: Timestamp) -> Result<(), Error> {
    let item = read_in_tx(tx, &known.table, key).await?;
    match item.filter(|item| known.table.expiry(item) == Some(second)) {
        Some(item) => {
            replace_in_tx(tx, known, key, Some(&item), None, Cause { at: now, trace: None, expired: true }).await?;
        }
        // The item expires at another time by now, and has another record of that.
        None => forget_expiry(tx, known, second, key),
    }
    Ok(())
}

fn forget_expiry(tx: &mut Tx, known: &Known, second: u64, key: &Key) {
    if let Some(ttl) = &known.table.ttl {
        tx.delete(Space::Map, keys::expiry(known.table.id, ttl.id, second, key));
    }
}
