//! Throughput, where it is enforced: what a table or an index may serve, and what was taken of it.
//!
//! Writes pay in their transaction and are paid back if it does not commit; reads are let in while
//! there is anything left, and pay for what they have read.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate_types::Timestamp;

use crate::domain::{Bucket, Flow, Index, Table, Throttled};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::Known;
use crate::wire::Consumed;

/// Above this number, those that nobody misses are forgotten.
const MAX_BUCKETS: usize = 10_000;

/// The number of a table, of its global index if it is one's, and what it is of.
type Name = (u64, Option<u32>, Flow);

/// All buckets. They are kept in memory only: after a restart all are full.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    buckets: Mutex<HashMap<Name, Bucket>>,
}

/// What a write has paid. It is paid back unless it is kept.
#[derive(Debug)]
pub(crate) struct Paid {
    meter: Arc<Meter>,
    taken: Vec<(Name, u64)>,
}

impl Paid {
    /// The write has happened.
    pub(crate) fn keep(mut self) {
        self.taken.clear();
    }
}

impl Drop for Paid {
    fn drop(&mut self) {
        let mut buckets = self.meter.buckets.lock();
        for (name, tokens) in &self.taken {
            if let Some(bucket) = buckets.get_mut(name) {
                bucket.put_back(*tokens);
            }
        }
    }
}

/// A part of what an operation costs: the index whose bucket pays, or else the table's.
type Share<'a> = (Option<&'a Index>, u64);

/// Who pays for what was consumed. Local indexes are their table's.
fn shares<'a>(table: &'a Table, consumed: &Consumed) -> Vec<Share<'a>> {
    let mut shares: Vec<Share<'a>> = vec![(None, consumed.table)];
    for (name, (global, halves)) in &consumed.indexes {
        match table.index(name).filter(|_| *global) {
            Some(index) => shares.push((Some(index), *halves)),
            None => shares[0].1 += halves,
        }
    }
    shares
}

impl Meter {
    fn take(
        &self,
        known: &Known,
        flow: Flow,
        shares: &[Share<'_>],
        now: Timestamp,
        demands: bool,
    ) -> Result<Vec<(Name, u64)>, Error> {
        let table = &known.table;
        let mut buckets = self.buckets.lock();
        let mut taken = Vec::with_capacity(shares.len());
        for &(index, halves) in shares {
            let Some(rate) = table.rate(index, flow) else { continue };
            let name = (table.id, index.map(|index| index.id), flow);
            let bucket = buckets.entry(name).or_insert_with(|| Bucket::full(2 * rate, now));
            bucket.refill(2 * rate, now);
            if demands && !bucket.has_any() {
                return Err(Error::Throttled(Throttled::new(&known.address, table, index, flow)));
            }
            taken.push((name, halves));
        }
        for (name, halves) in &taken {
            if let Some(bucket) = buckets.get_mut(name) {
                bucket.take(*halves);
            }
        }
        if buckets.len() > MAX_BUCKETS {
            buckets.retain(|_, bucket| !bucket.is_full());
        }
        Ok(taken)
    }
}

impl DynamoDb {
    /// Whether an operation can be throttled.
    pub(crate) fn enforces_throughput(&self) -> bool {
        self.meter.is_some()
    }

    /// Refuses a read of a table or an index of which nothing is left.
    pub(crate) fn admit_read(&self, known: &Known, index: Option<&Index>) -> Result<(), Error> {
        let Some(meter) = &self.meter else { return Ok(()) };
        let index = index.filter(|index| index.global);
        meter.take(known, Flow::Reads, &[(index, 0)], self.now(), true).map(drop)
    }

    /// Takes what a read has consumed.
    pub(crate) fn charge_read(&self, known: &Known, consumed: &Consumed) -> Result<(), Error> {
        let Some(meter) = &self.meter else { return Ok(()) };
        meter.take(known, Flow::Reads, &shares(&known.table, consumed), self.now(), false).map(drop)
    }

    /// Takes what a write consumes, `times` over, if the table and each index that it changes have
    /// anything left.
    pub(crate) fn pay_write(&self, known: &Known, consumed: &Consumed, times: u64) -> Result<Option<Paid>, Error> {
        let Some(meter) = &self.meter else { return Ok(None) };
        let mut shares = shares(&known.table, consumed);
        shares.iter_mut().for_each(|(_, halves)| *halves *= times);
        let taken = meter.take(known, Flow::Writes, &shares, self.now(), true)?;
        Ok(Some(Paid { meter: meter.clone(), taken }))
    }

    /// Takes what a write costs whose condition does not hold.
    pub(crate) fn charge_refused_write(&self, known: &Known, halves: u64) -> Result<(), Error> {
        if let Some(paid) = self.pay_write(known, &Consumed::of_table(halves), 1)? {
            paid.keep();
        }
        Ok(())
    }
}
