use serde_json::{Value, json};

use crate::bed::{Bed, START, texts};

fn start(after_ms: i64) -> i64 {
    i64::try_from(START.as_millis()).unwrap() + after_ms
}

#[tokio::test]
async fn events_are_answered_in_order_of_time() {
    let bed = Bed::new().await;
    bed.create("g", &["s", "other"]).await;
    bed.put("g", "s", &[(100, "c"), (100, "d"), (30_000, "f")]).await;
    bed.put("g", "s", &[(0, "a"), (50, "b"), (20_000, "e")]).await;
    bed.put("g", "other", &[(1, "x")]).await;
    let answer = bed.get("g", "s", json!({ "startFromHead": true })).await;
    assert_eq!(texts(&answer), ["a", "b", "c", "d", "e", "f"]);
    let event = json!({ "timestamp": start(0), "message": "a", "ingestionTime": start(0) });
    assert_eq!(answer["events"][0], event);
    let window = json!({ "startTime": start(100), "endTime": start(20_000) });
    assert_eq!(texts(&bed.get("g", "s", window).await), ["c", "d"], "the end is not included");
    let bed = bed.restart().await;
    assert_eq!(texts(&bed.get("g", "s", json!({})).await).concat(), "abcdef");
    bed.check().await;
}

#[tokio::test]
async fn tokens_go_forward_and_back_and_stay_at_the_ends() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let letters: Vec<String> = ('a'..='g').map(String::from).collect();
    let events: Vec<(i64, &str)> = (0..).map(|at| at * 4000).zip(letters.iter().map(String::as_str)).collect();
    bed.put("g", "s", &events).await;
    let page = async |token: Option<&Value>, head: bool| {
        let mut input = json!({ "limit": 3, "startFromHead": head });
        if let Some(token) = token {
            input["nextToken"] = token.clone();
        }
        bed.get("g", "s", input).await
    };
    let read = |answer: &Value| texts(answer).concat();
    let last = page(None, false).await;
    assert_eq!(read(&last), "efg", "without a token, the latest");
    let first = page(None, true).await;
    assert_eq!(read(&first), "abc");
    let second = page(Some(&first["nextForwardToken"]), true).await;
    assert_eq!(read(&second), "def");
    let third = page(Some(&second["nextForwardToken"]), true).await;
    assert_eq!(read(&third), "g");
    let end = page(Some(&third["nextForwardToken"]), true).await;
    assert_eq!(read(&end), "");
    assert_eq!(end["nextForwardToken"], third["nextForwardToken"], "at the end the token is the same");
    assert_eq!(read(&page(Some(&end["nextBackwardToken"]), true).await), "efg", "and back again");
    let back = page(Some(&second["nextBackwardToken"]), true).await;
    assert_eq!(read(&back), "abc");
    let before = page(Some(&back["nextBackwardToken"]), true).await;
    assert_eq!((read(&before), &before["nextBackwardToken"]), (String::new(), &back["nextBackwardToken"]));
    bed.put("g", "s", &[(60_000, "h")]).await;
    assert_eq!(read(&page(Some(&end["nextForwardToken"]), true).await), "h", "what came since");
}

#[tokio::test]
async fn an_empty_stream_has_tokens_that_find_what_comes() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let empty = bed.get("g", "s", json!({})).await;
    assert_eq!(empty["events"], json!([]));
    bed.put("g", "s", &[(0, "a")]).await;
    let token = json!({ "nextToken": empty["nextForwardToken"] });
    assert_eq!(texts(&bed.get("g", "s", token).await), ["a"]);
}

#[tokio::test]
async fn a_page_is_a_megabyte_at_most() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let large = "x".repeat(400_000);
    for at in 0..4 {
        bed.put("g", "s", &[(at, &large)]).await;
    }
    let first = bed.get("g", "s", json!({ "startFromHead": true })).await;
    assert_eq!(first["events"].as_array().unwrap().len(), 2);
    let token = json!({ "nextToken": first["nextForwardToken"] });
    assert_eq!(bed.get("g", "s", token).await["events"].as_array().unwrap().len(), 2);
    assert_eq!(bed.filter("g", json!({})).await.len(), 4);
}

#[tokio::test]
async fn events_out_of_time_are_left_out_and_the_rest_written() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let hour = 3_600_000;
    let answer = bed.put("g", "s", &[(0, "now"), (3 * hour, "ahead")]).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({ "tooNewLogEventStartIndex": 1 }));
    let answer = bed.put("g", "s", &[(-15 * 24 * hour, "old"), (-15 * 24 * hour + 1, "old")]).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({ "tooOldLogEventEndIndex": 2 }));
    bed.ok("PutRetentionPolicy", json!({ "logGroupName": "g", "retentionInDays": 1 })).await;
    let answer = bed.put("g", "s", &[(-25 * hour, "expired"), (-24 * hour, "kept")]).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({ "expiredLogEventEndIndex": 1 }));
    assert_eq!(answer["nextSequenceToken"].as_str().unwrap().len(), 56);
    assert_eq!(bed.filter("g", json!({})).await, ["kept", "now"]);
}

#[tokio::test]
async fn concurrent_writers_lose_nothing() {
    let bed = Bed::new().await;
    bed.create("g", &["s0", "s1"]).await;
    let writers = (0..40).map(|writer| {
        let bed = &bed;
        async move { bed.put("g", if writer % 2 == 0 { "s0" } else { "s1" }, &[(writer, &writer.to_string())]).await }
    });
    futures::future::join_all(writers).await;
    let expected: Vec<String> = (0..40).map(|writer: i32| writer.to_string()).collect();
    assert_eq!(bed.filter("g", json!({ "limit": 7 })).await, expected);
    bed.check().await;
}
