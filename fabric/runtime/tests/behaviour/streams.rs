use std::sync::Arc;

use tidegate_runtime::{Payload, StreamEnd};

use crate::needs;
use crate::support::{Answer, World};

async fn streamed(world: &World, text: &str) -> (Option<String>, Vec<String>, StreamEnd) {
    let spec = Arc::new(world.node(text));
    let mut event = world.event("{}");
    event.streaming = true;
    let outcome = world.runtimes.run(&spec, event).await.expect("it runs");
    let Payload::Stream(mut stream) = outcome.payload else { panic!("{outcome:?}") };
    let mut chunks = Vec::new();
    while let Some(chunk) = stream.chunks.recv().await {
        chunks.push(String::from_utf8(chunk.to_vec()).expect("text"));
    }
    (stream.content_type, chunks, stream.end.await.expect("an end"))
}

const TWO_PIECES: &str = "exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  stream.setContentType('text/plain');
  stream.write('one');
  await new Promise((go) => setTimeout(go, 20));
  stream.write('two');
  stream.end();
});";

#[tokio::test(flavor = "multi_thread")]
async fn pieces_come_as_they_are_written() {
    needs!("node");
    let world = World::new().await;
    let (content_type, chunks, end) = streamed(&world, TWO_PIECES).await;
    assert_eq!(content_type.as_deref(), Some("text/plain"));
    assert_eq!(chunks, ["one", "two"]);
    assert_eq!(end.error, None);
    let tail = String::from_utf8(end.log_tail.expect("a tail").to_vec()).expect("text");
    assert!(tail.contains("REPORT RequestId: "), "{tail}");
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_stream_has_a_prelude() {
    needs!("node");
    let world = World::new().await;
    let text = "exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: 'b' } });
  http.write('body');
  http.end();
});";
    let (content_type, chunks, _) = streamed(&world, text).await;
    assert_eq!(content_type.as_deref(), Some("application/vnd.awslambda.http-integration-response"));
    assert_eq!(chunks.concat(), "{\"statusCode\":201,\"headers\":{\"a\":\"b\"}}\0\0\0\0\0\0\0\0body");
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_midst_is_told_at_the_end() {
    needs!("node");
    let world = World::new().await;
    let text = "exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('begun');
  await new Promise((go) => setTimeout(go, 5));
  throw new RangeError('broken');
});";
    let (_, chunks, end) = streamed(&world, text).await;
    assert_eq!(chunks, ["begun"]);
    let (kind, body) = end.error.expect("an error");
    assert_eq!(kind, "RangeError");
    assert!(String::from_utf8_lossy(&body).contains("broken"));
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_stream_gets_it_whole_and_the_worker_goes_on() {
    needs!("node");
    let world = World::new().await;
    let text = TWO_PIECES.replace("'one'", "'\"one'").replace("'two'", "'two\"'");
    let spec = Arc::new(world.node(&text));
    for n in 0..2 {
        let answer = Answer::of(world.runtimes.run(&spec, world.event("{}")).await.expect("it runs"));
        assert_eq!((answer.json, answer.usage.init_ms.is_some()), ("onetwo".into(), n == 0));
    }
    world.runtimes.stop().await;
}
