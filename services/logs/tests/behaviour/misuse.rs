//! What is refused, and with which words. Most of these were recorded from AWS by public test suites.

use serde_json::{Value, json};

use crate::bed::{Bed, START};

const PARAMETER: &str = "InvalidParameterException";
const MISSING: &str = "ResourceNotFoundException";
const NO_GROUP: &str = "The specified log group does not exist.";
const NO_STREAM: &str = "The specified log stream does not exist.";
const LONG: &str = "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";

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

fn constraint(value: &str, at: &str, words: &str) -> String {
    format!("1 validation error detected: Value {value} at '{at}' failed to satisfy constraint: {words}")
}

#[tokio::test]
async fn what_does_not_exist() {
    let bed = Bed::new().await;
    bed.create("g", &[]).await;
    let no_group = |operation| case(operation, json!({ "logGroupName": "x" }), MISSING, NO_GROUP);
    let event = json!([{ "timestamp": START.as_millis(), "message": "x" }]);
    let mut cases: Vec<Case> = [
        "DeleteLogGroup",
        "DeleteRetentionPolicy",
        "DescribeLogStreams",
        "DescribeMetricFilters",
        "DescribeSubscriptionFilters",
        "FilterLogEvents",
        "ListTagsLogGroup",
    ]
    .map(no_group)
    .into();
    cases.extend([
        case("CreateLogStream", json!({ "logGroupName": "x", "logStreamName": "s" }), MISSING, NO_GROUP),
        case("DeleteLogStream", json!({ "logGroupName": "x", "logStreamName": "s" }), MISSING, NO_GROUP),
        case("DeleteLogStream", json!({ "logGroupName": "g", "logStreamName": "s" }), MISSING, NO_STREAM),
        case("GetLogEvents", json!({ "logGroupName": "x", "logStreamName": "s" }), MISSING, NO_GROUP),
        case("GetLogEvents", json!({ "logGroupName": "g", "logStreamName": "s" }), MISSING, NO_STREAM),
        case(
            "PutLogEvents",
            json!({ "logGroupName": "x", "logStreamName": "s", "logEvents": event }),
            MISSING,
            NO_GROUP,
        ),
        case(
            "PutLogEvents",
            json!({ "logGroupName": "g", "logStreamName": "s", "logEvents": event }),
            MISSING,
            NO_STREAM,
        ),
        case("FilterLogEvents", json!({ "logGroupName": "g", "logStreamNames": ["s"] }), MISSING, NO_STREAM),
        case("PutRetentionPolicy", json!({ "logGroupName": "x", "retentionInDays": 1 }), MISSING, NO_GROUP),
        case("TagLogGroup", json!({ "logGroupName": "x", "tags": { "a": "b" } }), MISSING, NO_GROUP),
        case("UntagLogGroup", json!({ "logGroupName": "x", "tags": ["a"] }), MISSING, NO_GROUP),
        case("DeleteResourcePolicy", json!({ "policyName": "x" }), MISSING, "Policy with name [x] does not exist."),
        case(
            "DeleteDestination",
            json!({ "destinationName": "x" }),
            MISSING,
            "The specified destination does not exist.",
        ),
        case(
            "DeleteMetricFilter",
            json!({ "logGroupName": "g", "filterName": "f" }),
            MISSING,
            "The specified metric filter does not exist.",
        ),
        case(
            "DeleteSubscriptionFilter",
            json!({ "logGroupName": "g", "filterName": "f" }),
            MISSING,
            "The specified subscription filter does not exist.",
        ),
        case(
            "ListTagsForResource",
            json!({ "resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:x" }),
            MISSING,
            NO_GROUP,
        ),
        case(
            "FilterLogEvents",
            json!({ "logGroupIdentifier": "arn:aws:sqs:us-east-1:000000000000:q" }),
            MISSING,
            NO_GROUP,
        ),
    ]);
    check(&bed, cases).await;
}

