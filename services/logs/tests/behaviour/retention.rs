use serde_json::json;
use tidegate_record::Root;
use tidegate_store::Space;

use crate::bed::Bed;

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn what_has_outlived_its_retention_is_gone_and_its_space_given_back() {
    let bed = Bed::new().await;
    bed.create("g", &["s", "t"]).await;
    bed.create("for ever".replace(' ', "-").as_str(), &["s"]).await;
    bed.put("g", "s", &[(-2 * DAY_MS, "old")]).await;
    bed.put("g", "t", &[(-2 * DAY_MS, "old"), (-2 * DAY_MS + 60_000, "old")]).await;
    bed.put("g", "s", &[(0, "new")]).await;
    bed.put("for-ever", "s", &[(-2 * DAY_MS, "old")]).await;
    let records = async || bed.keys(Space::Log, Root::Log).await;
    assert_eq!(records().await, 5);
    bed.ok("PutRetentionPolicy", json!({ "logGroupName": "g", "retentionInDays": 1 })).await;
    assert_eq!(bed.filter("g", json!({})).await, ["new"], "at once");
    bed.settle().await;
    assert_eq!(records().await, 2, "and really");
    let group = bed.ok("DescribeLogGroups", json!({ "logGroupNamePrefix": "g" })).await;
    assert_eq!(
        (&group["logGroups"][0]["storedBytes"], &group["logGroups"][0]["retentionInDays"]),
        (&json!(29), &json!(1))
    );
    let streams = bed.ok("DescribeLogStreams", json!({ "logGroupName": "g" })).await;
    assert_eq!(streams["logStreams"].as_array().unwrap().len(), 2, "streams stay");
    bed.check().await;

    bed.advance(24 * 3600 + 3601).await;
    assert_eq!(bed.filter("g", json!({})).await, Vec::<String>::new());
    assert_eq!(records().await, 1);
    assert_eq!(bed.filter("for-ever", json!({})).await, ["old"]);
    bed.check().await;
}

#[tokio::test]
async fn much_is_trimmed_in_steps() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let events: Vec<(i64, &str)> = (0..1500).map(|at| (at * 11_000, "x")).collect();
    bed.put("g", "s", &events).await;
    bed.ok("PutRetentionPolicy", json!({ "logGroupName": "g", "retentionInDays": 1 })).await;
    bed.advance(2 * 86_400).await;
    assert_eq!((bed.keys(Space::Log, Root::Log).await, bed.keys(Space::Log, Root::Logs).await), (0, 0));
    bed.ok("DeleteRetentionPolicy", json!({ "logGroupName": "g" })).await;
    let group = bed.ok("DescribeLogGroups", json!({})).await;
    assert_eq!(
        (&group["logGroups"][0]["storedBytes"], group["logGroups"][0].get("retentionInDays")),
        (&json!(0), None)
    );
    bed.check().await;
}
