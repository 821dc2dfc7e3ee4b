use serde_json::{Value, json};

use crate::bed::Bed;

fn filter(group: &str, name: &str, metric: &str) -> Value {
    let transformation =
        json!({ "metricName": metric, "metricNamespace": "n", "metricValue": "1", "defaultValue": 0.5 });
    json!({ "logGroupName": group, "filterName": name, "filterPattern": "ERROR", "metricTransformations": [transformation] })
}

async fn names(bed: &Bed, input: Value) -> Vec<String> {
    let answer = bed.ok("DescribeMetricFilters", input).await;
    let filters = answer["metricFilters"].as_array().unwrap().iter();
    filters
        .map(|filter| {
            format!("{}.{}", filter["logGroupName"].as_str().unwrap(), filter["filterName"].as_str().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn metric_filters_are_kept_and_listed() {
    let bed = Bed::new().await;
    for group in ["g", "h"] {
        bed.create(group, &[]).await;
        bed.ok("PutMetricFilter", filter(group, "f1", "one")).await;
        bed.ok("PutMetricFilter", filter(group, "f2", "two")).await;
    }
    assert_eq!(names(&bed, json!({})).await, ["g.f1", "g.f2", "h.f1", "h.f2"]);
    assert_eq!(names(&bed, json!({ "logGroupName": "h", "filterNamePrefix": "f1" })).await, ["h.f1"]);
    assert_eq!(names(&bed, json!({ "metricName": "two", "metricNamespace": "n" })).await, ["g.f2", "h.f2"]);
    let page = bed.ok("DescribeMetricFilters", json!({ "limit": 3 })).await;
    assert_eq!(names(&bed, json!({ "nextToken": page["nextToken"] })).await, ["h.f2"]);
    let group = bed.ok("DescribeLogGroups", json!({ "logGroupNamePrefix": "g" })).await;
    assert_eq!(group["logGroups"][0]["metricFilterCount"], 2);
    bed.ok("DeleteMetricFilter", json!({ "logGroupName": "g", "filterName": "f1" })).await;
    assert_eq!(names(&bed, json!({ "logGroupName": "g" })).await, ["g.f2"]);
    let shown = bed.ok("DescribeMetricFilters", json!({ "logGroupName": "g" })).await;
    let transformation =
        json!({ "metricName": "two", "metricNamespace": "n", "metricValue": "1", "defaultValue": 0.5 });
    assert_eq!(shown["metricFilters"][0]["metricTransformations"], json!([transformation]));
    bed.check().await;
}

#[tokio::test]
async fn a_pattern_can_be_tested() {
    let bed = Bed::new().await;
    let messages = ["1.2.3.4 GET 404", "1.2.3.4 GET 200"];
    let input = json!({ "filterPattern": "[ip, verb, status=4*]", "logEventMessages": messages });
    let answer = bed.ok("TestMetricFilter", input).await;
    let values = json!({ "$ip": "1.2.3.4", "$verb": "GET", "$status": "404" });
    assert_eq!(
        answer["matches"],
        json!([{ "eventNumber": 1, "eventMessage": messages[0], "extractedValues": values }])
    );
}
