use serde_json::{Value, json};
use tidegate_protocol::ProtocolId;
use tidegate_sqs::Options;
use tidegate_types::AccountId;

use crate::bed::{Bed, arn};

#[tokio::test]
async fn a_new_queue_has_awss_defaults() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let all = |url: &str| json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let expected = json!({
        "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0", "CreatedTimestamp": "1700000000", "DelaySeconds": "0",
        "LastModifiedTimestamp": "1700000000", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
        "QueueArn": arn("q"), "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    });
    assert_eq!(bed.ok("GetQueueAttributes", all(&url)).await["Attributes"], expected);
    let fifo = bed.create_fifo("q.fifo", json!({})).await;
    let attributes = bed.ok("GetQueueAttributes", all(&fifo)).await["Attributes"].clone();
    for (name, value) in [
        ("FifoQueue", "true"),
        ("ContentBasedDeduplication", "false"),
        ("DeduplicationScope", "queue"),
        ("FifoThroughputLimit", "perQueue"),
    ] {
        assert_eq!(attributes[name], value);
    }
    assert_eq!(bed.ok("GetQueueAttributes", json!({ "QueueUrl": url })).await, json!({}));
    assert_eq!(bed.ok("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["Policy"] })).await, json!({}));
}

#[tokio::test]
async fn creating_a_queue_twice_is_creating_it_once() {
    let bed = Bed::new().await;
    let attributes = json!({ "DelaySeconds": "5", "KmsMasterKeyId": "key", "KmsDataKeyReusePeriodSeconds": "600" });
    let url = bed.create("q", attributes.clone()).await;
    bed.send(&url, "x").await;
    assert_eq!(bed.create("q", attributes).await, url);
    assert_eq!(bed.create("q", json!({})).await, url);
    assert_eq!(bed.counts(&url).await, [0, 0, 1]);
    let message = "A queue already exists with the same name and a different value for attribute DelaySeconds";
    let other = json!({ "QueueName": "q", "Attributes": { "DelaySeconds": "6" } });
    bed.refuses("CreateQueue", other, "QueueAlreadyExists", message).await;
    let creations = (0..20).map(|_| bed.create("new", json!({})));
    let urls = futures::future::join_all(creations).await;
    assert!(urls.iter().all(|url| *url == urls[0]));
    bed.check().await;
}

#[tokio::test]
async fn encryption_settings_are_kept() {
    let bed = Bed::new().await;
    let kms = json!({ "KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000" });
    let url = bed.create("q", kms).await;
    let names = json!(["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"]);
    let ask = json!({ "QueueUrl": url, "AttributeNames": names });
    // Recorded from AWS.
    let expected = json!({ "KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000", "SqsManagedSseEnabled": "false" });
    assert_eq!(bed.ok("GetQueueAttributes", ask.clone()).await["Attributes"], expected);
    let managed = json!({ "QueueUrl": url, "Attributes": { "SqsManagedSseEnabled": "true" } });
    bed.ok("SetQueueAttributes", managed).await;
    assert_eq!(bed.ok("GetQueueAttributes", ask).await["Attributes"], json!({ "SqsManagedSseEnabled": "true" }));
}

#[tokio::test]
async fn settings_change_and_survive() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    bed.advance(7).await;
    let attributes = json!({
        "DelaySeconds": "1", "MaximumMessageSize": "2048", "MessageRetentionPeriod": "61",
        "ReceiveMessageWaitTimeSeconds": "2", "VisibilityTimeout": "3",
    });
    bed.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": attributes })).await;
    let bed = bed.restart().await;
    for (name, value) in attributes.as_object().unwrap() {
        assert_eq!(bed.attribute(&url, name).await, value.as_str().unwrap());
    }
    assert_eq!(bed.attribute(&url, "CreatedTimestamp").await, "1700000000");
    assert_eq!(bed.attribute(&url, "LastModifiedTimestamp").await, "1700000007");
    let invalid = json!({ "QueueUrl": url, "Attributes": { "DelaySeconds": "5", "VisibilityTimeout": "-1" } });
    assert!(bed.call("SetQueueAttributes", invalid).await.is_err());
    assert_eq!(bed.attribute(&url, "DelaySeconds").await, "1", "all or nothing");
}

#[tokio::test]
async fn queues_are_listed_by_prefix_and_page() {
    let bed = Bed::new().await;
    assert_eq!(bed.ok("ListQueues", json!({})).await, json!({}));
    for name in ["b1", "a1", "a3", "a2"] {
        bed.create(name, json!({})).await;
    }
    let url = |name: &str| format!("http://localhost:4566/000000000000/{name}");
    let all = bed.ok("ListQueues", json!({})).await;
    assert_eq!(all, json!({ "QueueUrls": [url("a1"), url("a2"), url("a3"), url("b1")] }));
    let first = bed.ok("ListQueues", json!({ "QueueNamePrefix": "a", "MaxResults": 2 })).await;
    assert_eq!(first["QueueUrls"], json!([url("a1"), url("a2")]));
    let next = json!({ "QueueNamePrefix": "a", "MaxResults": 2, "NextToken": first["NextToken"] });
    assert_eq!(bed.ok("ListQueues", next).await, json!({ "QueueUrls": [url("a3")] }));
    assert_eq!(bed.ok("ListQueues", json!({ "QueueNamePrefix": "c" })).await, json!({}));
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let bed = Bed::new().await;
    let other: AccountId = "123456789012".parse().unwrap();
    let json = ProtocolId::AwsJson1_0;
    let ours = bed.create("q", json!({})).await;
    let theirs = bed.call_as(other, json, "CreateQueue", json!({ "QueueName": "q" })).await.unwrap();
    assert_eq!(theirs["QueueUrl"], "http://localhost:4566/123456789012/q");
    bed.send(&ours, "ours").await;
    let counts = json!({ "QueueUrl": theirs["QueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages"] });
    let answer = bed.call_as(other, json, "GetQueueAttributes", counts).await.unwrap();
    assert_eq!(answer["Attributes"]["ApproximateNumberOfMessages"], "0");
    let lookup = json!({ "QueueName": "q", "QueueOwnerAWSAccountId": "123456789012" });
    assert_eq!(bed.ok("GetQueueUrl", lookup).await["QueueUrl"], theirs["QueueUrl"]);
    assert_eq!(bed.ok("GetQueueUrl", json!({ "QueueName": "q" })).await["QueueUrl"], ours);
}

#[tokio::test]
async fn a_missing_queue_is_worded_for_the_protocol() {
    let bed = Bed::new().await;
    for (protocol, message) in [
        (ProtocolId::AwsJson1_0, "The specified queue does not exist."),
        (ProtocolId::AwsQuery, "The specified queue does not exist for this wsdl version."),
    ] {
        let refused = bed.call_as(AccountId::DEFAULT, protocol, "GetQueueUrl", json!({ "QueueName": "q" })).await;
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.code.as_str(), refused.message.as_str()),
            ("AWS.SimpleQueueService.NonExistentQueue", message)
        );
        assert_eq!(refused.status, 400);
    }
}

