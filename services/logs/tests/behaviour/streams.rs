use serde_json::{Value, json};

use crate::bed::Bed;

async fn listed(bed: &Bed, extra: Value) -> (Vec<String>, Option<Value>) {
    let mut input = json!({ "logGroupName": "g" });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let answer = bed.ok("DescribeLogStreams", input).await;
    let names = answer["logStreams"].as_array().unwrap().iter();
    (
        names.map(|stream| stream["logStreamName"].as_str().unwrap().to_owned()).collect(),
        answer.get("nextToken").cloned(),
    )
}

#[tokio::test]
async fn streams_are_listed_by_name_and_by_their_last_events() {
    let bed = Bed::new().await;
    bed.create("g", &["b1", "a", "b2", "c"]).await;
    bed.put("g", "b1", &[(500, "x")]).await;
    bed.put("g", "a", &[(900, "x")]).await;
    bed.put("g", "b2", &[(700, "x")]).await;
    assert_eq!(listed(&bed, json!({})).await.0, ["a", "b1", "b2", "c"]);
    assert_eq!(listed(&bed, json!({ "descending": true })).await.0, ["c", "b2", "b1", "a"]);
    assert_eq!(listed(&bed, json!({ "logStreamNamePrefix": "b" })).await.0, ["b1", "b2"]);
    assert_eq!(listed(&bed, json!({ "orderBy": "LastEventTime" })).await.0, ["c", "b1", "b2", "a"]);
    let mut input = json!({ "orderBy": "LastEventTime", "descending": true, "limit": 3 });
    let (first, token) = listed(&bed, input.clone()).await;
    assert_eq!(first, ["a", "b2", "b1"]);
    input["nextToken"] = token.unwrap();
    assert_eq!(listed(&bed, input).await, (vec!["c".to_owned()], None));
    // A later event moves its stream.
    bed.put("g", "b1", &[(1000, "x")]).await;
    assert_eq!(listed(&bed, json!({ "orderBy": "LastEventTime", "descending": true, "limit": 1 })).await.0, ["b1"]);
    bed.check().await;
}

#[tokio::test]
async fn a_stream_tells_of_its_events() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let describe =
        async || bed.ok("DescribeLogStreams", json!({ "logGroupIdentifier": "g" })).await["logStreams"][0].clone();
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s";
    let at = 1_700_000_000_000_i64;
    let empty = json!({ "logStreamName": "s", "creationTime": at, "arn": arn, "storedBytes": 0 });
    assert_eq!(describe().await, empty);
    bed.put("g", "s", &[(100, "x"), (30_000, "y")]).await;
    bed.put("g", "s", &[(50, "x")]).await;
    let stream = describe().await;
    assert_eq!(stream["firstEventTimestamp"], at + 50);
    assert_eq!(stream["lastEventTimestamp"], at + 30_000);
    assert_eq!(stream["lastIngestionTime"], at);
    assert_eq!(stream["uploadSequenceToken"].as_str().unwrap().len(), 56);
    let group = bed.ok("DescribeLogGroups", json!({})).await;
    assert_eq!(group["logGroups"][0]["storedBytes"], 3 * 27);
}
