use serde_json::{Value, json};

use crate::bed::Bed;

const OWNER: &str = "arn:aws:logs:us-east-1:000000000000";

async fn source(bed: &Bed, name: &str) -> Value {
    let arn = "arn:aws:cloudfront::000000000000:distribution/D1";
    let input = json!({ "name": name, "resourceArn": arn, "logType": "ACCESS_LOGS", "tags": { "a": "b" } });
    bed.ok("PutDeliverySource", input).await["deliverySource"].clone()
}

async fn destination(bed: &Bed, name: &str, resource: &str) -> Value {
    let configuration = json!({ "destinationResourceArn": resource });
    let input = json!({ "name": name, "outputFormat": "json", "deliveryDestinationConfiguration": configuration });
    bed.ok("PutDeliveryDestination", input).await["deliveryDestination"].clone()
}

#[tokio::test]
async fn deliveries_join_sources_with_destinations() {
    let bed = Bed::new().await;
    let made = source(&bed, "s").await;
    assert_eq!((&made["service"], &made["arn"]), (&json!("cloudfront"), &json!(format!("{OWNER}:delivery-source:s"))));
    let target = destination(&bed, "d", "arn:aws:s3:::bucket").await;
    assert_eq!(target["deliveryDestinationType"], "S3");
    let join = json!({
        "deliverySourceName": "s", "deliveryDestinationArn": target["arn"], "recordFields": ["date", "time"],
        "s3DeliveryConfiguration": { "suffixPath": "{yyyy}" },
    });
    let delivery = bed.ok("CreateDelivery", join.clone()).await["delivery"].clone();
    assert_eq!(
        delivery["s3DeliveryConfiguration"],
        json!({ "suffixPath": "{yyyy}", "enableHiveCompatiblePath": false })
    );
    let words = "Delivery already exists for this delivery source and delivery destination type";
    bed.refuses("CreateDelivery", join, "ConflictException", words).await;
    let words = "The specified delivery source is used by a delivery.";
    bed.refuses("DeleteDeliverySource", json!({ "name": "s" }), "ConflictException", words).await;
    let words = "The specified delivery destination is used by a delivery.";
    bed.refuses("DeleteDeliveryDestination", json!({ "name": "d" }), "ConflictException", words).await;
    let bed = bed.restart().await;
    let id = delivery["id"].clone();
    bed.ok("UpdateDeliveryConfiguration", json!({ "id": id, "recordFields": ["date"] })).await;
    let found = bed.ok("GetDelivery", json!({ "id": id })).await["delivery"].clone();
    assert_eq!(found["recordFields"], json!(["date"]));
    assert_eq!(bed.ok("DescribeDeliveries", json!({})).await["deliveries"], json!([found]));
    bed.ok("TagResource", json!({ "resourceArn": delivery["arn"], "tags": { "x": "y" } })).await;
    let tags = bed.ok("ListTagsForResource", json!({ "resourceArn": delivery["arn"] })).await;
    assert_eq!(tags["tags"], json!({ "x": "y" }));
    let tags = bed.ok("ListTagsForResource", json!({ "resourceArn": made["arn"] })).await;
    assert_eq!(tags["tags"], json!({ "a": "b" }));
    bed.ok("DeleteDelivery", json!({ "id": id })).await;
    bed.ok("DeleteDeliverySource", json!({ "name": "s" })).await;
    bed.ok("DeleteDeliveryDestination", json!({ "name": "d" })).await;
    let words = "The specified delivery source does not exist.";
    bed.refuses("GetDeliverySource", json!({ "name": "s" }), "ResourceNotFoundException", words).await;
    bed.check().await;
}

