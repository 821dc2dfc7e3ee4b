use serde_json::json;

use crate::bed::{Bed, START};

#[tokio::test]
async fn streams_are_merged_by_time() {
    let bed = Bed::new().await;
    bed.create("g", &["a1", "a2", "b"]).await;
    bed.put("g", "a1", &[(0, "1"), (40_000, "5")]).await;
    bed.put("g", "b", &[(10, "2"), (39_999, "4")]).await;
    bed.put("g", "a2", &[(20_000, "3")]).await;
    assert_eq!(bed.filter("g", json!({})).await.concat(), "12345");
    assert_eq!(bed.filter("g", json!({ "limit": 1 })).await.concat(), "12345", "page by page");
    assert_eq!(bed.filter("g", json!({ "logStreamNamePrefix": "a" })).await.concat(), "135");
    assert_eq!(bed.filter("g", json!({ "logStreamNames": ["b"] })).await.concat(), "24");
    assert_eq!(bed.filter("g", json!({ "logStreamNames": ["b", "a2"] })).await.concat(), "234");
    let start = i64::try_from(START.as_millis()).unwrap();
    let window = json!({ "startTime": start + 10, "endTime": start + 20_000 });
    assert_eq!(bed.filter("g", window).await.concat(), "23", "both ends are included");
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    let answer = bed.ok("FilterLogEvents", json!({ "logGroupIdentifier": arn, "limit": 1 })).await;
    let event = &answer["events"][0];
    assert_eq!((&event["logStreamName"], &answer["searchedLogStreams"]), (&json!("a1"), &json!([])));
    assert_eq!(event["eventId"].as_str().unwrap().len(), 56);
}

#[tokio::test]
async fn patterns_choose() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let lines = ["ERROR disk", "WARN disk", r#"{"level":"ERROR","ms":12}"#, "1.2.3.4 GET 500"];
    let events: Vec<(i64, &str)> = (0..).zip(lines).collect();
    bed.put("g", "s", &events).await;
    let chosen = async |pattern: &str| bed.filter("g", json!({ "filterPattern": pattern })).await;
    assert_eq!(chosen("ERROR").await, ["ERROR disk", r#"{"level":"ERROR","ms":12}"#]);
    assert_eq!(chosen("?WARN ?GET").await, ["WARN disk", "1.2.3.4 GET 500"]);
    assert_eq!(chosen("disk -WARN").await, ["ERROR disk"]);
    assert_eq!(chosen("{ $.ms > 10 }").await, [r#"{"level":"ERROR","ms":12}"#]);
    assert_eq!(chosen("[ip, verb, status=5*]").await, ["1.2.3.4 GET 500"]);
    assert_eq!(chosen("").await.len(), 4);
}

#[tokio::test]
async fn a_search_through_much_answers_in_parts() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    // Each event is a chunk of its own, because the next is more than ten seconds later.
    for batch in 0..3 {
        let events: Vec<(i64, &str)> = (0..2000).map(|at| (-(batch * 2000 + 2000 - at) * 11_000, "x")).collect();
        bed.put("g", "s", &events).await;
    }
    bed.put("g", "s", &[(0, "needle")]).await;
    let answer = bed.ok("FilterLogEvents", json!({ "logGroupName": "g", "filterPattern": "needle" })).await;
    assert_eq!(answer["events"], json!([]));
    assert!(answer["nextToken"].is_string(), "there is more to search");
    assert_eq!(bed.filter("g", json!({ "filterPattern": "needle" })).await, ["needle"]);
    assert_eq!(bed.filter("g", json!({ "filterPattern": "x" })).await.len(), 6000);
}
