use serde_json::{Value, json};
use tidegate_ports::AdminAnswer;

use crate::bed::Bed;

async fn peek(bed: &Bed, query: &[(&str, &str)]) -> AdminAnswer {
    let query: Vec<_> = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let routes = bed.sqs.admin_routes();
    assert_eq!(routes[0].path(), "sqs/peek");
    routes[0].get(&query).await
}

#[tokio::test]
async fn a_look_changes_nothing() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    bed.send(&url, "in flight").await;
    bed.receive(&url).await;
    let attributes = json!({ "A": { "DataType": "String", "StringValue": "a" } });
    bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "ready", "MessageAttributes": attributes })).await;
    bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "delayed", "DelaySeconds": 5 })).await;
    for _ in 0..2 {
        let answer = peek(&bed, &[("queueUrl", &url)]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let messages = answer.body["messages"].as_array().unwrap();
        let seen: Vec<_> =
            messages.iter().map(|m| (m["body"].as_str().unwrap(), m["state"].as_str().unwrap())).collect();
        assert_eq!(seen, [("in flight", "inFlight"), ("ready", "ready"), ("delayed", "delayed")]);
        assert_eq!(messages[1]["attributes"], json!({ "A": { "dataType": "String", "stringValue": "a" } }));
        assert_eq!(messages[0]["receiveCount"], 1);
    }
    assert_eq!(bed.counts(&url).await, [1, 1, 1]);
}

#[tokio::test]
async fn a_look_goes_on_where_the_last_one_ended() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    for n in 0..5 {
        bed.send(&url, &n.to_string()).await;
    }
    let mut seen = Vec::new();
    let mut after = "0".to_owned();
    loop {
        let answer = peek(&bed, &[("queueUrl", &url), ("max", "2"), ("after", &after)]).await;
        seen.extend(answer.body["messages"].as_array().unwrap().iter().map(|m| m["body"].clone()));
        match &answer.body["nextAfter"] {
            Value::Null => break,
            next => after = next.to_string(),
        }
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_said() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    for (query, status) in [
        (vec![], 400),
        (vec![("queueUrl", "http://x/")], 400),
        (vec![("queueUrl", "unknown")], 404),
        (vec![("queueUrl", url.as_str()), ("max", "many")], 400),
        (vec![("queueUrl", url.as_str()), ("region", "A B")], 400),
        (vec![("queueUrl", "q"), ("account", "000000000000"), ("region", "us-east-1")], 200),
    ] {
        let answer = peek(&bed, &query).await;
        assert_eq!(answer.status, status, "{query:?}: {}", answer.body);
    }
}
