//! Exports into buckets, one object at a time, over restarts, and what stands in their way.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tidegate_ports::{Acting, ObjectAddress, ObjectRefusal, Objects, StoredObject};

use crate::bed::{Bed, START};

/// One bucket, `b`, which may be shut.
#[derive(Default)]
struct Buckets {
    objects: Mutex<BTreeMap<String, Bytes>>,
    /// How many objects it takes before it is shut, if it will be, and what it says then.
    shut: Mutex<Option<(usize, ObjectRefusal)>>,
    /// Whether it takes nothing but the object that tries it.
    out_of_reach: Mutex<bool>,
}

impl Objects for Buckets {
    fn read<'a>(
        &'a self,
        _: Acting<'a>,
        _: &'a ObjectAddress,
        _: u64,
    ) -> BoxFuture<'a, Result<StoredObject, ObjectRefusal>> {
        async { Err(ObjectRefusal::NoSuchKey) }.boxed()
    }

    fn write<'a>(
        &'a self,
        _: Acting<'a>,
        address: &'a ObjectAddress,
        body: Bytes,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), ObjectRefusal>> {
        async move {
            if address.bucket != "b" {
                return Err(ObjectRefusal::NoSuchBucket);
            }
            if let Some((left, refusal)) = &mut *self.shut.lock() {
                *left = left.checked_sub(1).ok_or_else(|| refusal.clone())?;
            }
            if *self.out_of_reach.lock() && !address.key.ends_with("/aws-logs-write-test") {
                return Err(ObjectRefusal::Unavailable("later".to_owned()));
            }
            self.objects.lock().insert(address.key.clone(), body);
            Ok(())
        }
        .boxed()
    }
}

impl Buckets {
    /// The keys behind the task's id, and the texts.
    fn exported(&self, task: &str) -> Vec<(String, String)> {
        let objects = self.objects.lock();
        let of_task = objects.iter().filter_map(|(key, body)| Some((key.split_once(task)?.1.to_owned(), body)));
        let unpacked = |body: &Bytes| {
            let mut text = String::new();
            flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
            text
        };
        of_task.map(|(key, body)| (key, unpacked(body))).collect()
    }
}

