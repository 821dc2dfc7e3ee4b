//! What is refused, and with which words. Most of these were recorded from AWS by public test suites.

use serde_json::{Value, json};

use crate::bed::{Bed, arn};

const VALUE: &str = "InvalidParameterValue";
const MISSING: &str = "MissingParameter";
const ATTRIBUTE_VALUE: &str = "InvalidAttributeValue";
const ATTRIBUTE_NAME: &str = "InvalidAttributeName";
const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";
const NAME: &str = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
const ENTRY_ID: &str = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.";
const CHARACTERS: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
const NO_LONGER: &str = "The specified queue does not exist.";

/// An operation, its input, and how it is refused.
type Case = (&'static str, Value, &'static str, String);

fn case(operation: &'static str, input: Value, code: &'static str, message: impl Into<String>) -> Case {
    (operation, input, code, message.into())
}

async fn check(bed: &Bed, cases: Vec<Case>) {
    for (operation, input, code, message) in cases {
        bed.refuses(operation, input, code, &message).await;
    }
    bed.check().await;
}

#[tokio::test]
async fn queues() {
    let bed = Bed::new().await;
    let create = |name: &str, attributes: Value| json!({ "QueueName": name, "Attributes": attributes });
    let fifo_name = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.";
    let fifo_only = |name: &str| format!("You can specify the {name} only when FifoQueue is set to true.");
    let mut cases = vec![
        case(
            "CreateQueue",
            json!({}),
            VALUE,
            "Value for parameter QueueName is invalid. Reason: Must specify a queue name.",
        ),
        case("CreateQueue", create("", json!({})), VALUE, "Queue name cannot be empty"),
        case("CreateQueue", create("a b", json!({})), VALUE, NAME),
        case("CreateQueue", create("queue/1", json!({})), VALUE, NAME),
        case("CreateQueue", create("q.fifo", json!({})), VALUE, NAME),
        case("CreateQueue", create(&"q".repeat(81), json!({})), VALUE, NAME),
        case("CreateQueue", create("q", json!({ "FifoQueue": "true" })), VALUE, fifo_name),
        case(
            "CreateQueue",
            create("q", json!({ "FifoQueue": "false" })),
            ATTRIBUTE_NAME,
            "Unknown Attribute FifoQueue.",
        ),
        case(
            "CreateQueue",
            create("q", json!({ "FifoQueue": "yes" })),
            ATTRIBUTE_VALUE,
            "Invalid value for the parameter FifoQueue.",
        ),
        case("CreateQueue", create("q", json!({ "Foo": "1" })), ATTRIBUTE_NAME, "Unknown Attribute Foo."),
        case("CreateQueue", create("q", json!({ "QueueArn": "1" })), ATTRIBUTE_NAME, "Unknown Attribute QueueArn."),
        case(
            "CreateQueue",
            create("q", json!({ "ContentBasedDeduplication": "true" })),
            ATTRIBUTE_NAME,
            "Unknown Attribute ContentBasedDeduplication.",
        ),
        case(
            "CreateQueue",
            create("q", json!({ "DeduplicationScope": "queue" })),
            ATTRIBUTE_NAME,
            fifo_only("DeduplicationScope"),
        ),
        case(
            "CreateQueue",
            create("q", json!({ "FifoThroughputLimit": "perQueue" })),
            ATTRIBUTE_NAME,
            fifo_only("FifoThroughputLimit"),
        ),
        case(
            "CreateQueue",
            create("q", json!({ "KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true" })),
            ATTRIBUTE_NAME,
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
        ),
        case("GetQueueUrl", json!({}), MISSING, "The request must contain the parameter QueueName."),
        case("GetQueueUrl", json!({ "QueueName": "unknown" }), NO_QUEUE, NO_LONGER),
        case("GetQueueUrl", json!({ "QueueName": "not a name" }), NO_QUEUE, NO_LONGER),
        case("DeleteQueue", json!({ "QueueUrl": "http://localhost/000000000000/unknown" }), NO_QUEUE, NO_LONGER),
        case(
            "GetQueueAttributes",
            json!({ "QueueUrl": "http://whatever-incorrect-queue-address" }),
            NO_QUEUE,
            NO_LONGER,
        ),
        case("DeleteQueue", json!({}), MISSING, "The request must contain the parameter QueueUrl."),
        case(
            "ListQueues",
            json!({ "MaxResults": 0 }),
            VALUE,
            "Value 0 for parameter MaxResults is invalid. Reason: MaxResults is out of its range.",
        ),
        case(
            "ListQueues",
            json!({ "MaxResults": 1001 }),
            VALUE,
            "Value 1001 for parameter MaxResults is invalid. Reason: MaxResults is out of its range.",
        ),
        case("ListQueues", json!({ "NextToken": "%" }), VALUE, "Invalid or expired next token."),
    ];
    let numbers = [
        ("DelaySeconds", ["-1", "901", "", " 6", "1.5"]),
        ("MaximumMessageSize", ["1023", "1048577", "", " 2000", "2000.4"]),
        ("MessageRetentionPeriod", ["59", "1209601", "", "+60", "x"]),
        ("ReceiveMessageWaitTimeSeconds", ["-1", "21", "", "4294967296", "1e1"]),
        ("VisibilityTimeout", ["-1", "43201", "", "99999999999999999999", "true"]),
        ("KmsDataKeyReusePeriodSeconds", ["59", "86401", "", "6O", "-300"]),
    ];
    for (name, values) in numbers {
        for value in values {
            let message = format!("Invalid value for the parameter {name}.");
            cases.push(case("CreateQueue", create("q", json!({ name: value })), ATTRIBUTE_VALUE, message));
        }
    }
    for operation in ["PurgeQueue", "ListQueueTags", "ListDeadLetterSourceQueues", "ReceiveMessage"] {
        cases.push(case(operation, json!({ "QueueUrl": "unknown" }), NO_QUEUE, NO_LONGER));
    }
    check(&bed, cases).await;
}

