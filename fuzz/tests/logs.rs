//! CloudWatch Logs: names, ids, what is read back from disk, and what requests hold. Whatever comes is
//! understood or refused; the service answers no request with a failure of its own.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test's runtime is its own")]

use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use tidegate_delivery::Dispatcher;
use tidegate_env::Env;
use tidegate_fuzz::{Material, call, fuzz};
use tidegate_log::Logs;
use tidegate_logs::CloudWatchLogs;
use tidegate_logs::domain::{EventId, GroupReference, StreamName};
use tidegate_logs::store::{
    ChunkRecord, DestinationRecord, GarbageRecord, GroupRecord, GroupSizeRecord, IndexRecord, MetricFilterRecord,
    PolicyRecord, StreamRecord, SubscriptionRecord, keys,
};
use tidegate_ports::Sink;
use tidegate_record::Stored;
use tidegate_store::{EmbeddedStore, Store};
use tidegate_types::{AccountId, Region};
use tokio::runtime::Runtime;

const NAMES: Material<'static> = Material {
    examples: &[
        b"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*",
        b"/aws/lambda/f",
        b"2024/01/01/[$LATEST]0123456789abcdef",
        b"30001700000000000000000000000000000001700000000000000000",
    ],
    words: &["arn:aws:logs:", "log-group:", "log-stream:", ":", "*", "/", "3", "99999", "\u{0}", "ä"],
};

#[test]
fn names_and_ids() {
    fuzz(NAMES, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Some(address) = GroupReference(text.to_string()).resolve(AccountId::DEFAULT, &Region::us_east_1()) {
            let again = GroupReference(address.name.clone()).resolve(address.account, &address.region);
            assert!(again == Some(address) || !text.starts_with("arn:"), "{text}");
        }
        assert!(StreamName::parse(StreamName::from_any(&text).as_str()).is_some());
        if let Some(id) = EventId::parse(&text) {
            assert_eq!(id.text(), text);
        }
    });
}

/// What decodes is encoded again to what decodes to the same.
fn decode<T: Stored + PartialEq + Debug>(bytes: &Bytes) {
    if let Ok(record) = T::decode(bytes) {
        assert_eq!(T::decode(&record.encode()).as_ref(), Ok(&record), "{}", T::NAME);
    }
}

const RECORDS: Material<'static> = Material {
    examples: &[
        b"\x01\x07\x02\x03\x01a\x05\x01b",
        b"\x01\x00\x00\x00\x00\x00\x00\x01\x02\x03\x01\x90\x03\x01\x01\x01k\x01\x01\x01a\x01b",
        b"\x01\x01p\x01m\x01n\x011\x01\x3f\xf0\x00\x00\x00\x00\x00\x00\x01\x01d\x03$.d\x01\x01u\x05",
        b"\x17\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00us-east-1\x00\x01g\x00\x01",
    ],
    words: &["\u{0}", "\u{1}", "\u{7f}", "\u{ff}", "arn:aws:sqs:us-east-1:000000000000:q", "aaaaaaaaaaaaaaaa"],
};

#[test]
fn records_and_keys() {
    fuzz(RECORDS, |bytes| {
        let bytes = Bytes::copy_from_slice(bytes);
        decode::<ChunkRecord>(&bytes);
        decode::<DestinationRecord>(&bytes);
        decode::<GarbageRecord>(&bytes);
        decode::<GroupRecord>(&bytes);
        decode::<GroupSizeRecord>(&bytes);
        decode::<IndexRecord>(&bytes);
        decode::<MetricFilterRecord>(&bytes);
        decode::<PolicyRecord>(&bytes);
        decode::<StreamRecord>(&bytes);
        decode::<SubscriptionRecord>(&bytes);
        if let Ok((group, name)) = keys::read_stream(&bytes) {
            assert_eq!(keys::stream(group, &name), bytes);
        }
        if let Ok(keys::Catalogued::Group(address)) = keys::read_catalogue(&bytes) {
            assert_eq!(keys::group(&address), bytes);
        }
    });
}

