//! How many invocations may go on at once.
//!
//! As on AWS, an account has a number of them in a region (1,000), of which functions may *reserve* some:
//! a reserved number is the function's own, and its limit too; all others share what is not reserved.
//!
//! A machine runs fewer than that. Invocations that somebody waits for are never held back for it, since
//! the one that waits may be a function itself and its place would never come free; those in the background
//! (events, event source mappings) wait until the machine has a place for their function. No function has more of
//! those places than it leaves free: one that is slow, with a long queue before it, takes half of the machine, the next
//! such one half of the rest, and a message for a third starts at once. Nobody holds a place while waiting for another
//! one.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate_types::{AccountId, Region};
use tokio::sync::Notify;

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
    /// By function: its places on the machine.
    background: HashMap<Pool, usize>,
    /// All places on the machine that are taken.
    taken: usize,
}

/// Counts invocations.
pub(crate) struct Gate {
    counts: Arc<Counts>,
    machine: usize,
    /// Of those of one function that wait for the machine, one looks for a place at a time.
    turns: Mutex<HashMap<Pool, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Default)]
struct Counts {
    running: Mutex<Running>,
    freed: Notify,
}

/// A place among the invocations that go on. Dropping it makes room.
pub(crate) struct Place {
    counts: Arc<Counts>,
    pool: Pool,
    is_shared: bool,
    _machine: Option<OnMachine>,
}

/// A place on the machine, for an invocation of the background. Dropping it makes room.
pub(crate) struct OnMachine {
    counts: Arc<Counts>,
    pool: Pool,
}

impl Gate {
    /// A gate that lets `machine` invocations of the background begin.
    pub(crate) fn new(machine: usize) -> Gate {
        Gate { counts: Arc::default(), machine, turns: Mutex::default() }
    }

    /// A place now, or none.
    pub(crate) fn enter(&self, pool: &Pool, limit: Limit) -> Result<Place, Full> {
        let is_shared = self.counts.running.lock().enter(pool, limit)?;
        Ok(Place { counts: self.counts.clone(), pool: pool.clone(), is_shared, _machine: None })
    }

    /// A place on the machine, for an invocation of the background; it waits for one.
    pub(crate) async fn machine(&self, pool: &Pool) -> OnMachine {
        if let Some(place) = self.machine_now(pool) {
            return place;
        }
        let turn = self.turns.lock().entry(pool.clone()).or_default().clone();
        let held = turn.lock().await;
        let place = self.counts.when_freed(|| self.machine_now(pool)).await;
        drop(held);
        drop(turn);
        self.turns.lock().retain(|_, turn| Arc::strong_count(turn) > 1);
        place
    }

    fn machine_now(&self, pool: &Pool) -> Option<OnMachine> {
        let mut running = self.counts.running.lock();
        running.has_room(pool, self.machine).then(|| running.take(pool))?;
        Some(OnMachine { counts: self.counts.clone(), pool: pool.clone() })
    }

    /// A place for an invocation of the background. `limit` is asked anew each time that one has come free
    /// or [`Gate::limits_changed`]; `None` ends the wait.
    pub(crate) async fn wait(&self, pool: &Pool, limit: impl Fn() -> Option<Limit>) -> Option<Place> {
        // Both or none: one that is given back would wake everybody who waits, this one too.
        let both = || {
            let Some(limit) = limit() else { return Some(None) };
            let mut running = self.counts.running.lock();
            running.has_room(pool, self.machine).then_some(())?;
            let is_shared = running.enter(pool, limit).ok()?;
            running.take(pool);
            drop(running);
            let machine = OnMachine { counts: self.counts.clone(), pool: pool.clone() };
            Some(Some(Place { counts: self.counts.clone(), pool: pool.clone(), is_shared, _machine: Some(machine) }))
        };
        self.counts.when_freed(both).await
    }

    /// Those who wait shall ask for their limit again.
    pub(crate) fn limits_changed(&self) {
        self.counts.freed.notify_waiters();
    }

