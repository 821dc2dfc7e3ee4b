//! Thousands of waiting long polls: what they cost, and whom a message wakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tidegate_harness::{Options, Server, Sqs};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::MB;
use super::wire::Wire;

/// What ten thousand waiting polls may cost.
const LIMIT_BYTES: u64 = 200 * MB;
const LIMIT_POLLS: u64 = 10_000;
/// Polls wait on this many queues, half of them on the first.
const QUEUES: usize = 50;
const WAIT_SECONDS: u32 = 20;
/// Connections are opened by so many tasks.
const OPENERS: usize = 50;

/// Opens `count` long polls, measures them, and wakes some.
///
/// # Errors
/// They cost too much, or a message does not wake exactly one.
pub async fn run(count: usize) -> Result<String> {
    let server = Options::new().start()?;
    let sqs = Sqs::new(server.client());
    let mut urls = Vec::new();
    for index in 0..QUEUES {
        urls.push(sqs.create_queue(&format!("polls-{index}"), json!({})).await?);
    }
    server.settle().await?;
    let before = server.resident_bytes()?;
    let (woken, mut bodies) = mpsc::unbounded_channel();
    let ended = Arc::new(AtomicUsize::new(0));
    let mut polls = open(&server, &urls, count, &woken, &ended).await?;
    // The idle barrier passes over long polls, but only once nothing else is open: all wait by then.
    server.settle().await?;
    let cost = server.resident_bytes()?.saturating_sub(before);
    ensure!(ended.load(Ordering::SeqCst) == 0, "polls ended before anything was sent");

    let deepest = &urls[0];
    for number in 0..10 {
        sqs.send(deepest, &number.to_string()).await?;
        let body = bodies.recv().await.context("no poll was woken")??;
        ensure!(body == number.to_string(), "the poll was woken by {body}, not by {number}");
    }
    server.settle().await?;
    ensure!(ended.load(Ordering::SeqCst) == 10, "10 messages ended {} polls", ended.load(Ordering::SeqCst));
    ensure!(sqs.receive(deepest, 10, 0).await?.is_empty(), "a message that was delivered is there again");
    polls.shutdown().await;
    let limit = LIMIT_BYTES * u64::try_from(count)? / LIMIT_POLLS;
    // At small counts what a process takes for its first thousand connections is not yet shared.
    let limit = limit.max(28 * MB);
    ensure!(cost <= limit, "{count} waiting polls cost {} MB; {} MB is the limit", cost / MB, limit / MB);
    Ok(format!("{count} waiting long polls cost {} MB; each of 10 messages woke one", cost / MB))
}

type Woken = mpsc::UnboundedSender<Result<String>>;

async fn open(
    server: &Server,
    urls: &[String],
    count: usize,
    woken: &Woken,
    ended: &Arc<AtomicUsize>,
) -> Result<JoinSet<()>> {
    let mut openers = JoinSet::new();
    for opener in 0..OPENERS {
        let (port, urls) = (server.port(), urls.to_vec());
        let numbers: Vec<usize> = (opener..count).step_by(OPENERS).collect();
        openers.spawn(async move {
            let mut wires = Vec::new();
            for number in numbers {
                let url = if number % 2 == 0 { &urls[0] } else { &urls[1 + number % (QUEUES - 1)] };
                let mut wire = Wire::connect(port).await?;
                wire.request("ReceiveMessage", &json!({ "QueueUrl": url, "WaitTimeSeconds": WAIT_SECONDS })).await?;
                wires.push(wire);
            }
            anyhow::Ok(wires)
        });
    }
    let mut polls = JoinSet::new();
    while let Some(wires) = openers.join_next().await {
        for mut wire in wires?? {
            let (woken, ended) = (woken.clone(), Arc::clone(ended));
            polls.spawn(async move {
                let body = body_of(&mut wire).await;
                ended.fetch_add(1, Ordering::SeqCst);
                // Once the test has seen enough nobody listens any more.
                woken.send(body).ok();
            });
        }
    }
    Ok(polls)
}

async fn body_of(wire: &mut Wire) -> Result<String> {
    let reply = wire.reply().await?.context("the server closed a waiting poll")?;
    let json = reply.json();
    json["Messages"][0]["Body"].as_str().map(str::to_owned).with_context(|| format!("{} {json}", reply.status))
}
