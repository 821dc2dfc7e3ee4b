//! Functions that fail by chance: nothing is lost, groups stay in order, poison ends in the dead letters.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tidegate_mapping::Mapping;
use tidegate_ports::InvokeRefusal;

use crate::bed::{Bed, Chance, answer, body, failed, failures, names, queue_mapping};
use crate::fake_queue::FakeQueue;

#[tokio::test]
async fn every_message_is_processed_or_a_dead_letter() {
    for seed in 1..40 {
        check_standard(seed).await;
    }
}

async fn check_standard(seed: u64) {
    let mut bed = Bed::new(seed);
    let chance = Arc::new(Chance::new(seed));
    bed.queue.set(false, Some(6));
    let processed: Arc<Mutex<HashSet<String>>> = Arc::default();
    let (done, dice) = (processed.clone(), chance.clone());
    let partial = seed.is_multiple_of(2);
    bed.says(body(move |event| {
        let names = names(&event);
        match dice.below(10) {
            0 => return Ok(failed()),
            1 => return Err(InvokeRefusal::Throttled(FakeQueue::arn())),
            _ => {}
        }
        let is_bad = |name: &str| name.starts_with("poison");
        if partial {
            done.lock().extend(names.iter().filter(|name| !is_bad(name)).cloned());
            return Ok(failures(&event, is_bad));
        }
        if names.iter().any(|name| is_bad(name)) {
            return Ok(failed());
        }
        done.lock().extend(names);
        Ok(answer("null"))
    }));
    let window = Duration::from_secs(chance.below(3) * 10);
    let mapping = Mapping { window, partial_failures: partial, ..queue_mapping(1 + chance.below(12) as usize) };
    bed.apply(&mapping);
    let mut sent = HashSet::new();
    for number in 0..60 {
        let name = if chance.below(12) == 0 { format!("poison{number}") } else { format!("m{number}") };
        bed.queue.send(&name);
        sent.insert(name);
        match chance.below(12) {
            0 => bed.settle().await,
            1 => bed.clock.advance(Duration::from_secs(chance.below(40))),
            2 => tokio::task::yield_now().await,
            3 => {
                // Killed: what was under way is received again once it is visible.
                bed.restart();
                bed.apply(&mapping);
            }
            _ => {}
        }
    }
    bed.run_out().await;
    let dead: HashSet<_> = bed.queue.dead().into_iter().collect();
    assert_eq!(bed.queue.left(), [""; 0], "seed {seed}");
    let processed = processed.lock();
    for name in &sent {
        assert!(processed.contains(name) || dead.contains(name), "{name} is lost with seed {seed}");
        assert!(!name.starts_with("poison") || (dead.contains(name) && !processed.contains(name)), "{name}");
    }
}

#[tokio::test]
async fn groups_stay_in_order_whatever_fails() {
    for seed in 1..40 {
        check_fifo(seed).await;
    }
}

async fn check_fifo(seed: u64) {
    let mut bed = Bed::new(seed);
    let chance = Arc::new(Chance::new(seed));
    bed.queue.set(true, None);
    let processed: Arc<Mutex<BTreeMap<String, Vec<u64>>>> = Arc::default();
    let (done, dice) = (processed.clone(), chance.clone());
    let partial = seed.is_multiple_of(2);
    // As AWS advises: it stops at the first failure, and returns it and all behind it.
    bed.says(body(move |event| {
        let names = names(&event);
        let fails_at = if dice.below(3) == 0 { dice.below(names.len() as u64) as usize } else { names.len() };
        if fails_at < names.len() && !partial {
            return Ok(failed());
        }
        for name in &names[..fails_at] {
            let (group, number) = name.split_once('-').unwrap();
            done.lock().entry(group.to_owned()).or_default().push(number.parse().unwrap());
        }
        let failed: Vec<_> = names[fails_at..].to_vec();
        Ok(failures(&event, move |name| failed.iter().any(|failed| failed == name)))
    }));
    let mapping = Mapping { partial_failures: partial, ..queue_mapping(1 + chance.below(10) as usize) };
    bed.apply(&mapping);
    let mut sent: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..60 {
        let group = format!("g{}", chance.below(4));
        let number = sent.entry(group.clone()).or_default();
        bed.queue.send_to(Some(&group), &format!("{group}-{number}"));
        *number += 1;
        match chance.below(15) {
            0 => bed.settle().await,
            1 => bed.clock.advance(Duration::from_secs(chance.below(40))),
            2 => {
                bed.restart();
                bed.apply(&mapping);
            }
            _ => {}
        }
    }
    bed.run_out().await;
    assert_eq!(bed.queue.left(), [""; 0], "seed {seed}");
    for (group, count) in sent {
        let processed = &processed.lock()[&group];
        // Repetitions are allowed, gaps and overtaking are not: each is at most one further than all before.
        let mut next = 0;
        for number in processed {
            assert!(*number <= next, "{group}-{number} overtook with seed {seed}: {processed:?}");
            next = next.max(number + 1);
        }
        assert_eq!(next, count, "{group} with seed {seed}");
    }
}
