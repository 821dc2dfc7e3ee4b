//! Batches of a stream's records: where they begin, what is tried again, what is given up.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_mapping::{Filter, LastResult, Mapping, Phase, StreamOptions};
use tidegate_ports::{InvokeRefusal, StartingPosition};
use tokio::sync::Semaphore;

use crate::bed::{
    Bed, MAPPING, START, answer, body, destination, failed, failures, names, stream_mapping, stream_options,
};
use crate::fake_queue::FakeQueue;
use crate::fake_stream::seconds;

/// A stream of one shard with these records.
fn stream(bed: &Bed, keys: &[&str]) -> Vec<String> {
    bed.stream.open("s1", None);
    keys.iter().map(|key| bed.stream.put("s1", key)).collect()
}

#[tokio::test]
async fn records_arrive_in_batches_and_only_once_over_a_restart() {
    let mut bed = Bed::new(1);
    let numbers = stream(&bed, &["a", "b", "c", "d", "e"]);
    let mapping = stream_mapping(2, stream_options());
    bed.follow(&mapping).await;
    bed.settle().await;
    assert_eq!(bed.batches(), [numbers[..2].to_vec(), numbers[2..4].to_vec(), numbers[4..].to_vec()]);
    assert_eq!(bed.engine.standing(MAPPING).unwrap().phase, Phase::Running);
    bed.restart();
    bed.apply(&mapping);
    bed.settle().await;
    let more = bed.stream.put("s1", "f");
    bed.settle().await;
    assert_eq!(bed.batches()[3..], [[more]]);
    assert_eq!(bed.engine.standing(MAPPING).unwrap().last, LastResult::Ok);
}

#[tokio::test]
async fn latest_begins_with_what_comes_after_the_mapping() {
    let mut bed = Bed::new(2);
    stream(&bed, &["a"]);
    let mapping = stream_mapping(10, StreamOptions { start: StartingPosition::Latest, ..stream_options() });
    bed.follow(&mapping).await;
    bed.settle().await;
    // What comes while nothing runs is not skipped by a second look for the place to begin.
    bed.stop().await;
    let number = bed.stream.put("s1", "b");
    bed.restart();
    bed.apply(&mapping);
    bed.settle().await;
    assert_eq!(bed.batches(), [[number]]);
}

#[tokio::test]
async fn children_are_read_after_their_parents() {
    let bed = Bed::new(3);
    let first = stream(&bed, &["a", "b"]);
    bed.stream.close("s1");
    bed.stream.open("s2", Some("s1"));
    let second = bed.stream.put("s2", "a");
    let failures_left = Arc::new(Semaphore::new(3));
    bed.says(body(move |_| match failures_left.try_acquire() {
        Ok(permit) => {
            permit.forget();
            Ok(failed())
        }
        Err(_) => Ok(answer("null")),
    }));
    bed.follow(&stream_mapping(10, stream_options())).await;
    bed.settle().await;
    assert_eq!(bed.batches(), std::slice::from_ref(&first));
    bed.run_out().await;
    assert_eq!(bed.batches()[3..], [first, vec![second]]);
    bed.stream.close("s2");
    bed.stream.open("s3", Some("s2"));
    let third = bed.stream.put("s3", "c");
    bed.settle().await;
    assert_eq!(bed.batches()[5..], [[third]]);
}

#[tokio::test]
async fn a_window_collects_records_until_its_time_is_over() {
    let bed = Bed::new(4);
    bed.stream.open("s1", None);
    let mapping = Mapping { window: Duration::from_secs(10), ..stream_mapping(100, stream_options()) };
    bed.follow(&mapping).await;
    let mut numbers = Vec::new();
    for key in ["a", "b"] {
        numbers.push(bed.stream.put("s1", key));
        bed.settle().await;
        bed.clock.advance(Duration::from_secs(4));
    }
    bed.settle().await;
    assert!(bed.events().is_empty());
    bed.clock.advance(Duration::from_secs(2));
    bed.settle().await;
    assert_eq!(bed.batches(), [numbers]);
}