#[tokio::test]
async fn attributes_and_policies() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let fifo = bed.create_fifo("q.fifo", json!({})).await;
    let set = |url: &str, name: &str, value: &str| json!({ "QueueUrl": url, "Attributes": { name: value } });
    let redrive =
        |target: &str, count: Value| json!({ "deadLetterTargetArn": target, "maxReceiveCount": count }).to_string();
    let refused =
        |policy: &str, reason: &str| format!("Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}");
    let mut cases = vec![
        case("SetQueueAttributes", set(&url, "FifoQueue", "true"), ATTRIBUTE_NAME, "Unknown Attribute FifoQueue."),
        case(
            "SetQueueAttributes",
            set(&fifo, "FifoQueue", "false"),
            ATTRIBUTE_VALUE,
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        ),
        case(
            "SetQueueAttributes",
            set(&url, "CreatedTimestamp", "1"),
            ATTRIBUTE_NAME,
            "Unknown Attribute CreatedTimestamp.",
        ),
        case(
            "SetQueueAttributes",
            json!({ "QueueUrl": url }),
            MISSING,
            "The request must contain the parameter Attributes.",
        ),
        case(
            "GetQueueAttributes",
            json!({ "QueueUrl": url, "AttributeNames": ["QueueArn", "x"] }),
            ATTRIBUTE_NAME,
            "Unknown Attribute x.",
        ),
        case(
            "GetQueueAttributes",
            json!({ "QueueUrl": url, "AttributeNames": [""] }),
            ATTRIBUTE_NAME,
            "Unknown Attribute .",
        ),
        case(
            "SetQueueAttributes",
            set(&url, "RedrivePolicy", "[]"),
            ATTRIBUTE_VALUE,
            "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
        ),
    ];
    for (policy, reason) in [
        (
            json!({ "deadLetterTargetArn": arn("q") }).to_string(),
            "Redrive policy does not contain mandatory attribute: maxReceiveCount.",
        ),
        (
            json!({ "maxReceiveCount": 1 }).to_string(),
            "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
        ),
        (
            redrive(&arn("q"), json!(0)),
            "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
        ),
        (
            redrive(&arn("q"), json!(1001)),
            "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.",
        ),
        (
            redrive(&arn("q"), json!("x")),
            "Invalid value for maxReceiveCount: x, valid values are from 1 to 1000 both inclusive.",
        ),
        (redrive("q", json!(1)), "Dead-letter target ARN should be fully qualified ARN."),
        (
            redrive("arn:aws:sns:us-east-1:000000000000:q", json!(1)),
            "Only SQS queues are valid resources for deadLetterTargetArn.",
        ),
        (redrive(&arn("q.fifo"), json!(1)), "Dead-letter queue must be same type of queue as the source."),
        (redrive(&arn("unknown"), json!(1)), "Dead letter target does not exist."),
        (
            redrive("arn:aws:sqs:us-east-1:123456789012:q", json!(1)),
            "Dead-letter target owner should be same as the source.",
        ),
        (
            json!({ "deadLetterTargetArn": arn("q"), "maxReceiveCount": 1, "other": 1 }).to_string(),
            "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
        ),
    ] {
        let message = refused(&policy, reason);
        cases.push(case("SetQueueAttributes", set(&url, "RedrivePolicy", &policy), VALUE, message));
    }
    let format = "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format.";
    for policy in
        ["badjson", "[]", "{}", r#"{"redrivePermission":"dummy"}"#, r#"{"redrivePermission":"allowAll","x":1}"#]
    {
        cases.push(case("SetQueueAttributes", set(&url, "RedriveAllowPolicy", policy), ATTRIBUTE_VALUE, format));
    }
    let eleven = json!({ "redrivePermission": "byQueue", "sourceQueueArns": vec![arn("q"); 11] }).to_string();
    for (policy, reason) in [
        (
            r#"{"redrivePermission":"byQueue"}"#,
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        (
            r#"{"redrivePermission":"byQueue","sourceQueueArns":[]}"#,
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        (eleven.as_str(), "The maximum number of source queue ARNs you can specify is 10."),
        (
            r#"{"redrivePermission":"denyAll","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:q"]}"#,
            "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.",
        ),
    ] {
        let message = format!(
            "Value {policy} for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't create the redrive allow policy. {reason}"
        );
        cases.push(case("SetQueueAttributes", set(&url, "RedriveAllowPolicy", policy), VALUE, message));
    }
    for policy in [
        "x",
        "[]",
        "{}",
        r#"{"Statement":[]}"#,
        r#"{"Version":"1999","Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}"#,
    ] {
        cases.push(case(
            "SetQueueAttributes",
            set(&url, "Policy", policy),
            ATTRIBUTE_VALUE,
            "Invalid value for the parameter Policy.",
        ));
    }
    check(&bed, cases).await;
}

#[tokio::test]
async fn sending() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let small = bed.create("small", json!({ "MaximumMessageSize": "1024" })).await;
    let fifo = bed.create_fifo("q.fifo", json!({})).await;
    let send = |url: &str, extra: Value| {
        let mut input = json!({ "QueueUrl": url, "MessageBody": "x" });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let attribute = |name: &str, value: Value| send(&url, json!({ "MessageAttributes": { name: value } }));
    let string = |value: &str| json!({ "DataType": "String", "StringValue": value });
    let id = |parameter: &str, value: &str| {
        format!(
            "Value {value} for parameter {parameter} is invalid. Reason: {parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        )
    };
    let not_here = |parameter: &str, value: &str| {
        format!(
            "Value {value} for parameter {parameter} is invalid. Reason: The request include parameter that is not valid for this queue type."
        )
    };
    let reserved = "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use. Additionally, they cannot start or end with '.'.";
    let name_characters = "Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens and underscores. ";
    let many: serde_json::Map<String, Value> = (0..11).map(|n| (format!("a{n}"), string("x"))).collect();
    let large = "One or more parameters are invalid. Reason: Message must be shorter than";
    let long = "g".repeat(129);
    check(
        &bed,
        vec![
            case("SendMessage", json!({ "QueueUrl": url }), MISSING, "The request must contain the parameter MessageBody."),
            case("SendMessage", send(&url, json!({ "MessageBody": "" })), MISSING, "The request must contain the parameter MessageBody."),
            case("SendMessage", send("unknown", json!({})), NO_QUEUE, NO_LONGER),
            case("SendMessage", send(&url, json!({ "MessageBody": "\u{8}" })), "InvalidMessageContents", CHARACTERS),
            case("SendMessage", send(&url, json!({ "MessageBody": "a\u{ffff}" })), "InvalidMessageContents", CHARACTERS),
            case("SendMessage", send(&url, json!({ "MessageBody": "x".repeat(1_048_577) })), VALUE, format!("{large} 1048576 bytes.")),
            case("SendMessage", send(&small, json!({ "MessageBody": "x".repeat(1025) })), VALUE, format!("{large} 1024 bytes.")),
            case(
                "SendMessage",
                send(&small, json!({ "MessageBody": "x".repeat(1000), "MessageAttributes": { "name": string(&"v".repeat(20)) } })),
                VALUE,
                format!("{large} 1024 bytes."),
            ),
            case("SendMessage", send(&url, json!({ "DelaySeconds": -1 })), VALUE, "Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."),
            case("SendMessage", send(&url, json!({ "DelaySeconds": 901 })), VALUE, "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."),
            case("SendMessage", send(&url, json!({ "MessageDeduplicationId": "d" })), VALUE, not_here("MessageDeduplicationId", "d")),
            case("SendMessage", send(&url, json!({ "MessageGroupId": "" })), VALUE, id("MessageGroupId", "")),
            case("SendMessage", send(&url, json!({ "MessageGroupId": long })), VALUE, id("MessageGroupId", &long)),
            case("SendMessage", send(&url, json!({ "MessageGroupId": "group 123" })), VALUE, id("MessageGroupId", "group 123")),
            case("SendMessage", send(&fifo, json!({ "MessageDeduplicationId": "d" })), MISSING, "The request must contain the parameter MessageGroupId."),
            case(
                "SendMessage",
                send(&fifo, json!({ "MessageGroupId": "g" })),
                VALUE,
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
            ),
            case("SendMessage", send(&fifo, json!({ "MessageGroupId": "g", "MessageDeduplicationId": "" })), VALUE, id("MessageDeduplicationId", "")),
            case("SendMessage", send(&fifo, json!({ "MessageGroupId": "g", "MessageDeduplicationId": "a b" })), VALUE, id("MessageDeduplicationId", "a b")),
            case("SendMessage", send(&fifo, json!({ "MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 2 })), VALUE, not_here("DelaySeconds", "2")),
            case("SendMessage", send(&url, json!({ "MessageAttributes": many })), VALUE, "Number of message attributes [11] exceeds the allowed maximum [10]."),
            case("SendMessage", attribute("", string("x")), VALUE, "The request must contain non-empty message (user) attribute names."),
            case("SendMessage", attribute(&"n".repeat(257), string("x")), VALUE, "Message (user) attribute names must be shorter than 256 Bytes"),
            case("SendMessage", attribute("a!", string("x")), VALUE, name_characters),
            case("SendMessage", attribute("aWs.x", string("x")), VALUE, reserved),
            case("SendMessage", attribute("AMAZON.x", string("x")), VALUE, reserved),
            case("SendMessage", attribute(".x", string("x")), VALUE, reserved),
            case("SendMessage", attribute("a", string("")), VALUE, "Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
            case("SendMessage", attribute("a", string("\u{b}")), VALUE, CHARACTERS),
            case("SendMessage", attribute("a", json!({})), VALUE, "The message (user) attribute 'a' must contain a non-empty message attribute value."),
            case("SendMessage", attribute("a", json!({ "StringValue": "x" })), VALUE, "The message (user) attribute 'a' must contain a non-empty message attribute type."),
            case(
                "SendMessage",
                attribute("a", json!({ "DataType": "Invalid", "StringValue": "x" })),
                VALUE,
                "The type of message (user) attribute 'a' is invalid. You must use only the following supported type prefixes: Binary, Number, String.",
            ),
            case("SendMessage", attribute("a", json!({ "DataType": "Number", "StringValue": "x" })), VALUE, "Can't cast the value of message (user) attribute 'a' to a number."),
            case("SendMessage", attribute("a", json!({ "DataType": "Binary", "StringValue": "x" })), VALUE, "The message (user) attribute 'a' with type 'Binary' must use field 'Binary'."),
            case(
                "SendMessage",
                attribute("a", json!({ "DataType": "String", "StringListValues": ["x"] })),
                "AWS.SimpleQueueService.UnsupportedOperation",
                "Message attribute list values in SendMessage operation are not supported.",
            ),
            case(
                "SendMessage",
                send(&url, json!({ "MessageSystemAttributes": { "Hello": string("x") } })),
                VALUE,
                "Message system attribute name 'Hello' is invalid.",
            ),
        ],
    )
    .await;
    assert_eq!((bed.counts(&url).await, bed.counts(&fifo).await), ([0, 0, 0], [0, 0, 0]));
}

#[tokio::test]
async fn batches() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let fifo = bed.create_fifo("q.fifo", json!({})).await;
    let send = |ids: &[&str]| {
        let entries: Value = ids.iter().map(|id| json!({ "Id": id, "MessageBody": "x" })).collect();
        json!({ "QueueUrl": url, "Entries": entries })
    };
    let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
    let fifo_entry = |extra: Value| {
        let mut entry = json!({ "Id": "1", "MessageBody": "x" });
        entry.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({ "QueueUrl": fifo, "Entries": [entry] })
    };
    const EMPTY: &str = "AWS.SimpleQueueService.EmptyBatchRequest";
    const TOO_MANY: &str = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
    const MALFORMED: &str = "AWS.SimpleQueueService.InvalidBatchEntryId";
    const REPEATED: &str = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
    const TOO_LONG: &str = "AWS.SimpleQueueService.BatchRequestTooLong";
    let too_many = "Maximum number of entries per request are 10. You have sent 11.";
    let half = "x".repeat(524_288);
    let mut cases = vec![
        case(
            "SendMessageBatch",
            send(&[]),
            EMPTY,
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ),
        case(
            "SendMessageBatch",
            json!({ "QueueUrl": url }),
            EMPTY,
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ),
        case("SendMessageBatch", send(&eleven), TOO_MANY, too_many),
        case("SendMessageBatch", send(&[""]), MALFORMED, ENTRY_ID),
        case("SendMessageBatch", send(&[".!@#$%^&*()+="]), MALFORMED, ENTRY_ID),
        case("SendMessageBatch", send(&[&"i".repeat(81)]), MALFORMED, ENTRY_ID),
        case(
            "SendMessageBatch",
            json!({ "QueueUrl": url, "Entries": [{ "Id": "a", "MessageBody": "x" }, { "MessageBody": "x" }] }),
            MISSING,
            "The request must contain the parameter SendMessageBatchRequestEntry.2.Id.",
        ),
        case("SendMessageBatch", send(&["id_1", "id_2", "id_2", "id_1"]), REPEATED, "Id id_2 repeated."),
        case(
            "SendMessageBatch",
            json!({ "QueueUrl": url, "Entries": [{ "Id": "1", "MessageBody": half }, { "Id": "2", "MessageBody": format!("{half}x") }] }),
            TOO_LONG,
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
        ),
        case(
            "SendMessageBatch",
            fifo_entry(json!({ "MessageDeduplicationId": "d" })),
            VALUE,
            "The request must contain the parameter MessageGroupId.",
        ),
        case(
            "SendMessageBatch",
            fifo_entry(json!({ "MessageGroupId": "g" })),
            VALUE,
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
    ];
    for (operation, entry) in [
        ("DeleteMessageBatch", "DeleteMessageBatchRequestEntry"),
        ("ChangeMessageVisibilityBatch", "ChangeMessageVisibilityBatchRequestEntry"),
    ] {
        let entries = |ids: &[&str]| -> Value {
            let entries: Value =
                ids.iter().map(|id| json!({ "Id": id, "ReceiptHandle": "x", "VisibilityTimeout": 1 })).collect();
            json!({ "QueueUrl": url, "Entries": entries })
        };
        cases.push(case(
            operation,
            entries(&[]),
            EMPTY,
            format!("There should be at least one {entry} in the request."),
        ));
        cases.push(case(operation, entries(&eleven), TOO_MANY, too_many));
        cases.push(case(operation, entries(&["a", "a"]), REPEATED, "Id a repeated."));
        cases.push(case(operation, entries(&["a!"]), MALFORMED, ENTRY_ID));
    }
    check(&bed, cases).await;
}

#[tokio::test]
async fn receiving_and_receipts() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let other = bed.create("other", json!({})).await;
    bed.send(&other, "x").await;
    let elsewhere = bed.receive(&other).await[0]["ReceiptHandle"].as_str().unwrap().to_owned();
    let receive = |name: &str, value: Value| json!({ "QueueUrl": url, name: value });
    let number = |parameter: &str, value: i64, reason: &str| {
        format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}")
    };
    let handle = |handle: &str| json!({ "QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 1 });
    let invalid = |handle: &str| format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
    let change = json!({ "QueueUrl": other, "ReceiptHandle": elsewhere, "VisibilityTimeout": 43_201 });
    check(
        &bed,
        vec![
            case("ReceiveMessage", receive("MaxNumberOfMessages", json!(0)), VALUE, number("MaxNumberOfMessages", 0, "Must be between 1 and 10, if provided.")),
            case("ReceiveMessage", receive("MaxNumberOfMessages", json!(11)), VALUE, number("MaxNumberOfMessages", 11, "Must be between 1 and 10, if provided.")),
            case("ReceiveMessage", receive("WaitTimeSeconds", json!(-1)), VALUE, number("WaitTimeSeconds", -1, "Must be >= 0 and <= 20, if provided.")),
            case("ReceiveMessage", receive("WaitTimeSeconds", json!(21)), VALUE, number("WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided.")),
            case("ReceiveMessage", receive("VisibilityTimeout", json!(-1)), VALUE, number("VisibilityTimeout", -1, "Must be >= 0 and <= 43200, if provided.")),
            case("ReceiveMessage", receive("VisibilityTimeout", json!(43_201)), VALUE, number("VisibilityTimeout", 43_201, "Must be >= 0 and <= 43200, if provided.")),
            case("ReceiveMessage", receive("AttributeNames", json!(["Foo"])), ATTRIBUTE_NAME, "Unknown Attribute Foo."),
            case("ReceiveMessage", receive("MessageSystemAttributeNames", json!(["Foo"])), ATTRIBUTE_NAME, "Unknown Attribute Foo."),
            case(
                "ReceiveMessage",
                receive("ReceiveRequestAttemptId", json!("try")),
                VALUE,
                "Value try for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type.",
            ),
            case("DeleteMessage", handle("INVALID"), "ReceiptHandleIsInvalid", invalid("INVALID")),
            case("DeleteMessage", handle(&elsewhere), "ReceiptHandleIsInvalid", invalid(&elsewhere)),
            case("DeleteMessage", json!({ "QueueUrl": url }), MISSING, "The request must contain the parameter ReceiptHandle."),
            case("ChangeMessageVisibility", handle("AAAA"), "ReceiptHandleIsInvalid", invalid("AAAA")),
            case("ChangeMessageVisibility", json!({ "QueueUrl": url, "ReceiptHandle": elsewhere }), MISSING, "The request must contain the parameter VisibilityTimeout."),
            case("ChangeMessageVisibility", change, VALUE, number("VisibilityTimeout", 43_201, "VisibilityTimeout must be an integer between 0 and 43200.")),
        ],
    )
    .await;
}

#[tokio::test]
async fn permissions_and_tags() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let add = |label: &str, accounts: &[&str], actions: &[&str]| json!({ "QueueUrl": url, "Label": label, "AWSAccountIds": accounts, "Actions": actions });
    let someone = ["111111111111"];
    let eight = [
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
    ];
    let action =
        |name: &str, reason: &str| format!("Value SQS:{name} for parameter ActionName is invalid. Reason: {reason}");
    let owner = "Only the queue owner is allowed to invoke this action.";
    let wsdl = "Please refer to the appropriate WSDL for a list of valid actions. ";
    check(
        &bed,
        vec![
            case("AddPermission", add("l", &someone, &["RemovePermission"]), VALUE, action("RemovePermission", owner)),
            case("AddPermission", add("l", &someone, &["SendMessageBatch"]), VALUE, action("SendMessageBatch", wsdl)),
            case("AddPermission", add("l", &someone, &eight), "OverLimit", "8 Actions were found, maximum allowed is 7."),
            case("AddPermission", add("l", &["x"], &["*"]), VALUE, "Value [x] for parameter PrincipalId is invalid. Reason: Unable to verify."),
            case(
                "AddPermission",
                add("a b", &someone, &["*"]),
                VALUE,
                "Value a b for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
            ),
            case("RemovePermission", json!({ "QueueUrl": url, "Label": "l" }), VALUE, "Value l for parameter Label is invalid. Reason: can't find label."),
            case("TagQueue", json!({ "QueueUrl": url, "Tags": { "": "v" } }), VALUE, "Tag keys must be between 1 and 128 characters in length."),
            case("TagQueue", json!({ "QueueUrl": url, "Tags": { "aws:x": "v" } }), VALUE, "Tag keys cannot begin with 'aws:', which is reserved for system use."),
            case("TagQueue", json!({ "QueueUrl": url }), MISSING, "The request must contain the parameter Tags."),
        ],
    )
    .await;
    assert_eq!(bed.call("AddPermission", add("l", &someone, &eight)).await.unwrap_err().status, 403);
}

#[tokio::test]
async fn message_move_tasks() {
    let bed = Bed::new().await;
    bed.create("dead", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    bed.create("live", json!({ "RedrivePolicy": policy })).await;
    bed.create_fifo("q.fifo", json!({})).await;
    let start = |extra: Value| {
        let mut input = json!({ "SourceArn": arn("dead") });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let format = |parameter: &str| {
        format!(
            "You must use this format to specify the {parameter}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    };
    let missing =
        |parameter: &str| format!("The resource that you specified for the {parameter} parameter doesn't exist.");
    const NOT_FOUND: &str = "ResourceNotFoundException";
    let rate = "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number that's between 1 and 500.";
    use base64::Engine;
    let handle = |task: &str, source: &str| {
        let json = json!({ "taskId": task, "sourceArn": source }).to_string();
        json!({ "TaskHandle": base64::engine::general_purpose::STANDARD.encode(json) })
    };
    check(
        &bed,
        vec![
            case("StartMessageMoveTask", json!({}), MISSING, "The request must contain the parameter SourceArn."),
            case("StartMessageMoveTask", json!({ "SourceArn": "dead" }), VALUE, format("SourceArn")),
            case("StartMessageMoveTask", json!({ "SourceArn": arn("unknown") }), NOT_FOUND, missing("SourceArn")),
            case(
                "StartMessageMoveTask",
                json!({ "SourceArn": arn("live") }),
                VALUE,
                "Source queue must be configured as a Dead Letter Queue.",
            ),
            case("StartMessageMoveTask", start(json!({ "DestinationArn": "" })), VALUE, format("DestinationArn")),
            case(
                "StartMessageMoveTask",
                start(json!({ "DestinationArn": arn("unknown") })),
                NOT_FOUND,
                missing("DestinationArn"),
            ),
            case(
                "StartMessageMoveTask",
                start(json!({ "DestinationArn": arn("dead") })),
                VALUE,
                "Source queue arn and destination queue arn cannot be the same.",
            ),
            case(
                "StartMessageMoveTask",
                start(json!({ "DestinationArn": arn("q.fifo") })),
                VALUE,
                "The source queue and destination queue must be of the same queue type.",
            ),
            case("StartMessageMoveTask", start(json!({ "MaxNumberOfMessagesPerSecond": 0 })), VALUE, rate),
            case("StartMessageMoveTask", start(json!({ "MaxNumberOfMessagesPerSecond": 501 })), VALUE, rate),
            case("ListMessageMoveTasks", json!({ "SourceArn": "x" }), VALUE, format("SourceArn")),
            case("ListMessageMoveTasks", json!({ "SourceArn": arn("unknown") }), NOT_FOUND, missing("SourceArn")),
            case(
                "CancelMessageMoveTask",
                json!({ "TaskHandle": "invalid" }),
                VALUE,
                "Value for parameter TaskHandle is invalid.",
            ),
            case("CancelMessageMoveTask", handle("id", &arn("unknown")), NOT_FOUND, missing("SourceArn")),
            case("CancelMessageMoveTask", handle("id", &arn("dead")), NOT_FOUND, "Task does not exist."),
        ],
    )
    .await;
    let refused = bed.call("CancelMessageMoveTask", handle("id", &arn("dead"))).await.unwrap_err();
    assert_eq!(refused.status, 404);
}
