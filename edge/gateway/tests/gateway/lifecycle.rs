//! How requests, connections and the server end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tidegate_gateway::Patience;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{Choices, Request, Response, World};

#[tokio::test]
async fn a_panic_ends_its_request_only() {
    let world = World::new().await;
    for operation in ["Panic", "PanicLater"] {
        let response = world.call(operation).await;
        assert_eq!(response.status, 500, "{response:?}");
        assert!(response.json()["__type"].as_str().unwrap().contains("InternalFailure"), "{response:?}");
        assert!(!response.body.contains("as it was asked to"), "the client learns nothing of it: {response:?}");
        assert!(response.header("x-amzn-requestid").is_some());
    }
    assert_eq!(world.call("Nothing").await.status, 200);
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_call_with_it() {
    let world = World::new().await;
    let mut stream = world.connect().await;
    stream.write_all(&Request::json("AmazonFake.Wait").bytes(world.address)).await.unwrap();
    world.fake.begun.notified().await;
    drop(stream);
    world.fake.gone.notified().await;
    assert_eq!(world.fake.dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_rest_of_a_refused_body_does_not_hold_up_the_end() {
    let world = World::new().await;
    let mut stream = world.connect().await;
    let whole = Request::json("AmazonFake.Nothing").body(vec![b' '; 3000]).bytes(world.address);
    stream.write_all(&whole[..whole.len() - 1000]).await.unwrap();
    assert_eq!(Response::read_one(&mut stream).await.status, 413);
    world.stopper.stop();
    assert_eq!(Response::read(&mut stream).await.status, 0, "closed, though the client has not ended");
    world.serving.await.unwrap();
}

#[tokio::test]
async fn stopping_finishes_what_was_accepted_and_ends_long_polls() {
    let world = World::new().await;
    let mut working = world.connect().await;
    working.write_all(&Request::json("AmazonFake.Work").bytes(world.address)).await.unwrap();
    world.fake.begun.notified().await;
    let mut waiting = world.connect().await;
    waiting.write_all(&Request::json("AmazonFake.Wait").bytes(world.address)).await.unwrap();
    world.fake.begun.notified().await;
    let mut idle = world.connect().await;

    world.stopper.stop();
    assert_eq!(Response::read(&mut waiting).await.status, 200, "as if its time were up");
    assert_eq!(Response::read(&mut idle).await.status, 0, "closed");
    world.fake.go_on.notify_one();
    assert_eq!(Response::read(&mut working).await.status, 200);
    world.serving.await.unwrap();
    assert!(TcpStream::connect(world.address).await.is_err(), "nothing listens any more");
    assert_eq!(world.fake.dropped.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_does_not_end_is_cut_off() {
    let patience = Patience { stop: Duration::from_millis(20), ..Patience::default() };
    let world = World::with(Choices { patience, ..Choices::default() }).await;
    let mut working = world.connect().await;
    working.write_all(&Request::json("AmazonFake.Work").bytes(world.address)).await.unwrap();
    world.fake.begun.notified().await;
    world.stopper.stop();
    world.serving.await.unwrap();
    assert_eq!(Response::read(&mut working).await.status, 0);
    assert_eq!(world.fake.dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let world = World::new().await;
    let mut stream = world.connect().await;
    let one = String::from_utf8(Request::json("AmazonFake.Nothing").bytes(world.address)).unwrap();
    let kept = one.replace("connection: close\r\n", "");
    stream.write_all(format!("{kept}{kept}{one}").as_bytes()).await.unwrap();
    let answers = Response::read(&mut stream).await;
    assert_eq!(answers.status, 200);
    assert_eq!(world.fake.calls.lock().len(), 3);
}

/// Reads until `wanted` has come.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(wanted) {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "{wanted} did not come: {bytes:?}");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn an_answer_that_goes_on_is_not_an_idle_connection() {
    let patience = Patience { idle: Duration::from_millis(50), ..Patience::default() };
    let world = World::with(Choices { patience, ..Choices::default() }).await;
    let mut stream = world.connect().await;
    stream.write_all(&Request::json("AmazonFake.Stream").bytes(world.address)).await.unwrap();
    let head = read_until(&mut stream, "first").await;
    assert!(head.contains("content-type: application/vnd.amazon.eventstream\r\n"), "{head}");
    assert!(head.contains("initial-response"), "{head}");
    // A connection that came later is given up because it is idle.
    let mut idle = world.connect().await;
    assert_eq!(Response::read(&mut idle).await.status, 0);
    world.fake.more.notify_one();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(String::from_utf8_lossy(&rest).contains("second"), "{rest:?}");
}

#[tokio::test]
async fn http2_without_tls_is_understood() {
    let world = World::new().await;
    let io = TokioIo::new(world.connect().await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let _connection = world.env.spawn("client", connection);
    let body = Full::new(Bytes::from_static(b"{}"));
    let request =
        http::Request::post(format!("http://{}/", world.address)).header("x-amz-target", "AmazonFake.Nothing");
    let answer = sender.send_request(request.body(body).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(world.fake.last_call().base_url, format!("http://{}", world.address));
}