fn request(more: Value) -> Value {
    let start = i64::try_from(START.as_millis()).unwrap();
    let mut input = json!({ "logGroupName": "g", "from": start - 1000, "to": start + 1000, "destination": "b" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

async fn begin(bed: &Bed, more: Value) -> String {
    bed.ok("CreateExportTask", request(more)).await["taskId"].as_str().unwrap().to_owned()
}

async fn status(bed: &Bed, task: &str) -> String {
    let tasks = bed.ok("DescribeExportTasks", json!({ "taskId": task })).await;
    tasks["exportTasks"][0]["status"]["code"].as_str().unwrap().to_owned()
}

async fn filled() -> (Bed, Arc<Buckets>) {
    let bed = Bed::new().await;
    bed.create("g", &["a/one", "a/two", "b"]).await;
    bed.put("g", "a/one", &[(-2000, "too early"), (-1000, "first"), (1000, "last"), (1001, "too late")]).await;
    bed.put("g", "b", &[(0, "of b")]).await;
    let buckets = Arc::new(Buckets::default());
    bed.logs.know(buckets.clone());
    (bed, buckets)
}

#[tokio::test]
async fn events_become_packed_lines_by_stream() {
    let (bed, buckets) = filled().await;
    let task = begin(&bed, json!({ "taskName": "n" })).await;
    bed.settle().await;
    let lines = "2023-11-14T22:13:19.000Z first\n2023-11-14T22:13:21.000Z last\n";
    let expected = [("/a-one/000000.gz", lines), ("/b/000000.gz", "2023-11-14T22:13:20.000Z of b\n")];
    assert_eq!(buckets.exported(&task), expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
    assert!(buckets.objects.lock().contains_key("exportedlogs/aws-logs-write-test"));
    let shown = bed.ok("DescribeExportTasks", json!({ "statusCode": "COMPLETED" })).await["exportTasks"][0].clone();
    assert_eq!((&shown["taskId"], &shown["taskName"]), (&json!(task), &json!("n")));
    assert!(shown["executionInfo"]["completionTime"].is_number());
    let task = begin(&bed, json!({ "logStreamNamePrefix": "b", "destinationPrefix": "p/q" })).await;
    bed.settle().await;
    assert_eq!(buckets.exported(&task).len(), 1);
    assert!(buckets.objects.lock().contains_key(&format!("p/q/{task}/b/000000.gz")));
    bed.check().await;
}

#[tokio::test]
async fn what_is_sensitive_is_exported_masked() {
    let (bed, buckets) = filled().await;
    let document = crate::rules::protection(&["IpAddress"]);
    bed.ok("PutDataProtectionPolicy", json!({ "logGroupIdentifier": "g", "policyDocument": document })).await;
    bed.put("g", "a/two", &[(0, "from 10.0.0.1")]).await;
    let task = begin(&bed, json!({ "logStreamNamePrefix": "a/two" })).await;
    bed.settle().await;
    assert_eq!(buckets.exported(&task)[0].1, "2023-11-14T22:13:20.000Z from ********\n");
}

#[tokio::test]
async fn a_large_stream_is_several_objects() {
    let (bed, buckets) = filled().await;
    let long = "x".repeat(200_000);
    for at in 0..60 {
        bed.put("g", "a/two", &[(at, &long)]).await;
    }
    let task = begin(&bed, json!({ "logStreamNamePrefix": "a/two" })).await;
    bed.settle().await;
    let parts = buckets.exported(&task);
    assert_eq!(parts.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["/a-two/000000.gz", "/a-two/000001.gz"]);
    assert_eq!(parts.iter().map(|(_, text)| text.lines().count()).sum::<usize>(), 60);
}

#[tokio::test]
async fn an_export_goes_on_after_a_restart_and_ends_when_it_is_told_to() {
    let (bed, buckets) = filled().await;
    *buckets.shut.lock() = Some((1, ObjectRefusal::Unavailable("later".to_owned())));
    let task = begin(&bed, json!({})).await;
    let second = bed.call("CreateExportTask", request(json!({}))).await.unwrap_err();
    assert_eq!(second.code, "ServiceUnavailableException", "the bucket is shut");
    *buckets.shut.lock() = None;
    let bed = bed.restart().await;
    assert_eq!(status(&bed, &task).await, "RUNNING", "buckets are not known yet");
    bed.refuses(
        "CreateExportTask",
        request(json!({})),
        "NotImplemented",
        "Tidegate does not implement logs exports without buckets yet",
    )
    .await;
    bed.logs.know(buckets.clone());
    bed.settle().await;
    assert_eq!(status(&bed, &task).await, "COMPLETED");
    assert_eq!(buckets.exported(&task).len(), 2);

    *buckets.out_of_reach.lock() = true;
    let task = begin(&bed, json!({})).await;
    bed.ok("CancelExportTask", json!({ "taskId": task })).await;
    assert_eq!(status(&bed, &task).await, "CANCELLED");
    let ended = "The specified export task has already finished.";
    bed.refuses("CancelExportTask", json!({ "taskId": task }), "InvalidOperationException", ended).await;
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused_or_fails() {
    let (bed, buckets) = filled().await;
    let invalid = "InvalidParameterException";
    let no_bucket = "The given bucket does not exist. Please provide a valid bucket.";
    bed.refuses("CreateExportTask", request(json!({ "destination": "nowhere" })), invalid, no_bucket).await;
    let no_group = "The specified log group does not exist.";
    let missing = "ResourceNotFoundException";
    bed.refuses("CreateExportTask", request(json!({ "logGroupName": "h" })), missing, no_group).await;
    let no_time = "fromTime must be before toTime, and not in the future.";
    bed.refuses("CreateExportTask", request(json!({ "from": 5, "to": 5 })), invalid, no_time).await;
    let no_task = "The specified export task does not exist.";
    bed.refuses("CancelExportTask", json!({ "taskId": "none" }), missing, no_task).await;
    *buckets.shut.lock() = Some((0, ObjectRefusal::Denied));
    let denied = "PutObject call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation.";
    bed.refuses("CreateExportTask", request(json!({})), invalid, denied).await;
    *buckets.shut.lock() = Some((1, ObjectRefusal::Denied));
    let task = begin(&bed, json!({})).await;
    bed.settle().await;
    assert_eq!(status(&bed, &task).await, "FAILED");
    bed.logs.reset().await.unwrap();
    assert_eq!(bed.ok("DescribeExportTasks", json!({})).await["exportTasks"], json!([]));
}

#[tokio::test]
async fn one_export_at_a_time() {
    let (bed, buckets) = filled().await;
    *buckets.out_of_reach.lock() = true;
    let task = begin(&bed, json!({})).await;
    let limit = "Resource limit exceeded.";
    bed.refuses("CreateExportTask", request(json!({})), "LimitExceededException", limit).await;
    bed.ok("CancelExportTask", json!({ "taskId": task })).await;
    *buckets.out_of_reach.lock() = false;
    let task = begin(&bed, json!({})).await;
    // The worker may have failed meanwhile, and waits then before it tries again.
    bed.advance(120).await;
    assert_eq!(buckets.exported(&task).len(), 2);
}
