//! How many invocations may go on at once.
//!
//! As on AWS, an account has a number of them in a region (1,000), of which functions may *reserve* some:
//! a reserved number is the function's own, and its limit too; all others share what is not reserved.
//!
//! A machine runs fewer than that. Invocations that somebody waits for are never held back for it, since
//! the one that waits may be a function itself and its place would never come free; those in the background
//! (events, event source mappings) wait until the machine has a place.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate_types::{AccountId, Region};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Which function, without its version: concurrency belongs to all its versions together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pool {
    pub account: AccountId,
    pub region: Region,
    pub function: String,
}

/// What holds for a function at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// It has this many of its own.
    Reserved(u32),
    /// It shares what the account's functions have not reserved.
    Shared(u32),
}

/// Why an invocation may not begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The function runs as often as it has reserved.
    Reserved,
    /// The account's functions together run as often as they may.
    Account,
}

#[derive(Default)]
struct Running {
    /// By function: all its invocations.
    functions: HashMap<Pool, u32>,
    /// By account and region: those of functions that have reserved nothing.
    shared: HashMap<(AccountId, Region), u32>,
}

/// Counts invocations.
pub(crate) struct Gate {
    running: Arc<Mutex<Running>>,
    freed: Arc<Notify>,
    machine: Arc<Semaphore>,
}

/// A place among the invocations that go on. Dropping it makes room.
pub(crate) struct Place {
    running: Arc<Mutex<Running>>,
    freed: Arc<Notify>,
    pool: Pool,
    is_shared: bool,
    _machine: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// A gate that lets `machine` invocations of the background begin.
    pub(crate) fn new(machine: usize) -> Gate {
        Gate { running: Arc::default(), freed: Arc::default(), machine: Arc::new(Semaphore::new(machine)) }
    }

    /// A place now, or none.
    pub(crate) fn enter(&self, pool: &Pool, limit: Limit) -> Result<Place, Full> {
        let mut running = self.running.lock();
        let own = running.functions.get(pool).copied().unwrap_or(0);
        let is_shared = match limit {
            Limit::Reserved(most) if own >= most => return Err(Full::Reserved),
            Limit::Reserved(_) => false,
            Limit::Shared(most) => {
                let shared = running.shared.entry((pool.account, pool.region.clone())).or_default();
                if *shared >= most {
                    return Err(Full::Account);
                }
                *shared += 1;
                true
            }
        };
        running.functions.insert(pool.clone(), own + 1);
        drop(running);
        let (running, freed, pool) = (self.running.clone(), self.freed.clone(), pool.clone());
        Ok(Place { running, freed, pool, is_shared, _machine: None })
    }

    /// A place on the machine, for an invocation of the background; it waits for one.
    pub(crate) async fn machine(&self) -> OwnedSemaphorePermit {
        self.machine.clone().acquire_owned().await.expect("the semaphore is never closed")
    }

    /// A place for an invocation of the background. `limit` is asked anew each time that one has come free
    /// or [`Gate::limits_changed`]; `None` ends the wait.
    pub(crate) async fn wait(&self, pool: &Pool, limit: impl Fn() -> Option<Limit>) -> Option<Place> {
        let machine = self.machine().await;
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // In line before looking: what comes free in between is not missed.
            freed.as_mut().enable();
            if let Ok(mut place) = self.enter(pool, limit()?) {
                place._machine = Some(machine);
                return Some(place);
            }
            freed.await;
        }
    }

    /// Those who wait shall ask for their limit again.
    pub(crate) fn limits_changed(&self) {
        self.freed.notify_waiters();
    }

    /// How many invocations of a function go on.
    #[cfg(test)]
    fn running(&self, pool: &Pool) -> u32 {
        self.running.lock().functions.get(pool).copied().unwrap_or(0)
    }
}

impl Place {
    /// This place, with one on the machine.
    pub(crate) fn on(mut self, machine: OwnedSemaphorePermit) -> Place {
        self._machine = Some(machine);
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.running.lock();
        if let Some(own) = running.functions.get_mut(&self.pool) {
            *own -= 1;
            if *own == 0 {
                running.functions.remove(&self.pool);
            }
        }
        if self.is_shared
            && let Some(shared) = running.shared.get_mut(&(self.pool.account, self.pool.region.clone()))
        {
            *shared -= 1;
        }
        drop(running);
        self.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn pool(function: &str) -> Pool {
        Pool { account: AccountId::DEFAULT, region: Region::us_east_1(), function: function.to_owned() }
    }

    #[test]
    fn a_reserved_number_is_a_functions_own_and_its_limit() {
        let gate = Gate::new(10);
        let _shared = gate.enter(&pool("other"), Limit::Shared(1)).unwrap();
        assert_eq!(gate.enter(&pool("third"), Limit::Shared(1)).err(), Some(Full::Account));
        let first = gate.enter(&pool("own"), Limit::Reserved(1)).unwrap();
        assert_eq!(gate.enter(&pool("own"), Limit::Reserved(1)).err(), Some(Full::Reserved));
        drop(first);
        assert_eq!(gate.running(&pool("own")), 0);
        gate.enter(&pool("own"), Limit::Reserved(1)).unwrap();
    }

    #[test]
    fn whoever_waits_gets_the_next_place() {
        let gate = Gate::new(10);
        let first = gate.enter(&pool("a"), Limit::Shared(1)).unwrap();
        let own = pool("b");
        let mut waiting = Box::pin(gate.wait(&own, || Some(Limit::Shared(1))));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        assert!(waiting.now_or_never().flatten().is_some());
    }

    #[test]
    fn the_machine_holds_back_only_the_background() {
        let gate = Gate::new(1);
        let own = pool("a");
        let first = gate.wait(&own, || Some(Limit::Shared(9))).now_or_never().flatten().unwrap();
        assert!(gate.wait(&own, || Some(Limit::Shared(9))).now_or_never().is_none());
        gate.enter(&own, Limit::Shared(9)).unwrap();
        drop(first);
        assert!(gate.wait(&own, || Some(Limit::Shared(9))).now_or_never().flatten().is_some());
    }
}