    /// How many invocations of a function go on.
    #[cfg(test)]
    fn running(&self, pool: &Pool) -> u32 {
        self.counts.running.lock().functions.get(pool).copied().unwrap_or(0)
    }
}

impl Counts {
    /// Looks, and again whenever something has come free, until something is found.
    async fn when_freed<T>(&self, look: impl Fn() -> Option<T>) -> T {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // In line before looking: what comes free in between is not missed.
            freed.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            freed.await;
        }
    }
}

impl Running {
    /// Counts one more invocation, if it may begin; answers whether it shares.
    fn enter(&mut self, pool: &Pool, limit: Limit) -> Result<bool, Full> {
        let own = self.functions.get(pool).copied().unwrap_or(0);
        let is_shared = match limit {
            Limit::Reserved(most) if own >= most => return Err(Full::Reserved),
            Limit::Reserved(_) => false,
            Limit::Shared(most) => {
                let shared = self.shared.entry((pool.account, pool.region.clone())).or_default();
                if *shared >= most {
                    return Err(Full::Account);
                }
                *shared += 1;
                true
            }
        };
        self.functions.insert(pool.clone(), own + 1);
        Ok(is_shared)
    }

    /// Whether a function has fewer places on a machine than are left there.
    fn has_room(&self, pool: &Pool, machine: usize) -> bool {
        self.background.get(pool).copied().unwrap_or(0) < machine.saturating_sub(self.taken)
    }

    /// Takes a place on the machine.
    fn take(&mut self, pool: &Pool) {
        self.taken += 1;
        *self.background.entry(pool.clone()).or_default() += 1;
    }
}

impl Place {
    /// This place, with one on the machine.
    pub(crate) fn on(mut self, machine: OnMachine) -> Place {
        self._machine = Some(machine);
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.counts.running.lock();
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
        self.counts.freed.notify_waiters();
    }
}

impl Drop for OnMachine {
    fn drop(&mut self) {
        let mut running = self.counts.running.lock();
        running.taken -= 1;
        if let Some(own) = running.background.get_mut(&self.pool) {
            *own -= 1;
            if *own == 0 {
                running.background.remove(&self.pool);
            }
        }
        drop(running);
        self.counts.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn pool(function: &str) -> Pool {
        Pool { account: AccountId::DEFAULT, region: Region::us_east_1(), function: function.to_owned() }
    }

    /// As many places on the machine as a function gets at once.
    fn take_all(gate: &Gate, function: &str) -> Vec<OnMachine> {
        std::iter::from_fn(|| gate.machine(&pool(function)).now_or_never()).collect()
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

    #[test]
    fn no_function_takes_more_of_the_machine_than_it_leaves() {
        let gate = Gate::new(64);
        let mut taken = Vec::new();
        for (function, share) in [("a", 32), ("b", 16), ("c", 8), ("d", 4), ("e", 2), ("f", 1), ("g", 1), ("h", 0)] {
            let own = take_all(&gate, function);
            assert_eq!(own.len(), share, "{function}");
            taken.push(own);
        }
        let (own, other) = (pool("a"), pool("b"));
        let mut waiting = [&own, &own, &other].map(|pool| Box::pin(gate.machine(pool)));
        let mut found = || waiting.each_mut().map(|one| one.as_mut().now_or_never());
        assert!(found().iter().all(Option::is_none));
        drop(taken.remove(0));
        assert!(found().iter().all(Option::is_some));
    }

    #[test]
    fn what_waits_for_its_own_limit_holds_no_place_on_the_machine() {
        let gate = Gate::new(4);
        let (own, other) = (pool("a"), pool("b"));
        let _running = gate.wait(&own, || Some(Limit::Reserved(1))).now_or_never().flatten().unwrap();
        let mut waiting = Box::pin(gate.wait(&own, || Some(Limit::Reserved(1))));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(gate.counts.running.lock().taken, 1);
        assert!(gate.machine(&other).now_or_never().is_some());
        assert_eq!(gate.running(&own), 1);
    }
}
