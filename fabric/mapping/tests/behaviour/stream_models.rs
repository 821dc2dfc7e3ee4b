//! Functions that fail by chance, and a server that is killed: every record is processed or told of, and the
//! records of one key stay in order.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tidegate_mapping::{Mapping, StreamOptions};
use tidegate_ports::InvokeRefusal;

use crate::bed::{Bed, Chance, answer, body, destination, failed, failures, names, stream_mapping, stream_options};
use crate::fake_queue::FakeQueue;

#[tokio::test]
async fn every_record_is_processed_or_told_of_in_the_order_of_its_key() {
    for seed in 1..60 {
        check(seed).await;
    }
}

type Processed = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

async fn check(seed: u64) {
    let mut bed = Bed::new(seed);
    let chance = Arc::new(Chance::new(seed));
    let processed: Processed = Arc::default();
    let (partial, bisect) = (chance.below(2) == 0, chance.below(2) == 0);
    bed.says(function(chance.clone(), processed.clone(), partial));
    let mut mapping = Mapping {
        partial_failures: partial,
        window: Duration::from_secs(chance.below(2) * 5),
        ..stream_mapping(1 + chance.below(8) as usize, options(&chance, bisect))
    };
    let mut shard = "s0".to_owned();
    bed.stream.open(&shard, None);
    bed.follow(&mapping).await;
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for round in 0..80 {
        let key = if chance.below(15) == 0 { "poison".to_owned() } else { format!("k{}", chance.below(6)) };
        sent.entry(key.clone()).or_default().push(bed.stream.put(&shard, &key));
        match chance.below(16) {
            0 => bed.settle().await,
            1 => bed.clock.advance(Duration::from_secs(chance.below(5))),
            2 => {
                // Killed.
                bed.restart();
                bed.apply(&mapping);
            }
            3 => {
                // Its owner divides shards otherwise.
                mapping.revision += 1;
                mapping.kind = tidegate_mapping::Kind::Stream(options(&chance, bisect));
                bed.apply(&mapping);
            }
            4 => {
                let next = format!("s{}", round + 1);
                bed.stream.close(&shard);
                bed.stream.open(&next, Some(&shard));
                shard = next;
            }
            _ => {}
        }
    }
    bed.run_out().await;
    let letters = bed.letters().await;
    let told = |number: &String| {
        letters.iter().any(|letter| {
            let info = &letter["DDBStreamBatchInfo"];
            info["startSequenceNumber"].as_str().unwrap() <= number.as_str()
                && number.as_str() <= info["endSequenceNumber"].as_str().unwrap()
        })
    };
    for (key, numbers) in &sent {
        let processed = processed.lock().get(key).cloned().unwrap_or_default();
        let seen: HashSet<_> = processed.iter().collect();
        for number in numbers {
            assert!(seen.contains(number) || told(number), "{key} {number} is lost with seed {seed}");
        }
        // First sights are in order; repetitions begin behind a checkpoint and repeat the same order.
        let mut first_sights: Vec<&String> = Vec::new();
        for number in &processed {
            if !first_sights.contains(&number) {
                first_sights.push(number);
            }
        }
        assert!(first_sights.is_sorted(), "{key} is out of order with seed {seed}: {processed:?}");
    }
    assert!(!processed.lock().contains_key("poison"));
}

fn options(chance: &Chance, bisect: bool) -> StreamOptions {
    let parallelisation = 1 + chance.below(4) as u8;
    StreamOptions { parallelisation, bisect, max_retries: Some(3), on_failure: Some(destination()), ..stream_options() }
}

fn function(chance: Arc<Chance>, processed: Processed, partial: bool) -> crate::bed::Body {
    body(move |event| {
        let records = event["Records"].as_array().unwrap();
        let key = |place: usize| records[place]["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap().to_owned();
        let names = names(&event);
        match chance.below(12) {
            0 => return Ok(failed()),
            1 => return Err(InvokeRefusal::Throttled(FakeQueue::arn())),
            _ => {}
        }
        let bad = (0..names.len()).find(|place| key(*place) == "poison").unwrap_or(names.len());
        if bad < names.len() && !partial {
            return Ok(failed());
        }
        for (place, name) in names.iter().enumerate().take(bad) {
            processed.lock().entry(key(place)).or_default().push(name.clone());
        }
        match names.get(bad).cloned() {
            Some(bad) => Ok(failures(&event, move |name| name == bad)),
            None => Ok(answer("null")),
        }
    })
}
