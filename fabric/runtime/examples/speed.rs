//! How fast environments start and answer, beside Node alone: `cargo run --release -p tidegate-runtime
//! --example speed`.
//!
//! Reference and product alternate in one run, and medians of ratios and differences are printed, since the
//! machine's speed changes from one minute to the next.

#![allow(clippy::disallowed_methods, reason = "an example that measures real time")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot be made is at its end")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::BoxFuture;
use tidegate_env::Env;
use tidegate_ports::{LogBatch, LogLines, RoleCredentials};
use tidegate_runtime::{CredentialSource, FunctionSpec, InitType, Invocation, LogFormat, Runtime, Runtimes, Settings};
use tidegate_store::StoreError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

const ROUNDS: usize = 21;
const WARM: usize = 500;

struct Nowhere;

impl LogLines for Nowhere {
    fn write(&self, _batch: LogBatch) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

impl CredentialSource for Nowhere {
    fn issue<'a>(&'a self, _function: &'a FunctionSpec) -> BoxFuture<'a, Result<RoleCredentials, String>> {
        let expires_at = Env::real().real_now().plus(Duration::from_secs(12 * 3600));
        let credentials =
            RoleCredentials { access_key: "A".into(), secret: "s".into(), session_token: String::new(), expires_at };
        Box::pin(async { Ok(credentials) })
    }
}

const FUNCTION: &str = "exports.handler = async () => ({});";
const SERVER: &str = "require('http').createServer((request, answer) => {
  let body = ''; request.on('data', (data) => { body += data; });
  request.on('end', async () => answer.end(JSON.stringify(await require('./index.js').handler(JSON.parse(body)))));
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });";

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let code = folder.path().join("code");
    std::fs::create_dir(&code).unwrap();
    std::fs::write(code.join("index.js"), FUNCTION).unwrap();
    std::fs::write(code.join("server.js"), SERVER).unwrap();
    let settings =
        Settings::new(folder.path().join("scratch"), folder.path().join("sdks"), "http://127.0.0.1:1".to_owned());
    let runtimes = Runtimes::new(Env::real(), settings, Arc::new(Nowhere), Arc::new(Nowhere)).await.unwrap();
    let spec = |id: usize| {
        Arc::new(FunctionSpec {
            id: id.to_string(),
            arn: "arn:aws:lambda:us-east-1:000000000000:function:empty".into(),
            name: "empty".into(),
            version: "$LATEST".into(),
            account: "000000000000".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            runtime: Runtime::parse("nodejs20.x"),
            handler: "index.handler".into(),
            code: code.clone(),
            layers: Vec::new(),
            architecture: "x86_64".to_owned(),
            environment: BTreeMap::new(),
            role: "role".into(),
            timeout_ms: 10_000,
            memory_mb: 512,
            ephemeral_storage_mb: 512,
            log_group: "/aws/lambda/empty".into(),
            log_format: LogFormat::Text,
            tracing: false,
            init: InitType::OnDemand,
        })
    };
    let run = async |spec: &Arc<FunctionSpec>| {
        let event = Invocation {
            request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".into(),
            payload: Bytes::from_static(b"{}"),
            ..Invocation::default()
        };
        let outcome = runtimes.run(spec, event).await.unwrap();
        assert!(outcome.error.is_none(), "{outcome:?}");
    };
    run(&spec(usize::MAX)).await;
    let (mut alone, mut cold) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let start = Instant::now();
        Command::new("node").args(["-e", "0"]).status().await.unwrap();
        alone.push(millis(start));
        let spec = spec(round);
        let start = Instant::now();
        run(&spec).await;
        cold.push(millis(start));
        runtimes.retire(&spec.id);
    }
    let ratios = alone.iter().zip(&cold).map(|(alone, cold)| cold / alone).collect();
    println!(
        "node -e 0: {:.1} ms, cold start with its first invocation: {:.1} ms, ratio {:.2}",
        median(alone),
        median(cold),
        median(ratios)
    );

    let mut server = Command::new("node")
        .arg(code.join("server.js"))
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut port = [0; 16];
    let count = server.stdout.as_mut().unwrap().read(&mut port).await.unwrap();
    let port: u16 = std::str::from_utf8(&port[..count]).unwrap().trim().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let warm = spec(usize::MAX);
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    let mut answer = [0; 4096];
    for _ in 0..WARM {
        let start = Instant::now();
        stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
        assert!(stream.read(&mut answer).await.unwrap() > 0);
        direct.push(millis(start));
        let start = Instant::now();
        run(&warm).await;
        through.push(millis(start));
    }
    let (direct, through) = (median(direct), median(through));
    println!(
        "the handler behind Node's http server: {direct:.3} ms, through a warm worker: {through:.3} ms, adds {:.3} ms",
        through - direct
    );
    runtimes.stop().await;
}
