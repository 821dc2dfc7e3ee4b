//! Mappings come, change and go while the server runs.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tidegate_mapping::{LastResult, Mapping, Phase, forget_in_tx};
use tidegate_store::{StoreError, Tx, transact};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::bed::{Bed, MAPPING, answer, queue_mapping, stream_mapping, stream_options};

/// A function that waits until it is let go.
fn held(bed: &Bed) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    bed.says(Arc::new(move |_| {
        let gate = held.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(answer("null"))
        }
        .boxed()
    }));
    gate
}

async fn until(bed: &Bed, reached: impl Fn(&Bed) -> bool) {
    while !reached(bed) {
        tokio::task::yield_now().await;
    }
}

/// As [`until`], while time passes: a receive that goes on is given a moment of it.
async fn while_time_passes(bed: &Bed, reached: impl Fn(&Bed) -> bool) {
    while !reached(bed) {
        bed.clock.advance(Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
}

fn phase(bed: &Bed) -> Option<Phase> {
    Some(bed.engine.standing(MAPPING)?.phase)
}

#[tokio::test]
async fn a_mapping_that_is_taken_away_ends_what_goes_on_and_reads_nothing_more() {
    let bed = Bed::new(1);
    let gate = held(&bed);
    bed.apply(&queue_mapping(1));
    bed.settle().await;
    assert_eq!(phase(&bed), Some(Phase::Running));
    bed.queue.send("a");
    until(&bed, |bed| bed.events().len() == 1).await;
    bed.engine.apply([]);
    assert_eq!(phase(&bed), Some(Phase::Stopping));
    gate.add_permits(1);
    while_time_passes(&bed, |bed| phase(bed) == Some(Phase::Stopped)).await;
    bed.queue.send("b");
    bed.settle().await;
    assert_eq!(bed.queue.left(), ["b"]);
    bed.engine.apply([]);
    assert_eq!(phase(&bed), None);
    gate.add_permits(1);
    bed.apply(&queue_mapping(1));
    bed.run_out().await;
    assert_eq!(bed.queue.left(), [""; 0]);
}

#[tokio::test]
async fn a_change_is_taken_up_once_what_goes_on_has_ended() {
    let bed = Bed::new(2);
    let gate = held(&bed);
    bed.apply(&queue_mapping(1));
    bed.queue.send("a");
    until(&bed, |bed| bed.events().len() == 1).await;
    bed.apply(&Mapping { revision: 2, window: Duration::from_secs(10), ..queue_mapping(10) });
    gate.add_permits(2);
    while_time_passes(&bed, |bed| phase(bed) == Some(Phase::Running)).await;
    bed.queue.send("b");
    bed.queue.send("c");
    bed.run_out().await;
    assert_eq!(bed.batches(), [vec!["a"], vec!["b", "c"]]);
}

#[tokio::test]
async fn stopping_waits_for_calls_and_processes_what_a_window_holds() {
    let bed = Bed::new(3);
    bed.apply(&Mapping { window: Duration::from_secs(300), ..queue_mapping(10) });
    bed.queue.send("a");
    bed.settle().await;
    assert!(bed.events().is_empty());
    bed.stop().await;
    assert_eq!((bed.batches(), bed.queue.left().len()), (vec![vec!["a".to_owned()]], 0));
}

#[tokio::test]
async fn a_slow_function_holds_up_no_other_mapping() {
    let bed = Bed::new(4);
    held(&bed);
    bed.stream.open("s1", None);
    bed.stream.put("s1", "a");
    let slow = Mapping { id: Uuid::from_u128(8), ..stream_mapping(1, stream_options()) };
    bed.follow(&slow).await;
    until(&bed, |bed| bed.events().len() == 1).await;
    bed.says(crate::bed::body(|_| Ok(answer("null"))));
    bed.engine.apply([Arc::new(slow), Arc::new(queue_mapping(1))]);
    bed.queue.send("quick");
    until(&bed, |bed| bed.queue.left().is_empty()).await;
}

#[tokio::test]
async fn a_queue_that_comes_later_is_followed_then() {
    let bed = Bed::new(5);
    bed.queue.exists(false);
    bed.apply(&queue_mapping(1));
    until(&bed, |bed| bed.engine.standing(MAPPING).unwrap().last == LastResult::NoSource).await;
    bed.queue.exists(true);
    bed.queue.send("a");
    while_time_passes(&bed, |bed| bed.queue.left().is_empty()).await;
}

#[tokio::test]
async fn a_mapping_that_was_deleted_leaves_nothing_behind() {
    let bed = Bed::new(6);
    bed.stream.open("s1", None);
    bed.stream.put("s1", "a");
    bed.follow(&stream_mapping(1, stream_options())).await;
    bed.settle().await;
    transact(&*bed.store, &[], async |tx: &mut Tx| {
        forget_in_tx(tx, MAPPING).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    // It is not told yet, and processes one more record; but it writes nothing.
    bed.stream.put("s1", "b");
    bed.settle().await;
    bed.engine.apply([]);
    bed.settle().await;
    assert_eq!(records(&bed).await, 0);
}

async fn records(bed: &Bed) -> usize {
    use tidegate_store::{KeyRange, Order, Page, Space, Store};
    let snapshot = bed.store.snapshot().unwrap();
    let range = KeyRange::prefix(&[tidegate_record::Root::Fabric as u8]);
    snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(10)).await.unwrap().len()
}

#[tokio::test]
async fn what_waits_for_a_time_is_waiting_and_not_busy() {
    let bed = Bed::new(7);
    bed.apply(&Mapping { window: Duration::from_secs(20), ..queue_mapping(10) });
    bed.queue.send("a");
    bed.settle().await;
    let report = bed.report();
    assert!(report.waiting.iter().any(|waiting| waiting.what.starts_with("event source mapping")), "{report:?}");
    assert_eq!(report.next_due(), Some(crate::bed::START.plus_millis(20_000)));
}