#[tokio::test]
async fn groups_and_streams() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let both = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
    let exists = "ResourceAlreadyExistsException";
    let pattern = "Member must satisfy regular expression pattern: ";
    let null = |at: &str| constraint("null", at, "Member must not be null");
    let cases = vec![
        case("CreateLogGroup", json!({ "logGroupName": "g" }), exists, "The specified log group already exists"),
        case(
            "CreateLogStream",
            json!({ "logGroupName": "g", "logStreamName": "s" }),
            exists,
            "The specified log stream already exists",
        ),
        case("CreateLogGroup", json!({ "logGroupName": "g".repeat(513) }), PARAMETER, LONG),
        case("CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "s".repeat(513) }), PARAMETER, LONG),
        case("CreateLogGroup", json!({}), PARAMETER, null("logGroupName")),
        case(
            "CreateLogGroup",
            json!({ "logGroupName": "a b" }),
            PARAMETER,
            constraint("'a b'", "logGroupName", &format!(r"{pattern}[\.\-_/#A-Za-z0-9]+")),
        ),
        case(
            "CreateLogStream",
            json!({ "logGroupName": "g", "logStreamName": "a:b" }),
            PARAMETER,
            constraint("'a:b'", "logStreamName", &format!("{pattern}[^:*]*")),
        ),
        case(
            "DescribeLogStreams",
            json!({ "logGroupName": "g", "logGroupIdentifier": "g" }),
            "ValidationException",
            both,
        ),
        case(
            "DescribeLogStreams",
            json!({ "logGroupName": "g", "orderBy": "LastEventTime", "logStreamNamePrefix": "s" }),
            PARAMETER,
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        ),
        case(
            "DescribeLogStreams",
            json!({ "logGroupName": "g", "orderBy": "sth" }),
            PARAMETER,
            constraint("'sth'", "orderBy", "Member must satisfy enum value set: [LogStreamName, LastEventTime]"),
        ),
        case(
            "DescribeLogStreams",
            json!({ "logGroupName": "g", "limit": 100 }),
            PARAMETER,
            constraint("'100'", "limit", "Member must have value less than or equal to 50"),
        ),
        case(
            "DescribeLogGroups",
            json!({ "limit": 0 }),
            PARAMETER,
            constraint("'0'", "limit", "Member must have value greater than or equal to 1"),
        ),
        case(
            "DescribeLogGroups",
            json!({ "logGroupNamePrefix": "a", "logGroupNamePattern": "b" }),
            PARAMETER,
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ),
        case("DescribeLogGroups", json!({ "nextToken": "?" }), PARAMETER, "The specified nextToken is invalid."),
        case(
            "PutRetentionPolicy",
            json!({ "logGroupName": "g", "retentionInDays": 2 }),
            PARAMETER,
            constraint(
                "'2'",
                "retentionInDays",
                "Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]",
            ),
        ),
    ];
    check(&bed, cases).await;
    let tags: serde_json::Map<String, Value> = (0..30).map(|tag| (format!("k{tag}"), json!("v"))).collect();
    let more: serde_json::Map<String, Value> = (30..60).map(|tag| (format!("k{tag}"), json!("v"))).collect();
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    bed.ok("TagResource", json!({ "resourceArn": arn, "tags": tags })).await;
    let words = "A resource can have no more than 50 tags.";
    bed.refuses("TagResource", json!({ "resourceArn": arn, "tags": more }), "TooManyTagsException", words).await;
}

