use std::collections::HashMap;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use xxhash_rust::xxh3::xxh3_64;

/// A key that transactions of this process take in turn.
pub type LatchKey = Bytes;

/// How many independently locked parts the latches have: a power of two.
const SHARDS: usize = 64;

/// The in-process latches of a store. A latch is held from before a transaction's first read until
/// its batch is accepted, not until it is durable: writers of one hot key share a sync.
///
/// A latch is fair: it passes to whoever has waited longest. Those who need several take them in
/// sorted order, so that they cannot wait for each other in a circle.
pub struct Latches {
    shards: Arc<[Shard; SHARDS]>,
}

type Shard = Mutex<HashMap<LatchKey, VecDeque<oneshot::Sender<Latch>>>>;

/// The latches of one transaction; dropping them passes each of them on.
#[derive(Default)]
pub struct Held(#[cfg_attr(not(test), expect(dead_code, reason = "held for its drop"))] Vec<Latch>);

/// A held latch; dropping it passes it on.
struct Latch {
    shards: Arc<[Shard; SHARDS]>,
    /// Absent once it has been passed on, or nobody waits for it.
    key: Option<LatchKey>,
}

impl Default for Latches {
    fn default() -> Self {
        Latches { shards: Arc::new(std::array::from_fn(|_| Shard::default())) }
    }
}

impl Latches {
    /// Takes every one of `keys`, in sorted order, each once.
    pub(crate) async fn take(&self, keys: &[LatchKey]) -> Held {
        let mut held = Vec::with_capacity(keys.len());
        match keys {
            [] => {}
            [key] => held.push(self.take_one(key).await),
            keys => {
                let mut keys: Vec<_> = keys.iter().collect();
                keys.sort_unstable();
                keys.dedup();
                for key in keys {
                    held.push(self.take_one(key).await);
                }
            }
        }
        Held(held)
    }

    async fn take_one(&self, key: &LatchKey) -> Latch {
        let turn = match self.shards[shard(key)].lock().entry(key.clone()) {
            Entry::Vacant(free) => {
                free.insert(VecDeque::new());
                None
            }
            Entry::Occupied(mut taken) => {
                let (pass, turn) = oneshot::channel();
                taken.get_mut().push_back(pass);
                Some(turn)
            }
        };
        match turn {
            None => Latch { shards: self.shards.clone(), key: Some(key.clone()) },
            Some(turn) => turn.await.expect("a latch's entry lives, with its queue, for as long as the latch is held"),
        }
    }
}

fn shard(key: &[u8]) -> usize {
    usize::try_from(xxh3_64(key) % SHARDS as u64).expect("less than SHARDS")
}

impl Drop for Latch {
    fn drop(&mut self) {
        // The latch itself travels to the next in line. One who has stopped waiting either refuses
        // it here, or drops it unread, which comes back to this function and passes it on.
        while let Some(key) = self.key.take() {
            let next = {
                let mut latches = self.shards[shard(&key)].lock();
                let next = latches.get_mut(&key).and_then(VecDeque::pop_front);
                if next.is_none() {
                    latches.remove(&key);
                }
                next
            };
            // Outside of the lock: waking the next one may run its drop at once.
            if let Some(next) = next
                && let Err(mut refused) = next.send(Latch { shards: self.shards.clone(), key: Some(key) })
            {
                self.key = refused.key.take();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_latch_that_was_dropped_keeps_nothing_of_its_key() {
        let (latches, key) = (Latches::default(), Bytes::from(vec![1, 2, 3]));
        let keys = [key.clone()];
        let held = latches.take(&keys).now_or_never().unwrap();
        let (mut given_up, mut waiting) = (Box::pin(latches.take(&keys)), Box::pin(latches.take(&keys)));
        assert!(given_up.as_mut().now_or_never().is_none() && waiting.as_mut().now_or_never().is_none());
        drop(given_up);
        drop(held);
        drop(waiting.as_mut().now_or_never().unwrap());
        drop(waiting);
        drop(keys);
        assert!(key.is_unique());
        assert!(latches.shards.iter().all(|shard| shard.lock().is_empty()));
    }

    fn keys(names: &[&'static str]) -> Vec<LatchKey> {
        names.iter().map(|name| Bytes::from_static(name.as_bytes())).collect()
    }

    #[test]
    fn a_latch_passes_in_order_of_arrival() {
        let latches = Latches::default();
        let key = keys(&["a"]);
        let first = latches.take(&key).now_or_never().unwrap();
        let mut second = Box::pin(latches.take(&key));
        let mut third = Box::pin(latches.take(&key));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.as_mut().now_or_never().is_none());
        drop(second.as_mut().now_or_never().unwrap());
        drop(third.as_mut().now_or_never().unwrap());
        assert!(latches.shards.iter().all(|shard| shard.lock().is_empty()), "free latches take no memory");
    }

    #[test]
    fn whoever_stops_waiting_loses_no_latch() {
        let latches = Latches::default();
        let key = keys(&["a"]);
        let first = latches.take(&key).now_or_never().unwrap();
        let mut gave_up_early = Box::pin(latches.take(&key));
        let mut gave_up_late = Box::pin(latches.take(&key));
        let mut last = Box::pin(latches.take(&key));
        for waiting in [&mut gave_up_early, &mut gave_up_late, &mut last] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(gave_up_early);
        drop(first);
        // The latch has been sent to this one, who never looks.
        drop(gave_up_late);
        assert_eq!(last.as_mut().now_or_never().map(|held| held.0.len()), Some(1));
    }

    #[test]
    fn several_latches_are_taken_in_sorted_order_and_once() {
        let latches = Latches::default();
        let held = latches.take(&keys(&["b", "a", "b"])).now_or_never().unwrap();
        assert_eq!(held.0.iter().map(|latch| latch.key.as_deref().unwrap()).collect::<Vec<_>>(), [b"a", b"b"]);
    }
}
