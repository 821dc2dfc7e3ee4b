//! Batches of messages: how they are cut, what becomes of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt;
use serde_json::Value;
use tidegate_mapping::{Filter, Kind, LastResult, Mapping, QueueOptions};
use tidegate_ports::InvokeRefusal;
use tokio::sync::Semaphore;

use crate::bed::{Bed, answer, body, failed, failures, names, queue_mapping};
use crate::fake_queue::{FakeQueue, VISIBILITY};

#[tokio::test]
async fn a_message_to_an_idle_queue_starts_its_function_and_is_deleted() {
    let bed = Bed::new(1);
    bed.apply(&queue_mapping(10));
    bed.settle().await;
    bed.queue.send("hello");
    bed.settle().await;
    let events = bed.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["Records"][0]["eventSourceARN"], FakeQueue::arn().to_string());
    assert_eq!(bed.queue.left(), [""; 0]);
    assert_eq!(bed.engine.standing(queue_mapping(10).id).unwrap().last, LastResult::Ok);
}

#[tokio::test]
async fn a_backlog_is_cut_into_batches_of_few_receives() {
    let bed = Bed::new(2);
    for number in 0..50 {
        bed.queue.send(&number.to_string());
    }
    bed.apply(&queue_mapping(10));
    bed.settle().await;
    assert_eq!(bed.batches().iter().map(Vec::len).collect::<Vec<_>>(), [10; 5]);
    assert_eq!(bed.queue.commits(), (1, 5));
}

#[tokio::test]
async fn a_window_collects_until_its_time_is_over() {
    let bed = Bed::new(3);
    let mapping = Mapping { window: Duration::from_secs(20), ..queue_mapping(100) };
    bed.apply(&mapping);
    for number in 0..3 {
        bed.queue.send(&number.to_string());
        bed.settle().await;
        bed.clock.advance(Duration::from_secs(5));
    }
    bed.settle().await;
    assert!(bed.events().is_empty());
    bed.clock.advance(Duration::from_secs(5));
    bed.settle().await;
    assert_eq!(bed.batches(), [["0", "1", "2"]]);
    assert_eq!(bed.queue.left(), [""; 0]);
}

#[tokio::test]
async fn a_window_ends_early_when_the_batch_is_full() {
    let bed = Bed::new(4);
    bed.apply(&Mapping { window: Duration::from_secs(300), ..queue_mapping(3) });
    for number in 0..4 {
        bed.queue.send(&number.to_string());
    }
    bed.settle().await;
    assert_eq!(bed.batches(), [["0", "1", "2"]]);
}