#[tokio::test]
async fn a_batch_that_cannot_be_processed_is_given_up_and_told_of() {
    let bed = Bed::new(5);
    let numbers = stream(&bed, &["a", "b", "c"]);
    bed.says(body(|event| if names(&event).len() == 2 { Ok(failed()) } else { Ok(answer("null")) }));
    let on_failure = Some(destination());
    bed.follow(&stream_mapping(2, StreamOptions { max_retries: Some(2), on_failure, ..stream_options() })).await;
    bed.run_out().await;
    assert_eq!(bed.batches(), [&numbers[..2], &numbers[..2], &numbers[..2], &numbers[2..]]);
    let letters = bed.letters().await;
    assert_eq!(letters.len(), 1);
    let mut letter = letters[0].clone();
    assert!(letter["requestContext"]["requestId"].take().is_string());
    assert!(letter["timestamp"].take().is_string());
    let expected = json!({
        "requestContext": {
            "requestId": null,
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
        "version": "1.0",
        "timestamp": null,
        "DDBStreamBatchInfo": {
            "shardId": "s1",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[1],
            "approximateArrivalOfFirstRecord": seconds(START),
            "approximateArrivalOfLastRecord": seconds(START),
            "batchSize": 2,
            "streamArn": stream_mapping(1, stream_options()).source.to_string(),
        },
    });
    assert_eq!(letter, expected);
}

#[tokio::test]
async fn a_destination_that_refuses_holds_up_nothing() {
    let bed = Bed::new(6);
    stream(&bed, &["a"]);
    *bed.post.refuses.lock() = true;
    bed.says(body(|_| Ok(failed())));
    let options = StreamOptions { max_retries: Some(0), on_failure: Some(destination()), ..stream_options() };
    bed.follow(&stream_mapping(2, options)).await;
    bed.run_out().await;
    assert_eq!(bed.events().len(), 1);
}

#[tokio::test]
async fn bisecting_finds_the_poison_and_keeps_the_order() {
    let bed = Bed::new(7);
    let numbers = stream(&bed, &["a", "b", "c", "d", "e"]);
    let poison = numbers[3].clone();
    let bad = poison.clone();
    bed.says(body(move |event| if names(&event).contains(&bad) { Ok(failed()) } else { Ok(answer("null")) }));
    let on_failure = Some(destination());
    let options = StreamOptions { bisect: true, max_retries: Some(0), on_failure, ..stream_options() };
    bed.follow(&stream_mapping(10, options)).await;
    bed.run_out().await;
    let expected =
        [&numbers[..], &numbers[..2], &numbers[2..], &numbers[2..3], &numbers[3..], &numbers[3..4], &numbers[4..]];
    assert_eq!(bed.batches(), expected);
    let letters = bed.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["DDBStreamBatchInfo"]["startSequenceNumber"], poison);
    assert_eq!(letters[0]["DDBStreamBatchInfo"]["batchSize"], 1);
}

#[tokio::test]
async fn a_batch_goes_on_at_the_lowest_record_that_failed() {
    let mut bed = Bed::new(8);
    let numbers = stream(&bed, &["a", "b", "c", "d"]);
    let (bad, worse) = (numbers[1].clone(), numbers[2].clone());
    bed.says(body(move |event| Ok(failures(&event, |name| name == bad || name == worse))));
    let mapping = Mapping { partial_failures: true, ..stream_mapping(10, stream_options()) };
    bed.follow(&mapping).await;
    bed.settle().await;
    bed.clock.advance(Duration::from_millis(100));
    bed.settle().await;
    assert_eq!(bed.batches(), [&numbers[..], &numbers[1..]]);
    // The checkpoint is durable: after a crash it goes on there too.
    bed.restart();
    bed.apply(&mapping);
    bed.settle().await;
    assert_eq!(bed.batches()[2], numbers[1..]);
}

#[tokio::test]
async fn records_that_are_too_old_are_given_up() {
    let bed = Bed::new(9);
    let old = stream(&bed, &["a", "b"]);
    bed.says(body(|_| Err(InvokeRefusal::Throttled(FakeQueue::arn()))));
    let max_age = Some(Duration::from_secs(60));
    bed.follow(&stream_mapping(10, StreamOptions { max_age, on_failure: Some(destination()), ..stream_options() }))
        .await;
    bed.run_out().await;
    assert_eq!(bed.env.now().since(START).as_secs(), 60);
    let letters = bed.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!(letters[0]["responseContext"], Value::Null);
    assert_eq!(letters[0]["DDBStreamBatchInfo"]["endSequenceNumber"], old[1]);
}

