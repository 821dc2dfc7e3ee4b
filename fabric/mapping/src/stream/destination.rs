//! What a destination is told of records that were given up.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tidegate_ports::{Delivery, FunctionAnswer, RetryPolicy, StreamRecord};
use tidegate_types::{Arn, Timestamp};
use uuid::Uuid;

use super::event;
use crate::call::shared_trace;
use crate::mapping::Mapping;

/// Why records were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Retries,
    Age,
}

impl Condition {
    fn as_str(self) -> &'static str {
        match self {
            Condition::Retries => "RetryAttemptsExhausted",
            Condition::Age => "RecordAgeExceeded",
        }
    }
}

/// What is told of records that were given up together.
pub(super) struct GivenUp<'a> {
    pub records: &'a [StreamRecord],
    pub shard: &'a str,
    pub condition: Condition,
    /// How often the function was called with them.
    pub calls: u32,
    /// What it said the last time, if it was run.
    pub last: Option<&'a FunctionAnswer>,
    pub now: Timestamp,
    pub request: Uuid,
}

/// What AWS writes.
fn body(mapping: &Mapping, given_up: &GivenUp<'_>) -> Value {
    let GivenUp { records, shard, condition, calls, last, now, request } = given_up;
    let context = last.map(|last| {
        let mut context = Map::new();
        context.insert("statusCode".to_owned(), json!(200));
        context.insert("executedVersion".to_owned(), json!(last.executed_version));
        context.insert("functionError".to_owned(), json!(last.error.map(|error| error.as_str())));
        context
    });
    let mut batch = Map::new();
    batch.insert("shardId".to_owned(), json!(shard));
    if let [first, ..] = records
        && let [.., last] = records
    {
        batch.insert("startSequenceNumber".to_owned(), json!(first.sequence_number));
        batch.insert("endSequenceNumber".to_owned(), json!(last.sequence_number));
        batch.insert("approximateArrivalOfFirstRecord".to_owned(), json!(event::seconds(first.arrived_at)));
        batch.insert("approximateArrivalOfLastRecord".to_owned(), json!(event::seconds(last.arrived_at)));
    }
    batch.insert("batchSize".to_owned(), json!(records.len()));
    batch.insert("streamArn".to_owned(), json!(mapping.source.to_string()));
    let info = if mapping.source.service == "kinesis" { "KinesisBatchInfo" } else { "DDBStreamBatchInfo" };
    json!({
        "requestContext": {
            "requestId": request.to_string(),
            "functionArn": mapping.function.to_string(),
            "condition": condition.as_str(),
            "approximateInvokeCount": calls,
        },
        "responseContext": context,
        "version": "1.0",
        "timestamp": event::millis(*now),
        info: batch,
    })
}

/// The delivery to a destination. Buckets also get the records themselves.
pub(super) fn delivery(mapping: &Mapping, target: &Arn, given_up: &GivenUp<'_>) -> Delivery {
    let mut body = body(mapping, given_up);
    if target.service == "s3" {
        let records = event::event(given_up.records.iter().map(|record| &record.json), None);
        body["payload"] = String::from_utf8_lossy(&records).into_owned().into();
    }
    Delivery {
        source: mapping.function.clone(),
        target: target.clone(),
        lane: None,
        deduplication_id: (target.service == "s3").then(|| {
            let at = event::object_time(given_up.now);
            format!("aws/lambda/{}/{}/{at}-{}", mapping.id, given_up.shard, given_up.request)
        }),
        payload: Bytes::from(body.to_string()),
        attributes: Vec::new(),
        role: mapping.role.clone(),
        retry: RetryPolicy { max_retries: 3, max_age_ms: 3_600_000 },
        dead_letter: None,
        hops: 0,
        trace: shared_trace(given_up.records.iter().map(|record| record.trace.as_deref())),
        raised_at: given_up.now,
    }
}