#[tokio::test]
async fn what_may_not_change_and_pages() {
    let bed = Bed::new().await;
    for name in ["a", "b", "c"] {
        source(&bed, name).await;
    }
    let page = bed.ok("DescribeDeliverySources", json!({ "limit": 2 })).await;
    assert_eq!(page["deliverySources"].as_array().unwrap().len(), 2);
    let rest = bed.ok("DescribeDeliverySources", json!({ "nextToken": page["nextToken"] })).await;
    assert_eq!(rest["deliverySources"][0]["name"], "c");
    let other = json!({ "name": "a", "resourceArn": "arn:aws:x::000000000000:y", "logType": "ACCESS_LOGS" });
    let words = "Cannot update the resource or log type of a delivery source";
    bed.refuses("PutDeliverySource", other, "ConflictException", words).await;
    destination(&bed, "d", "arn:aws:s3:::bucket").await;
    let policy = json!({ "deliveryDestinationName": "d", "deliveryDestinationPolicy": r#"{"Statement":[]}"# });
    bed.ok("PutDeliveryDestinationPolicy", policy).await;
    let name = json!({ "deliveryDestinationName": "d" });
    let found = bed.ok("GetDeliveryDestinationPolicy", name.clone()).await;
    assert_eq!(found["policy"]["deliveryDestinationPolicy"], r#"{"Statement":[]}"#);
    bed.ok("DeleteDeliveryDestinationPolicy", name.clone()).await;
    let words = "The specified delivery destination policy does not exist.";
    bed.refuses("GetDeliveryDestinationPolicy", name, "ResourceNotFoundException", words).await;
}

#[tokio::test]
async fn anomaly_detectors_watch_one_group_each() {
    let bed = Bed::new().await;
    bed.create("g", &[]).await;
    let group = format!("{OWNER}:log-group:g");
    let input = json!({ "logGroupArnList": [group], "detectorName": "d", "evaluationFrequency": "TEN_MIN" });
    let arn = bed.ok("CreateLogAnomalyDetector", input.clone()).await["anomalyDetectorArn"].clone();
    bed.refuses("CreateLogAnomalyDetector", input, "LimitExceededException", "Resource limit exceeded.").await;
    let update = json!({ "anomalyDetectorArn": arn, "enabled": false, "anomalyVisibilityTime": 14 });
    bed.ok("UpdateLogAnomalyDetector", update).await;
    let found = bed.ok("GetLogAnomalyDetector", json!({ "anomalyDetectorArn": arn })).await;
    let shown = ["detectorName", "evaluationFrequency", "anomalyDetectorStatus", "anomalyVisibilityTime"];
    assert_eq!(json!(shown.map(|name| found[name].clone())), json!(["d", "TEN_MIN", "PAUSED", 14]));
    let listed = bed.ok("ListLogAnomalyDetectors", json!({ "filterLogGroupArn": group })).await;
    assert_eq!(listed["anomalyDetectors"][0]["anomalyDetectorArn"], arn);
    assert_eq!(bed.ok("ListAnomalies", json!({ "anomalyDetectorArn": arn })).await["anomalies"], json!([]));
    bed.ok("DeleteLogAnomalyDetector", json!({ "anomalyDetectorArn": arn })).await;
    let words = "The specified anomaly detector does not exist.";
    bed.refuses("GetLogAnomalyDetector", json!({ "anomalyDetectorArn": arn }), "ResourceNotFoundException", words)
        .await;
}

#[tokio::test]
async fn groups_are_listed_by_tags_and_indexed_fields() {
    let bed = Bed::new().await;
    for (name, team) in [("one", "api"), ("two", "web"), ("three", "api-2")] {
        bed.ok("CreateLogGroup", json!({ "logGroupName": name, "tags": { "team": team } })).await;
    }
    bed.ok("PutIndexPolicy", json!({ "logGroupIdentifier": "two", "policyDocument": r#"{"Fields":["id"]}"# })).await;
    let tagged = |value: &str| json!({ "logGroupTags": [{ "key": "team", "values": [value] }] });
    for (input, expected) in [
        (tagged("api"), json!(["one"])),
        (tagged("api*"), json!(["one", "three"])),
        (tagged("!api"), json!(["three", "two"])),
        (json!({ "fieldIndexNames": ["id"] }), json!(["two"])),
        (json!({ "dataSources": [{ "name": "amazon_vpc" }] }), json!([])),
    ] {
        let answer = bed.ok("ListLogGroups", input.clone()).await;
        let names: Vec<_> = answer["logGroups"].as_array().unwrap().iter().map(|g| g["logGroupName"].clone()).collect();
        assert_eq!(json!(names), expected, "{input}");
    }
}