#[tokio::test]
async fn events() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let now = i64::try_from(START.as_millis()).unwrap();
    let put = |events: Value| json!({ "logGroupName": "g", "logStreamName": "s", "logEvents": events });
    let event = |at: i64, message: &str| json!({ "timestamp": now + at, "message": message });
    let large: Vec<Value> = (0..2).map(|at| event(at, &"x".repeat(600_000))).collect();
    let token = "The specified nextToken is invalid.";
    let limit = constraint("'10001'", "limit", "Member must have value less than or equal to 10000");
    let cases = vec![
        case(
            "PutLogEvents",
            put(json!([event(1, "b"), event(0, "a")])),
            PARAMETER,
            "Log events in a single PutLogEvents request must be in chronological order.",
        ),
        case(
            "PutLogEvents",
            put(json!([event(-86_400_001, "a"), event(0, "b")])),
            PARAMETER,
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ),
        case("PutLogEvents", put(json!(large)), PARAMETER, "Upload too large: 1200052 bytes exceeds limit of 1048576"),
        case(
            "PutLogEvents",
            put(json!([])),
            PARAMETER,
            constraint("'[]'", "logEvents", "Member must have length greater than or equal to 1"),
        ),
        case(
            "PutLogEvents",
            put(json!([{ "timestamp": now, "message": "" }])),
            PARAMETER,
            constraint("''", "logEvents.1.member.message", "Member must have length greater than or equal to 1"),
        ),
        case(
            "PutLogEvents",
            put(json!([{ "timestamp": -1, "message": "x" }])),
            PARAMETER,
            constraint("'-1'", "logEvents.1.member.timestamp", "Member must have value greater than or equal to 0"),
        ),
        case("GetLogEvents", json!({ "logGroupName": "g", "logStreamName": "s", "nextToken": "x" }), PARAMETER, token),
        case("FilterLogEvents", json!({ "logGroupName": "g", "nextToken": "x" }), PARAMETER, token),
        case(
            "GetLogEvents",
            json!({ "logGroupName": "g", "logStreamName": "s", "limit": 10001 }),
            PARAMETER,
            limit.clone(),
        ),
        case("FilterLogEvents", json!({ "logGroupName": "g", "limit": 10001 }), PARAMETER, limit),
        case(
            "FilterLogEvents",
            json!({ "logGroupName": "g", "logGroupIdentifier": "g" }),
            "ValidationException",
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
        ),
    ];
    check(&bed, cases).await;
    assert_eq!(bed.filter("g", json!({})).await, Vec::<String>::new());
}

#[tokio::test]
async fn filters() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let metric = |value: &str| json!({ "metricName": "m", "metricNamespace": "n", "metricValue": value });
    let filter = |pattern: &str, metric: Value| json!({ "logGroupName": "g", "filterName": "f", "filterPattern": pattern, "metricTransformations": [metric] });
    let mut dimensions = metric("1");
    dimensions["dimensions"] = json!({ "d": "$.d" });
    let mut both = dimensions.clone();
    both["defaultValue"] = json!(1.0);
    let subscription =
        |arn: &str| json!({ "logGroupName": "g", "filterName": "f", "filterPattern": "", "destinationArn": arn });
    let vendor =
        |vendor: &str| format!("PutSubscriptionFilter operation cannot work with destinationArn for vendor {vendor}");
    let cases = vec![
        case(
            "PutMetricFilter",
            filter("a", dimensions),
            PARAMETER,
            "The specified filter pattern does not support dimensions",
        ),
        case(
            "PutMetricFilter",
            filter("{ $.d = * }", both),
            PARAMETER,
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties.",
        ),
        case(
            "DescribeMetricFilters",
            json!({ "metricName": "m" }),
            PARAMETER,
            "Both metricName and metricNamespace must be provided or none of them.",
        ),
        case(
            "PutSubscriptionFilter",
            subscription("arn:aws:es:us-east-1:000000000000:domain/d"),
            PARAMETER,
            vendor("es"),
        ),
        case(
            "PutSubscriptionFilter",
            subscription("arn:aws:kinesis:us-east-1:000000000000:stream/s"),
            PARAMETER,
            "destinationArn for vendor kinesis cannot be used without roleArn",
        ),
        case(
            "PutSubscriptionFilter",
            subscription("arn:aws:lambda:us-east-1:111111111111:function:f"),
            "AccessDeniedException",
            "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.",
        ),
        case(
            "PutSubscriptionFilter",
            subscription("arn:aws:lambda:us-east-1:000000000000:function:f"),
            PARAMETER,
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
        ),
        case(
            "PutSubscriptionFilter",
            subscription("arn:aws:sqs:us-east-1:000000000000:missing"),
            PARAMETER,
            "Could not deliver test message to specified SQS queue. Check if the given queue exists.",
        ),
        case(
            "PutSubscriptionFilter",
            subscription("arn:aws:logs:us-east-1:000000000000:destination:d"),
            MISSING,
            "The specified destination does not exist.",
        ),
    ];
    check(&bed, cases).await;
    for pattern in ["{ $.a = }", "[a, b", "\"open"] {
        let refused = bed.call("PutMetricFilter", filter(pattern, metric("1"))).await.unwrap_err();
        assert_eq!(refused.code, PARAMETER, "{pattern}");
        let refused = bed.call("FilterLogEvents", json!({ "logGroupName": "g", "filterPattern": pattern })).await;
        assert_eq!(refused.unwrap_err().code, PARAMETER, "{pattern}");
    }
}
