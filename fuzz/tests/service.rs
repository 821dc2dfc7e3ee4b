//! The whole way of a request: the gateway's routing, and what SQS reads inside its inputs (policies,
//! attributes, message attributes, receipts). Whatever comes, the server answers, and never with a
//! failure of its own.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test's runtime is its own")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use tidegate_env::Env;
use tidegate_fuzz::{Material, fuzz};
use tidegate_gateway::{
    Access, AccessKeys, Admin, Auth, BodyBudget, BodyReader, Gateway, InitBoard, Mode, Origin, Parted, Sources,
};
use tidegate_queue::Queues;
use tidegate_sqs::Sqs;
use tidegate_store::{EmbeddedStore, Store};
use tokio::runtime::Runtime;

struct World {
    runtime: Runtime,
    gateway: Gateway,
}

impl World {
    fn new(enforce: bool) -> World {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let gateway = runtime.block_on(gateway(enforce));
        World { runtime, gateway }
    }

    /// Sends a request in text (a line with method and target, headers, an empty line, a body) and
    /// answers the status; `None` if no HTTP server would have taken it for a request.
    fn send(&self, text: &[u8]) -> Option<u16> {
        let head = text.windows(2).position(|pair| pair == b"\n\n").unwrap_or(text.len());
        let body = Bytes::copy_from_slice(text.get(head + 2..).unwrap_or_default());
        let head = String::from_utf8_lossy(&text[..head]).into_owned();
        let mut lines = head.split('\n');
        let (method, target) = lines.next()?.split_once(' ')?;
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                request = request.header(name, value);
            }
        }
        let request = request.body(Full::new(body)).ok()?;
        let local = ([127, 0, 0, 1], 4566).into();
        let origin = Origin { peer: ([127, 0, 0, 1], 40_000).into(), local, scheme: "http" };
        let answer = self.runtime.block_on(self.gateway.handle(origin, request));
        let (parts, body) = answer.into_parts();
        let body = self.runtime.block_on(body.collect()).unwrap().to_bytes();
        let status = parts.status.as_u16();
        // 501 is the honest answer to a real operation that is not there yet; 503 says the same of a
        // disk, and there is none here.
        assert!(
            status < 500 || status == 501,
            "{status}: {}\n{}",
            String::from_utf8_lossy(&body),
            String::from_utf8_lossy(text)
        );
        Some(status)
    }
}

async fn gateway(enforce: bool) -> Gateway {
    let env = Env::real();
    // Long polls answer at once: nobody is to wait here.
    env.waits().end_all();
    let store: Arc<dyn Store> = EmbeddedStore::ephemeral(env.clone()).unwrap();
    let keys = Arc::new(AccessKeys::open(store.clone(), env.clone()).await.unwrap());
    let queues = Queues::open(store.clone(), env.clone()).await.unwrap();
    let options = tidegate_sqs::Options { purges_rest: false, ..tidegate_sqs::Options::default() };
    let sqs = Sqs::open(store.clone(), queues, env.clone(), options).await.unwrap();
    let sources = Sources { credentials: vec![keys.clone()], principals: None, resources: Vec::new() };
    Gateway::new(Parted {
        env,
        admin: Admin {
            version: "0.0.0",
            store,
            pages: sqs.admin_routes(),
            clock: None,
            resets: None,
            backup: None,
            keys: keys.clone(),
            init: Arc::new(InitBoard::default()),
            metrics: None,
            admin_key: Some("key".to_owned()),
        },
        served: vec![sqs],
        access: Access { bound: Some(([127, 0, 0, 1], 4566).into()), ..Access::default() },
        auth: Auth::new(if enforce { Mode::Enforce } else { Mode::Local }, sources),
        bodies: BodyReader {
            budget: Arc::new(BodyBudget::new(1 << 26)),
            limit: 1 << 22,
            stall: Duration::from_secs(10),
        },
        trust_proxy: true,
    })
}

const ROUTES: Material<'static> = Material {
    examples: &[
        b"POST /\nhost:localhost:4566\nx-amz-target:AmazonSQS.ListQueues\ncontent-type:application/x-amz-json-1.0\n\n{}",
        b"POST /000000000000/q?Action=SendMessage\nhost:sqs.us-east-1.localhost.localstack.cloud:4566\ncontent-type:application/x-www-form-urlencoded\nauthorization:AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=00\n\nMessageBody=hi&Version=2012-11-05",
        b"GET /?Action=ListQueues&Version=2012-11-05&X-Amz-Credential=A%2F20260101%2Fus-east-1%2Fsqs%2Faws4_request\nhost:sqs.eu-west-1.amazonaws.com\n\n",
        b"GET /_tidegate/sqs/peek?queueUrl=http://localhost/000000000000/q&max=5&after=1\nhost:localhost\n\n",
        b"PUT /bucket/key\nhost:bucket.s3.amazonaws.com\nx-forwarded-proto:https\nx-forwarded-host:example.com\n\nbody",
        b"POST /service/GraniteServiceVersion20100801/operation/PutMetricData\nhost:localhost\nsmithy-protocol:rpc-v2-cbor\n\n\xa0",
        b"OPTIONS /\nhost:localhost\norigin:http://localhost:3000\naccess-control-request-method:POST\n\n",
        b"POST /_tidegate/settle\nhost:127.0.0.1:4566\n\n{}",
        b"GET /2015-03-31/functions/f\nhost:localhost\nauthorization:AWS4-HMAC-SHA256 Credential=A/20260101/r/lambda/aws4_request\n\n",
    ],
    words: &[
        "/_tidegate/", "/_localstack/health", "/_aws/", "\nhost:", "\nx-amz-target:", "\nauthorization:", "AmazonSQS.",
        "DynamoDB_20120810.", "Credential=", "aws4_request", "%2F", "..", "//", "?", "&", "Action=", "localhost", ".s3.",
        "\norigin:", "null", "application/x-amz-json-1.1", "\nx-amz-date:20260101T000000Z",
    ],
};

