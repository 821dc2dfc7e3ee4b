use serde_json::json;
use tidegate_record::Root;
use tidegate_store::Space;

use crate::bed::Bed;

#[tokio::test]
async fn a_deleted_group_leaves_nothing_and_its_name_is_free() {
    let bed = Bed::new().await;
    bed.create("g", &["s", "t"]).await;
    bed.put("g", "s", &[(0, "old"), (20_000, "old")]).await;
    let metric = json!([{ "metricName": "m", "metricNamespace": "n", "metricValue": "1" }]);
    let filter =
        json!({ "logGroupName": "g", "filterName": "f", "filterPattern": "", "metricTransformations": metric });
    bed.ok("PutMetricFilter", filter).await;
    bed.ok("DeleteLogGroup", json!({ "logGroupName": "g" })).await;
    bed.create("g", &["s"]).await;
    assert_eq!(bed.filter("g", json!({})).await, Vec::<String>::new());
    assert_eq!(bed.ok("DescribeMetricFilters", json!({})).await["metricFilters"], json!([]));
    bed.put("g", "s", &[(0, "new")]).await;
    bed.settle().await;
    assert_eq!(bed.filter("g", json!({})).await, ["new"]);
    assert_eq!(bed.keys(Space::Log, Root::Log).await, 1);
    bed.check().await;
    bed.ok("DeleteLogGroup", json!({ "logGroupName": "g" })).await;
    bed.settle().await;
    for space in [Space::Map, Space::Log] {
        assert_eq!((bed.keys(space, Root::Logs).await, bed.keys(space, Root::Log).await), (0, 0), "{space:?}");
    }
}

#[tokio::test]
async fn a_deleted_stream_takes_its_events_along() {
    let bed = Bed::new().await;
    bed.create("g", &["s", "t"]).await;
    bed.put("g", "s", &[(0, "s")]).await;
    bed.put("g", "t", &[(1, "t")]).await;
    bed.ok("DeleteLogStream", json!({ "logGroupName": "g", "logStreamName": "s" })).await;
    assert_eq!(bed.filter("g", json!({})).await, ["t"]);
    bed.settle().await;
    assert_eq!((bed.keys(Space::Log, Root::Log).await, bed.keys(Space::Log, Root::Logs).await), (1, 2));
    assert_eq!(bed.ok("DescribeLogGroups", json!({})).await["logGroups"][0]["storedBytes"], 27);
    bed.ok("CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "s" })).await;
    assert_eq!(bed.get("g", "s", json!({})).await["events"], json!([]));
    bed.check().await;
}

#[tokio::test]
async fn a_protected_group_stays() {
    let bed = Bed::new().await;
    bed.ok("CreateLogGroup", json!({ "logGroupName": "g", "deletionProtectionEnabled": true })).await;
    assert!(bed.call("DeleteLogGroup", json!({ "logGroupName": "g" })).await.is_err());
    let off = json!({ "logGroupIdentifier": "g", "deletionProtectionEnabled": false });
    bed.ok("PutLogGroupDeletionProtection", off).await;
    bed.ok("DeleteLogGroup", json!({ "logGroupName": "g" })).await;
}

#[tokio::test]
async fn a_reset_leaves_nothing() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    bed.put("g", "s", &[(0, "x")]).await;
    bed.ok("PutResourcePolicy", json!({ "policyName": "p", "policyDocument": "{}" })).await;
    bed.logs.reset().await.unwrap();
    bed.settle().await;
    assert_eq!((bed.keys(Space::Map, Root::Logs).await, bed.keys(Space::Log, Root::Logs).await), (0, 0));
}