struct World {
    runtime: Runtime,
    logs: Arc<CloudWatchLogs>,
    _sink: Arc<dyn Sink>,
}

impl World {
    fn new() -> World {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (logs, sink) = runtime.block_on(async {
            let env = Env::real();
            let store: Arc<dyn Store> = EmbeddedStore::ephemeral(env.clone()).unwrap();
            let library = Arc::new(Logs::open(store.clone()).await.unwrap());
            let post = Arc::new(Dispatcher::new());
            let logs = CloudWatchLogs::open(store, library, env, post.clone()).await.unwrap();
            let sink = logs.sink();
            post.register(&sink).unwrap();
            (logs, sink)
        });
        World { runtime, logs, _sink: sink }
    }

    /// Sends a body to an operation; `None` if it was refused.
    fn call(&self, name: &str, body: &[u8]) -> Option<()> {
        call(&self.runtime, &*self.logs, name, body)
    }
}

const REQUESTS: Material<'static> = Material {
    examples: &[
        br#"{"logGroupName":"g","logStreamName":"s","startTime":0,"endTime":9,"limit":3,"startFromHead":true,"nextToken":"f/30001700000000000000000000000000000001700000000000000000/s"}"#,
        br#"{"logGroupIdentifier":"arn:aws:logs:us-east-1:000000000000:log-group:g","filterPattern":"{ $.a = 1 }","logStreamNames":["s"],"interleaved":true}"#,
        br#"{"logGroupName":"g","filterName":"f","filterPattern":"[a, b=1*]","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"$a","defaultValue":"NaN","dimensions":{"d":"$b"}}],"destinationArn":"arn:aws:logs:us-east-1:000000000000:log-group:g","distribution":"Random"}"#,
        br#"{"logGroupName":"g","orderBy":"LastEventTime","descending":true,"limit":1,"nextToken":"FwIAAA","logStreamNamePrefix":"s","retentionInDays":7,"tags":{"a":"b"}}"#,
        br#"{"resourceArn":"arn:aws:logs:us-east-1:000000000000:log-group:g","tags":{"a":"b"},"tagKeys":["a"],"policyName":"p","policyDocument":"{}","destinationName":"d","targetArn":"arn:aws:sqs:us-east-1:000000000000:q","roleArn":"r","accessPolicy":"{}"}"#,
        br#"{"logGroupIdentifiers":["g"],"logEventFilterPattern":"x","logGroupNamePrefix":"g","filterPattern":"%a%","logEventMessages":["a","b"]}"#,
        br#"{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1700000000000,"message":"x"},{"timestamp":1700000000001,"message":"{}"}]}"#,
    ],
    words: &[
        "\"", "{", "}", "[", "]", ",", ":", "null", "true", "-1", "9223372036854775807", "1e99", "NaN", "\"g\"", "\"s\"", "arn:aws:",
        "log-group:", "destination:", "$.a", "%", "f/", "b/", "/s", "\\u0000", "\\ud83d\\ude00", "*", "",
    ],
};

#[test]
fn requests() {
    let world = AssertUnwindSafe(World::new());
    assert_eq!(world.call("CreateLogGroup", br#"{"logGroupName":"g"}"#), Some(()));
    assert_eq!(world.call("CreateLogStream", br#"{"logGroupName":"g","logStreamName":"s"}"#), Some(()));
    fuzz(REQUESTS, |body| {
        for name in [
            "GetLogEvents",
            "FilterLogEvents",
            "PutMetricFilter",
            "DescribeMetricFilters",
            "PutSubscriptionFilter",
            "DescribeSubscriptionFilters",
            "DescribeLogStreams",
            "DescribeLogGroups",
            "ListLogGroups",
            "PutRetentionPolicy",
            "TagResource",
            "UntagResource",
            "PutResourcePolicy",
            "DescribeResourcePolicies",
            "PutDestination",
            "PutDestinationPolicy",
            "DescribeDestinations",
            "TestMetricFilter",
            "StartLiveTail",
            "PutLogEvents",
        ] {
            world.call(name, body);
        }
    });
}