#[tokio::test]
async fn a_window_ends_early_before_the_event_is_too_large() {
    let bed = Bed::new(5);
    bed.apply(&Mapping { window: Duration::from_secs(300), ..queue_mapping(10_000) });
    let body = "x".repeat(1 << 20);
    for _ in 0..6 {
        bed.queue.send(&body);
    }
    bed.settle().await;
    assert_eq!(bed.batches().iter().map(Vec::len).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn what_failed_comes_back_when_its_visibility_is_over_and_ends_in_the_dead_letter_queue() {
    let bed = Bed::new(6);
    bed.queue.set(false, Some(2));
    bed.says(body(|_| Ok(failed())));
    bed.apply(&queue_mapping(10));
    bed.queue.send("poison");
    bed.settle().await;
    assert_eq!(bed.events().len(), 1);
    assert_eq!(bed.engine.standing(queue_mapping(10).id).unwrap().last, LastResult::CallFailed);
    bed.clock.advance(VISIBILITY);
    bed.settle().await;
    assert_eq!(bed.events().len(), 2);
    bed.run_out().await;
    assert_eq!((bed.events().len(), bed.queue.dead()), (2, vec!["poison".to_owned()]));
}

#[tokio::test]
async fn only_what_failed_comes_back_where_the_function_says_so() {
    let bed = Bed::new(7);
    bed.queue.set(false, Some(3));
    bed.says(body(|event| Ok(failures(&event, |name| name == "bad"))));
    bed.apply(&Mapping { partial_failures: true, ..queue_mapping(10) });
    for name in ["a", "bad", "c"] {
        bed.queue.send(name);
    }
    bed.run_out().await;
    assert_eq!(bed.queue.dead(), ["bad"]);
    let batches = bed.batches();
    assert_eq!(batches[0].len(), 3, "{batches:?}");
    assert_eq!(batches[1..], [["bad"], ["bad"]]);
}

#[tokio::test]
async fn a_failure_list_counts_only_where_it_was_asked_for() {
    let bed = Bed::new(8);
    bed.says(body(|event| Ok(failures(&event, |_| true))));
    bed.apply(&queue_mapping(10));
    bed.queue.send("a");
    bed.run_out().await;
    assert_eq!(bed.events().len(), 1);
    assert_eq!(bed.queue.left(), [""; 0]);
}

#[tokio::test]
async fn a_throttled_batch_is_tried_again_while_it_is_hidden_without_another_receive() {
    let bed = Bed::new(9);
    let refusals = Arc::new(Semaphore::new(3));
    bed.says(body(move |_| match refusals.try_acquire() {
        Ok(permit) => {
            permit.forget();
            Err(InvokeRefusal::Throttled(FakeQueue::arn()))
        }
        Err(_) => Ok(answer("null")),
    }));
    bed.apply(&queue_mapping(10));
    bed.queue.send("a");
    bed.settle().await;
    assert_eq!(bed.events().len(), 1);
    bed.run_out().await;
    assert_eq!((bed.events().len(), bed.queue.commits()), (4, (1, 1)));
    assert_eq!(bed.events()[3]["Records"][0]["attributes"]["ApproximateReceiveCount"], "1");
}

#[tokio::test]
async fn a_throttled_batch_goes_back_when_its_visibility_is_over() {
    let bed = Bed::new(10);
    bed.queue.set(false, Some(2));
    bed.says(body(|_| Err(InvokeRefusal::Throttled(FakeQueue::arn()))));
    bed.apply(&queue_mapping(10));
    bed.queue.send("a");
    bed.run_out().await;
    assert_eq!(bed.queue.dead(), ["a"]);
    assert_eq!(bed.queue.commits().0, 2);
}

#[tokio::test]
async fn a_call_that_waits_long_for_its_turn_keeps_its_messages_hidden() {
    let bed = Bed::new(11);
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
    bed.apply(&queue_mapping(10));
    bed.queue.send("a");
    while bed.events().is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        bed.clock.advance(Duration::from_secs(5));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    gate.add_permits(1);
    bed.run_out().await;
    assert_eq!((bed.events().len(), bed.queue.left().len()), (1, 0));
}

struct Wanted;

impl Filter for Wanted {
    fn admits(&self, record: &[u8]) -> bool {
        let record: Value = serde_json::from_slice(record).unwrap();
        record["body"]["kind"] == "wanted"
    }
}

#[tokio::test]
async fn what_a_filter_does_not_admit_is_deleted_unseen() {
    let bed = Bed::new(12);
    bed.apply(&Mapping { filter: Some(Arc::new(Wanted)), ..queue_mapping(10) });
    for body in [r#"{"kind":"wanted"}"#, r#"{"kind":"other"}"#, "wanted"] {
        bed.queue.send(body);
    }
    bed.settle().await;
    assert_eq!(bed.batches(), [[r#"{"kind":"wanted"}"#]]);
    assert_eq!(bed.queue.left(), [""; 0]);
}

#[tokio::test]
async fn no_more_calls_go_on_than_the_mapping_allows() {
    let bed = Bed::new(13);
    for number in 0..40 {
        bed.queue.send(&number.to_string());
    }
    let kind = Kind::Queue(QueueOptions { max_concurrency: Some(2) });
    bed.apply(&Mapping { kind, ..queue_mapping(1) });
    bed.settle().await;
    assert_eq!(bed.function.most_at_once.load(Ordering::SeqCst), 2);
    assert_eq!((bed.events().len(), bed.queue.left().len()), (40, 0));
}

#[tokio::test]
async fn groups_stay_in_order_and_run_beside_each_other() {
    let bed = Bed::new(14);
    bed.queue.set(true, None);
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    // The group "a" stands still; "b" goes on.
    bed.says(Arc::new(move |event| {
        let gate = held.clone();
        async move {
            if names(&event)[0].starts_with('a') {
                gate.acquire().await.unwrap().forget();
            }
            Ok(answer("null"))
        }
        .boxed()
    }));
    bed.apply(&queue_mapping(1));
    for body in ["a1", "a2", "b1", "b2"] {
        bed.queue.send_to(Some(&body[..1]), body);
    }
    while bed.queue.left() != ["a1", "a2"] {
        tokio::task::yield_now().await;
    }
    assert_eq!(bed.batches(), [["a1"], ["b1"], ["b2"]]);
    gate.add_permits(2);
    bed.settle().await;
    assert_eq!(bed.batches()[3..], [["a2"]]);
}

#[tokio::test]
async fn a_failed_message_blocks_its_group_until_it_is_visible_again() {
    let bed = Bed::new(15);
    bed.queue.set(true, None);
    let failures_left = Arc::new(Semaphore::new(1));
    bed.says(body(move |_| match failures_left.try_acquire() {
        Ok(permit) => {
            permit.forget();
            Ok(failed())
        }
        Err(_) => Ok(answer("null")),
    }));
    bed.apply(&queue_mapping(1));
    bed.queue.send_to(Some("a"), "a1");
    bed.queue.send_to(Some("a"), "a2");
    bed.settle().await;
    assert_eq!(bed.batches(), [["a1"]]);
    bed.clock.advance(VISIBILITY);
    bed.settle().await;
    assert_eq!(bed.batches(), [["a1"], ["a1"], ["a2"]]);
}