#[tokio::test]
async fn a_deleted_queue_takes_everything_with_it() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    bed.send(&url, "old").await;
    let received = bed.receive(&url).await;
    bed.ok("DeleteQueue", json!({ "QueueUrl": url })).await;
    assert!(bed.call("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x" })).await.is_err());
    assert_eq!(bed.create("q", json!({})).await, url, "the name is free at once");
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);
    let stale = json!({ "QueueUrl": url, "ReceiptHandle": received[0]["ReceiptHandle"] });
    assert_eq!(bed.call("DeleteMessage", stale).await.unwrap_err().code, "ReceiptHandleIsInvalid");
    while bed.queues.sweep().await.unwrap() {}
    bed.check().await;
}

#[tokio::test]
async fn a_name_can_be_made_to_rest_for_a_minute() {
    let bed = Bed::with(Options { names_rest_after_deletion: true, ..Options::default() }).await;
    let url = bed.create("q", json!({})).await;
    bed.ok("DeleteQueue", json!({ "QueueUrl": url })).await;
    bed.advance_ms(59_999).await;
    let message = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
    let code = "AWS.SimpleQueueService.QueueDeletedRecently";
    bed.refuses("CreateQueue", json!({ "QueueName": "q" }), code, message).await;
    bed.advance_ms(1).await;
    bed.create("q", json!({})).await;
    bed.advance(600).await;
    bed.check().await;
}

#[tokio::test]
async fn tags_are_kept() {
    let bed = Bed::new().await;
    let input = json!({ "QueueName": "q", "tags": { "a": "1", "b": "2" } });
    let url = bed.ok("CreateQueue", input).await["QueueUrl"].as_str().unwrap().to_owned();
    let list = json!({ "QueueUrl": url });
    assert_eq!(bed.ok("ListQueueTags", list.clone()).await, json!({ "Tags": { "a": "1", "b": "2" } }));
    bed.ok("TagQueue", json!({ "QueueUrl": url, "Tags": { "b": "3", "c": "" } })).await;
    bed.ok("UntagQueue", json!({ "QueueUrl": url, "TagKeys": ["a", "unknown"] })).await;
    assert_eq!(bed.ok("ListQueueTags", list.clone()).await, json!({ "Tags": { "b": "3", "c": "" } }));
    bed.ok("UntagQueue", json!({ "QueueUrl": url, "TagKeys": ["b", "c"] })).await;
    assert_eq!(bed.ok("ListQueueTags", list).await, json!({}));
    let many: serde_json::Map<String, Value> = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
    let message = "Too many tags added for queue q.";
    bed.refuses("TagQueue", json!({ "QueueUrl": url, "Tags": many }), "InvalidParameterValue", message).await;
}
