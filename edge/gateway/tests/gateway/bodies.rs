//! Limits: of one body, of all bodies, and of patience.

use std::time::Duration;

use tidegate_gateway::Patience;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{Choices, Request, Response, World};

#[tokio::test]
async fn a_body_over_the_limit_is_413_in_the_callers_protocol() {
    let world = World::new().await;
    let json = world.send(&Request::json("AmazonFake.Nothing").body(vec![b' '; 1025])).await;
    assert_eq!(json.status, 413, "{json:?}");
    assert!(json.json()["__type"].as_str().unwrap().contains("RequestEntityTooLarge"), "{json:?}");
    let query = world.send(&Request::form("/", &"A".repeat(1025)).scope("A/20260101/us-east-1/fake")).await;
    assert_eq!(query.status, 413, "{query:?}");
    assert!(query.body.contains("<Code>RequestEntityTooLarge</Code>"), "{query:?}");
    assert_eq!(world.call("Nothing").await.status, 200);
}

#[tokio::test]
async fn a_body_far_over_the_limit_is_answered_all_the_same() {
    let world = World::new().await;
    // More than the sockets' buffers hold, so that the client is still sending when it is refused.
    let response = world.send(&Request::json("AmazonFake.Nothing").body(vec![b' '; 7 * 1024])).await;
    assert_eq!(response.status, 413, "{response:?}");
}

/// A request's head and body, on a connection that its client would use again.
fn parts(world: &World, request: &Request<'_>) -> (Vec<u8>, Vec<u8>) {
    let whole = String::from_utf8(request.bytes(world.address)).unwrap().replace("connection: close\r\n", "");
    let (head, body) = whole.split_at(whole.find("\r\n\r\n").unwrap() + 4);
    (head.into(), body.into())
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_refused_before_it_comes() {
    let world = World::new().await;
    let mut stream = world.connect().await;
    let (head, body) = parts(&world, &Request::json("AmazonFake.Nothing").body(vec![b' '; 3000]));
    stream.write_all(&[&head, &body[..1]].concat()).await.unwrap();
    let answer = Response::read_one(&mut stream).await;
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")), "{answer:?}");
    // Who goes on sending is heard out, and told that this is the end.
    stream.write_all(&body[1..]).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(world.call("Nothing").await.status, 200);
}

#[tokio::test]
async fn a_body_that_grows_too_large_is_refused_while_it_comes() {
    let world = World::new().await;
    let mut stream = world.connect().await;
    let (head, _) = parts(&world, &Request::json("AmazonFake.Nothing").body(""));
    let head = String::from_utf8(head).unwrap().replace("content-length: 0", "transfer-encoding: chunked");
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    stream.write_all(format!("{head}{chunk}{chunk}").as_bytes()).await.unwrap();
    let answer = Response::read_one(&mut stream).await;
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")), "{answer:?}");
    stream.write_all(format!("{chunk}0\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn who_waits_to_be_asked_for_a_body_is_refused_without_it() {
    let world = World::new().await;
    let mut stream = world.connect().await;
    let request = Request::json("AmazonFake.Nothing").header("expect", "100-continue").body(vec![b' '; 3000]);
    stream.write_all(&parts(&world, &request).0).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "not asked for, and ended: {answer}");
}

#[tokio::test]
async fn who_was_asked_for_a_body_is_heard_out() {
    let world = World::with(Choices { max_bodies: 1600, ..Choices::default() }).await;
    let mut working = world.connect().await;
    let large = Request::json("AmazonFake.Work").body([b"{}".to_vec(), vec![b' '; 1000]].concat());
    for (chunks, expected) in [(2, 413), (1, 503)] {
        if expected == 503 {
            working.write_all(&large.bytes(world.address)).await.unwrap();
            world.fake.begun.notified().await;
        }
        let mut stream = world.connect().await;
        let (head, _) = parts(&world, &Request::json("AmazonFake.Nothing").header("expect", "100-continue").body(""));
        let head = String::from_utf8(head).unwrap().replace("content-length: 0", "transfer-encoding: chunked");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&go_on), "HTTP/1.1 100 Continue\r\n\r\n");
        let chunk = format!("300\r\n{}\r\n", " ".repeat(0x300));
        stream.write_all(chunk.repeat(chunks).as_bytes()).await.unwrap();
        let answer = Response::read_one(&mut stream).await;
        assert_eq!((answer.status, answer.header("connection")), (expected, Some("close")), "{answer:?}");
        // A reset would have thrown away answers that lie unread.
        for _ in 0..4 {
            stream.write_all(chunk.as_bytes()).await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "ended, not reset, after {expected}");
    }
    world.fake.go_on.notify_one();
}

#[tokio::test]
async fn an_admin_page_refuses_a_large_body_too() {
    let world = World::new().await;
    let answer = world.send(&Request::new("POST", "/_tidegate/settle").body(vec![b' '; 2000])).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert!(answer.json()["message"].as_str().unwrap().contains("1024 bytes"), "{answer:?}");
}

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let world = World::with(Choices { max_bodies: 1500, ..Choices::default() }).await;
    let mut first = world.connect().await;
    let request = Request::json("AmazonFake.Work").body([b"{}".to_vec(), vec![b' '; 1000]].concat());
    first.write_all(&request.bytes(world.address)).await.unwrap();
    world.fake.begun.notified().await;
    let second = world.send(&request).await;
    assert_eq!(second.status, 503, "{second:?}");
    assert!(second.json()["__type"].as_str().unwrap().contains("ServiceUnavailable"), "{second:?}");
    world.fake.go_on.notify_one();
    assert_eq!(Response::read(&mut first).await.status, 200);
    world.fake.go_on.notify_one();
    assert_eq!(world.send(&request).await.status, 200, "its share was given back");
}

fn quick() -> Choices {
    let short = Duration::from_millis(60);
    Choices {
        patience: Patience { idle: short, head: short, body: short, write: short, stop: short },
        ..Choices::default()
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let world = World::with(quick()).await;
    let mut stream = world.connect().await;
    let whole = Request::json("AmazonFake.Nothing").body(vec![b' '; 100]).bytes(world.address);
    stream.write_all(&whole[..whole.len() - 50]).await.unwrap();
    let response = Response::read(&mut stream).await;
    assert_eq!(response.status, 408, "{response:?}");
    assert!(response.body.contains("RequestTimeout"), "{response:?}");
}

#[tokio::test]
async fn heads_and_connections_that_stall_are_given_up() {
    let world = World::with(quick()).await;
    for sent in [&b""[..], b"POST / HTTP/1.1\r\nhost: loc"] {
        let mut stream = world.connect().await;
        stream.write_all(sent).await.unwrap();
        assert_eq!(Response::read(&mut stream).await.status, 0, "{sent:?}: closed without an answer");
    }
}

#[tokio::test]
async fn a_call_may_take_longer_than_any_limit_of_patience() {
    let world = World::with(quick()).await;
    let mut slow = world.connect().await;
    slow.write_all(&Request::json("AmazonFake.Work").bytes(world.address)).await.unwrap();
    world.fake.begun.notified().await;
    // An idle connection opened after it runs into its limit first.
    let mut idle = world.connect().await;
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
    world.fake.go_on.notify_one();
    assert_eq!(Response::read(&mut slow).await.status, 200);
}
