//! The engine in memory: what `--ephemeral` uses, and, because its [`MemoryDisk`] outlives it, the
//! disk of tests and of the simulator, with every fault that a real one has.
//!
//! Each key keeps its versions, newest last, as far back as the oldest open view or the last sync
//! needs them. That makes a view free, and a crash a matter of forgetting versions.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use super::{Area, Disk, Engine, EngineError, View, Visit, Write};
use crate::{KeyRange, Order};

/// What is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The write reports an error; nothing of it is on the disk.
    FailedWrite,
    /// The write reports an error; after a restart it is there as a whole or not at all.
    PartialWrite,
    /// The sync reports an error; of what was written since the last one, any part may be lost.
    FailedSync,
    /// There is no room for the write.
    DiskFull,
}

/// A disk in memory. It outlives the engines that are opened on it, one at a time.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: RwLock<State>,
    faults: Mutex<Faults>,
}

#[derive(Default)]
struct Faults {
    /// Faults for the coming operations, each with how many operations of its kind go well before.
    planned: Vec<(Fault, u32)>,
    full: bool,
    chance: u64,
}

/// A key's values by version, oldest first; `None` is a deletion.
type Versions = Vec<(u64, Option<Bytes>)>;

#[derive(Default)]
struct State {
    areas: [BTreeMap<Bytes, Versions>; 4],
    /// The number of the last batch written.
    written: u64,
    /// The number of the last batch that survives a crash.
    synced: u64,
    /// The keys of the batches that do not.
    unsynced: VecDeque<(u64, Vec<(Area, Bytes)>)>,
    /// How many views there are of each version.
    views: BTreeMap<u64, usize>,
    /// Keys with versions that can be forgotten once nobody looks further back than the number.
    garbage: VecDeque<(u64, Area, Bytes)>,
    /// Only the engine opened last may use the disk.
    owner: u64,
    bytes: u64,
}

impl MemoryDisk {
    /// An empty disk whose chance follows `seed`.
    pub fn seeded(seed: u64) -> MemoryDisk {
        let disk = MemoryDisk::default();
        disk.shared.faults.lock().chance = seed;
        disk
    }

    /// Lets an operation fail: the next that the fault can strike, after `good` more have gone well.
    pub fn plan(&self, fault: Fault, good: u32) {
        self.shared.faults.lock().planned.push((fault, good));
    }

    /// Whether every planned fault has struck.
    pub fn is_past_faults(&self) -> bool {
        self.shared.faults.lock().planned.is_empty()
    }

    /// Fills the disk, or makes room again.
    pub fn set_full(&self, full: bool) {
        self.shared.faults.lock().full = full;
    }

    /// The bytes of all keys and values, old versions included.
    pub fn bytes(&self) -> u64 {
        self.shared.state.read().bytes
    }

    /// Cuts the power: of what was written since the last sync, only some first part stays.
    /// Engines opened before are dead.
    pub fn crash(&self) {
        let chance = self.shared.faults.lock().draw();
        let mut state = self.shared.state.write();
        state.owner += 1;
        state.lose_some(chance);
    }
}

impl Faults {
    /// A split-mix generator: seeded, and good enough to choose what is lost.
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn strikes(&mut self, candidates: &[Fault]) -> Option<Fault> {
        let mut struck = None;
        for (index, (fault, good)) in self.planned.iter_mut().enumerate() {
            if candidates.contains(fault) {
                if *good == 0 {
                    struck = Some(index);
                    break;
                }
                *good -= 1;
            }
        }
        struck.map(|index| self.planned.remove(index).0)
    }
}

impl State {
    fn put(&mut self, writes: Vec<Write>) {
        self.written += 1;
        let (version, mut keys) = (self.written, Vec::with_capacity(writes.len()));
        for Write { area, key, value } in writes {
            self.bytes += (key.len() + value.as_ref().map_or(0, Bytes::len)) as u64;
            let versions = self.areas[area.index()].entry(key.clone()).or_default();
            if !versions.is_empty() || value.is_none() {
                self.garbage.push_back((version, area, key.clone()));
            }
            versions.push((version, value));
            keys.push((area, key));
        }
        self.unsynced.push_back((version, keys));
    }

    fn sync(&mut self) {
        self.synced = self.written;
        self.unsynced.clear();
        self.collect();
    }

    /// Forgets versions that nobody can ask for any more.
    fn collect(&mut self) {
        let horizon = self.views.keys().next().map_or(self.synced, |&oldest| oldest.min(self.synced));
        while let Some((version, _, _)) = self.garbage.front()
            && *version <= horizon
        {
            let Some((_, area, key)) = self.garbage.pop_front() else { return };
            let area = &mut self.areas[area.index()];
            let Some(versions) = area.get_mut(&key) else { continue };
            let current = versions.iter().rposition(|(version, _)| *version <= horizon).unwrap_or(0);
            for (_, value) in versions.drain(..current) {
                self.bytes -= (key.len() + value.map_or(0, |value| value.len())) as u64;
            }
            if let [(_, None)] = versions[..] {
                self.bytes -= key.len() as u64;
                area.remove(&key);
            }
        }
    }