struct Even;

impl Filter for Even {
    fn admits(&self, record: &[u8]) -> bool {
        let record: Value = serde_json::from_slice(record).unwrap();
        record["dynamodb"]["Keys"]["id"]["S"] == "even"
    }
}

#[tokio::test]
async fn what_a_filter_does_not_admit_advances_the_checkpoint() {
    let mut bed = Bed::new(10);
    let numbers = stream(&bed, &["even", "odd", "even", "odd"]);
    let mapping = Mapping { filter: Some(Arc::new(Even)), ..stream_mapping(10, stream_options()) };
    bed.follow(&mapping).await;
    bed.settle().await;
    assert_eq!(bed.batches(), [[numbers[0].clone(), numbers[2].clone()]]);
    bed.stop().await;
    // Nothing before the checkpoint is read again: it could not be.
    bed.stream.trim("s1", 5);
    bed.restart();
    bed.apply(&mapping);
    let last = bed.stream.put("s1", "even");
    bed.settle().await;
    assert_eq!(bed.batches()[1..], [[last]]);
}

#[tokio::test]
async fn records_that_are_gone_hold_up_nothing() {
    let mut bed = Bed::new(11);
    let mapping = stream_mapping(10, stream_options());
    stream(&bed, &["a"]);
    bed.follow(&mapping).await;
    bed.settle().await;
    bed.stop().await;
    let numbers = [bed.stream.put("s1", "b"), bed.stream.put("s1", "c")];
    bed.stream.trim("s1", 3);
    bed.restart();
    bed.apply(&mapping);
    bed.settle().await;
    assert_eq!(bed.batches()[1..], [[numbers[1].clone()]]);
}

#[tokio::test]
async fn a_tumbling_window_keeps_a_state_and_ends_with_a_last_call() {
    let mut bed = Bed::new(12);
    bed.stream.open("s1", None);
    // Counts records.
    bed.says(body(|event| {
        let before = event["state"]["count"].as_u64().unwrap_or(0);
        let count = before + names(&event).len() as u64;
        Ok(answer(json!({ "state": { "count": count } }).to_string()))
    }));
    let mapping = stream_mapping(2, StreamOptions { tumbling: Some(Duration::from_secs(60)), ..stream_options() });
    bed.follow(&mapping).await;
    for key in ["a", "b", "c"] {
        bed.stream.put("s1", key);
    }
    bed.settle().await;
    assert_eq!(bed.events().len(), 2);
    // The state is durable.
    bed.restart();
    bed.apply(&mapping);
    bed.settle().await;
    bed.run_out().await;
    let events = bed.events();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0]["state"], json!({}));
    assert_eq!((&events[1]["state"]["count"], &events[1]["isFinalInvokeForWindow"]), (&json!(2), &json!(false)));
    let last = &events[2];
    assert_eq!((&last["state"]["count"], &last["isFinalInvokeForWindow"]), (&json!(3), &json!(true)));
    assert_eq!((&last["Records"], &last["shardId"]), (&json!([]), &json!("s1")));
    let start = START.as_secs() / 60 * 60;
    let text = |secs| seconds(tidegate_types::Timestamp::from_secs(secs));
    assert_eq!(last["window"], json!({ "start": text(start), "end": text(start + 60) }));
    // The next window begins anew.
    bed.stream.put("s1", "d");
    bed.settle().await;
    assert_eq!(bed.events()[3]["state"], json!({}));
}

#[tokio::test]
async fn a_record_of_a_later_window_ends_the_one_before() {
    let bed = Bed::new(13);
    bed.stream.open("s1", None);
    bed.stream.put("s1", "a");
    bed.clock.advance(Duration::from_secs(60));
    bed.stream.put("s1", "b");
    bed.follow(&stream_mapping(10, StreamOptions { tumbling: Some(Duration::from_secs(60)), ..stream_options() }))
        .await;
    bed.settle().await;
    let finals: Vec<_> = bed.events().iter().map(|event| event["isFinalInvokeForWindow"].clone()).collect();
    assert_eq!(finals, [false, true, false]);
}