#[test]
fn routing() {
    let worlds = std::panic::AssertUnwindSafe([World::new(false), World::new(true)]);
    fuzz(ROUTES, |text| {
        for world in worlds.iter() {
            world.send(text);
        }
    });
}

/// Sends a body to an operation; the queues `q`, `dead` and `f.fifo` exist.
fn operations(material: Material<'_>, names: &[&str]) {
    let world = std::panic::AssertUnwindSafe(World::new(false));
    let call = |name: &str, body: &[u8]| {
        let head = format!(
            "POST /\nhost:localhost:4566\nx-amz-target:AmazonSQS.{name}\ncontent-type:application/x-amz-json-1.0\n\n"
        );
        world.send(&[head.as_bytes(), body].concat())
    };
    for queue in ["q", "dead", "f.fifo"] {
        let fifo = if queue == "f.fifo" { r#","Attributes":{"FifoQueue":"true"}"# } else { "" };
        assert_eq!(call("CreateQueue", format!(r#"{{"QueueName":"{queue}"{fifo}}}"#).as_bytes()), Some(200));
    }
    fuzz(material, |body| {
        for name in names {
            call(name, body);
        }
    });
}

const ATTRIBUTES: Material<'static> = Material {
    examples: &[
        br#"{"QueueUrl":"q","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":\"3\"}"}}"#,
        br#"{"QueueUrl":"dead","Attributes":{"RedriveAllowPolicy":"{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"arn:aws:sqs:us-east-1:000000000000:q\"]}"}}"#,
        br#"{"QueueUrl":"q","QueueName":"q2","Attributes":{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:*\",\"Resource\":\"*\"}]}"}}"#,
        br#"{"QueueUrl":"f.fifo","QueueName":"g.fifo","Attributes":{"FifoQueue":"true","ContentBasedDeduplication":"true","DeduplicationScope":"messageGroup","FifoThroughputLimit":"perMessageGroupId","DelaySeconds":"900","VisibilityTimeout":"43200","KmsMasterKeyId":"alias/aws/sqs","KmsDataKeyReusePeriodSeconds":"60","SqsManagedSseEnabled":"false","MaximumMessageSize":"1048576","MessageRetentionPeriod":"60","ReceiveMessageWaitTimeSeconds":"20"}}"#,
        br#"{"QueueUrl":"q","AttributeNames":["All","Policy"],"Tags":{"a":"b"},"TagKeys":["a"],"Label":"l","AWSAccountIds":["123456789012"],"Actions":["*"]}"#,
        br#"{"SourceArn":"arn:aws:sqs:us-east-1:000000000000:dead","DestinationArn":"arn:aws:sqs:us-east-1:000000000000:q","MaxNumberOfMessagesPerSecond":500,"TaskHandle":"eyJ0YXNrSWQiOiJ4In0="}"#,
    ],
    words: &[
        "\\\"", "{", "}", "[", "]", "\"", "maxReceiveCount", "0", "-1", "1001", "99999999999", "null", "allowAll", "denyAll",
        "byQueue", "arn:aws:sqs:us-east-1:000000000000:f.fifo", "", " ", "true", "TRUE", "\\u0000", "1.5", "q", "f.fifo",
    ],
};

#[test]
fn queue_settings_and_policies() {
    let names = [
        "CreateQueue",
        "SetQueueAttributes",
        "GetQueueAttributes",
        "TagQueue",
        "UntagQueue",
        "AddPermission",
        "StartMessageMoveTask",
        "CancelMessageMoveTask",
        "ListMessageMoveTasks",
        "ListQueues",
        "GetQueueUrl",
    ];
    operations(ATTRIBUTES, &names);
}

const MESSAGES: Material<'static> = Material {
    examples: &[
        br#"{"QueueUrl":"q","MessageBody":"hi","DelaySeconds":1,"MessageAttributes":{"a.b":{"DataType":"Number.int","StringValue":"1e10"},"c":{"DataType":"Binary","BinaryValue":"AAEC"},"d":{"DataType":"String","StringValue":"x"}},"MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":"Root=1-5759e988-bd862e3fe1be46a994272793"}}}"#,
        br#"{"QueueUrl":"f.fifo","MessageBody":"hi","MessageGroupId":"g","MessageDeduplicationId":"d"}"#,
        br#"{"QueueUrl":"q","Entries":[{"Id":"a","MessageBody":"x","MessageGroupId":"g"},{"Id":"b","MessageBody":"y","ReceiptHandle":"r","VisibilityTimeout":1}]}"#,
        br#"{"QueueUrl":"q","ReceiptHandle":"AcWg7xEfccQiAAAAAAAAAAAAAABYAAAAAwAAAYvQV6K5JBIcVzyceeE=","VisibilityTimeout":43200}"#,
        br#"{"QueueUrl":"f.fifo","MaxNumberOfMessages":10,"VisibilityTimeout":0,"WaitTimeSeconds":20,"MessageAttributeNames":["a.*","All"],"MessageSystemAttributeNames":["All"],"ReceiveRequestAttemptId":"x"}"#,
    ],
    words: &[
        "\"", "{", "}", "[", "]", ",", "-1", "901", "43201", "1e309", "NaN", "Number", "Binary", "String.", "StringValue",
        "\\u0000", "\\uffff", "\\ud83d\\ude00", "AWS.", ".", "..", "q", "f.fifo", "null", "[]", "{}", "\"Id\":\"a\"",
    ],
};

#[test]
fn messages() {
    let names = [
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
    ];
    operations(MESSAGES, &names);
}