    /// Forgets some of the batches that were not synced: those behind a random one.
    fn lose_some(&mut self, chance: u64) {
        let kept = chance % (self.unsynced.len() as u64 + 1);
        self.keep_unsynced(usize::try_from(kept).expect("not more than a queue's length"));
    }

    fn keep_unsynced(&mut self, kept: usize) {
        while self.unsynced.len() > kept {
            let Some((lost, keys)) = self.unsynced.pop_back() else { return };
            for (area, key) in keys {
                let area = &mut self.areas[area.index()];
                let Some(versions) = area.get_mut(&key) else { continue };
                while let Some((_, value)) = versions.pop_if(|(version, _)| *version >= lost) {
                    self.bytes -= (key.len() + value.map_or(0, |value| value.len())) as u64;
                }
                if versions.is_empty() {
                    area.remove(&key);
                }
            }
        }
    }
}

impl Disk for MemoryDisk {
    fn open(&self, _in_doubt: bool) -> Result<Arc<dyn Engine>, EngineError> {
        if self.shared.faults.lock().full {
            return Err(full());
        }
        let mut state = self.shared.state.write();
        state.owner += 1;
        state.sync();
        Ok(Arc::new(MemoryEngine { shared: self.shared.clone(), owner: state.owner }))
    }
}

struct MemoryEngine {
    shared: Arc<Shared>,
    owner: u64,
}

impl MemoryEngine {
    fn own(&self, state: &State) -> Result<(), EngineError> {
        if state.owner == self.owner { Ok(()) } else { Err(io("using the disk", "the power was cut")) }
    }
}

impl Engine for MemoryEngine {
    fn write(&self, writes: Vec<Write>) -> Result<(), EngineError> {
        let mut faults = self.shared.faults.lock();
        let mut state = self.shared.state.write();
        self.own(&state)?;
        match faults.strikes(&[Fault::FailedWrite, Fault::PartialWrite, Fault::DiskFull]) {
            None if faults.full => Err(full()),
            None => {
                state.put(writes);
                Ok(())
            }
            Some(Fault::DiskFull) => Err(full()),
            Some(fault) => {
                if fault == Fault::PartialWrite {
                    let before = state.unsynced.len();
                    state.put(writes);
                    let kept = before + usize::from(faults.draw().is_multiple_of(2));
                    state.keep_unsynced(kept);
                }
                state.owner += 1;
                Err(io("writing", "injected"))
            }
        }
    }

    fn sync(&self) -> Result<(), EngineError> {
        let mut faults = self.shared.faults.lock();
        let mut state = self.shared.state.write();
        self.own(&state)?;
        if faults.strikes(&[Fault::FailedSync]).is_some() {
            let chance = faults.draw();
            state.lose_some(chance);
            state.owner += 1;
            return Err(io("syncing", "injected"));
        }
        state.sync();
        Ok(())
    }

    fn snapshot(&self) -> Result<Arc<dyn View>, EngineError> {
        let mut state = self.shared.state.write();
        self.own(&state)?;
        let version = state.written;
        *state.views.entry(version).or_default() += 1;
        Ok(Arc::new(MemoryView { shared: self.shared.clone(), version }))
    }
}

fn io(what: &'static str, message: &'static str) -> EngineError {
    EngineError::failed(what, std::io::Error::other(message))
}

fn full() -> EngineError {
    EngineError::DiskFull("no room on the disk in memory".into())
}

struct MemoryView {
    shared: Arc<Shared>,
    version: u64,
}

impl MemoryView {
    fn visible<'a>(&self, versions: &'a Versions) -> Option<&'a Bytes> {
        versions.iter().rev().find(|(version, _)| *version <= self.version).and_then(|(_, value)| value.as_ref())
    }
}

impl Drop for MemoryView {
    fn drop(&mut self) {
        let mut state = self.shared.state.write();
        if let Some(count) = state.views.get_mut(&self.version) {
            *count -= 1;
            if *count == 0 {
                state.views.remove(&self.version);
                state.collect();
            }
        }
    }
}

impl View for MemoryView {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let state = self.shared.state.read();
        Ok(state.areas[area.index()].get(key).and_then(|versions| self.visible(versions)).cloned())
    }

    fn scan(&self, area: Area, range: &KeyRange, order: Order, visit: &mut Visit<'_>) -> Result<(), EngineError> {
        if range.is_empty() {
            return Ok(());
        }
        let state = self.shared.state.read();
        let end = range.end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
        let mut entries = state.areas[area.index()].range::<[u8], _>((Bound::Included(&range.start[..]), end));
        loop {
            let entry = match order {
                Order::Ascending => entries.next(),
                Order::Descending => entries.next_back(),
            };
            let Some((key, versions)) = entry else { return Ok(()) };
            if let Some(value) = self.visible(versions)
                && let ControlFlow::Break(()) = visit(key, value.clone())
            {
                return Ok(());
            }
        }
    }
}
