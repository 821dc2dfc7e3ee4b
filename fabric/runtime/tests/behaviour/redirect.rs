//! Calls to AWS's hosts reach this server, with the host that was signed.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::net::TcpListener;

use crate::needs;
use crate::support::{Wishes, World};

/// A server that answers each request with its host and path.
pub async fn mirror(world: &tidegate_env::Env) -> (String, tidegate_env::TaskHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let env = world.clone();
    let task = world.spawn("mirror", async move {
        let mut connections = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
                let host = request.headers().get("host").and_then(|host| host.to_str().ok()).map(str::to_owned);
                let host = host.or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default();
                let body = format!("{host} {}", request.uri().path());
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body))))
            });
            connections.push(env.spawn("mirrored", async move {
                let connection = auto::Builder::new(TokioExecutor::new());
                drop(connection.serve_connection(TokioIo::new(stream), service).await);
            }));
        }
    });
    (url, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_nodes_clients_are_brought_here() {
    needs!("node");
    let env = tidegate_env::Env::real();
    let (url, _server) = mirror(&env).await;
    let world = World::with(Wishes { endpoint_url: url.clone(), ..Wishes::default() }).await;
    let text = r#"
const text = (answer) => new Promise((done) => { let all = ''; answer.on('data', (data) => { all += data; }); answer.on('end', () => done(all)); });
const get = (module, url) => new Promise((done, failed) => require(module).get(url, (answer) => done(text(answer))).on('error', failed));
const h2 = () => new Promise((done, failed) => {
  const session = require('http2').connect('https://kinesis.eu-west-1.amazonaws.com');
  session.on('error', failed);
  const stream = session.request({ ':path': '/h2' });
  text(stream).then((all) => { session.close(); done(all); });
  stream.end();
});
exports.handler = async () => ({
  https: await get('https', 'https://sqs.eu-west-1.amazonaws.com/queue'),
  http: await get('http', 'http://bucket.s3.amazonaws.com/key'),
  fetch: await (await fetch('https://dynamodb.eu-west-1.amazonaws.com/table')).text(),
  h2: await h2(),
  endpoint: process.env.AWS_ENDPOINT_URL,
  other: await get('https', 'https://127.0.0.1:1/').catch((error) => error.code),
});
"#;
    let expected = json!({
        "https": "sqs.eu-west-1.amazonaws.com /queue",
        "http": "bucket.s3.amazonaws.com /key",
        "fetch": "dynamodb.eu-west-1.amazonaws.com /table",
        "h2": "kinesis.eu-west-1.amazonaws.com:443 /h2",
        "endpoint": url,
        "other": "ECONNREFUSED",
    });
    let answer = world.run(&Arc::new(world.node(text)), "{}").await;
    assert_eq!(answer.json, expected, "{answer:?}");
    // Modules import what the hook has changed already.
    let module = "import { get } from 'node:https';
export const handler = () => new Promise((done, failed) => get('https://sqs.eu-west-1.amazonaws.com/m', (answer) => { let all = ''; answer.on('data', (data) => { all += data; }); answer.on('end', () => done(all)); }).on('error', failed));";
    let spec = Arc::new(world.function("nodejs20.x", "index.handler", &[("index.mjs", module)]));
    assert_eq!(world.run(&spec, "{}").await.json, json!("sqs.eu-west-1.amazonaws.com /m"));
    world.runtimes.stop().await;
}
