//! Clients that stall, hang up in the middle, and close one half.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tidegate_harness::{Client, Options, Server, Sqs};

use super::wire::Wire;

/// Everybody who stalls is given up within this: the longest patience is 75 seconds, for idleness.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(45);
/// Hanging up is noticed at once; this is for a busy machine.
const NOTICED_WITHIN: Duration = Duration::from_secs(20);
/// The test's own two clients.
const OWN_CONNECTIONS: u64 = 2;
const IDLE_GIVEN_UP_WITHIN: Duration = Duration::from_secs(120);

/// Tries every way to be slow; with `idle`, also the one that takes more than a minute.
///
/// # Errors
/// A connection is kept for ever, or a message is lost to a client that is gone.
pub async fn run(idle: bool) -> Result<String> {
    let server = Options::new().start()?;
    let sqs = Sqs::new(server.client());
    half_closed(&server, &sqs).await?;
    gone_pollers_take_nothing(&server, &sqs).await?;
    let head = given_up(&server, "POST / HTTP/1.1\r\nhost: loc", GIVEN_UP_WITHIN);
    let body =
        given_up(&server, "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nabc", GIVEN_UP_WITHIN);
    let (head, body) = futures::future::try_join(head, body).await?;
    let mut record = format!("a stalled head is given up after {head} s, a stalled body after {body} s");
    if idle {
        let silent = given_up(&server, "", IDLE_GIVEN_UP_WITHIN).await?;
        record = format!("{record}, silence after {silent} s");
    }
    Ok(record)
}

/// Seconds until the server closes a connection on which nothing follows `start`.
async fn given_up(server: &Server, start: &str, within: Duration) -> Result<u64> {
    let mut wire = Wire::connect(server.port()).await?;
    wire.write(start).await?;
    let began = Instant::now();
    // Whether it says 408 first or just closes is the server's affair.
    let end = async { while let Ok(Some(_)) = wire.reply().await {} };
    tokio::time::timeout(within, end).await.with_context(|| format!("still open after {within:?}: {start:?}"))?;
    Ok(began.elapsed().as_secs())
}

/// A client that has said all it will say still gets its answer.
async fn half_closed(server: &Server, sqs: &Sqs) -> Result<()> {
    let url = sqs.create_queue("half-closed", json!({})).await?;
    sqs.send(&url, "for the half-closed").await?;
    let mut wire = Wire::connect(server.port()).await?;
    wire.request("ReceiveMessage", &json!({ "QueueUrl": url })).await?;
    wire.half_close().await?;
    let reply = wire.reply().await?.context("no answer on a half-closed connection")?;
    ensure!(reply.json()["Messages"][0]["Body"] == "for the half-closed", "{} {}", reply.status, reply.json());
    Ok(())
}

/// A poller that hung up must not be handed a message, or it would be hidden from all others.
async fn gone_pollers_take_nothing(server: &Server, sqs: &Sqs) -> Result<()> {
    let url = sqs.create_queue("gone", json!({})).await?;
    let mut wires = Vec::new();
    for _ in 0..20 {
        let mut wire = Wire::connect(server.port()).await?;
        wire.request("ReceiveMessage", &json!({ "QueueUrl": url, "WaitTimeSeconds": 20 })).await?;
        wires.push(wire);
    }
    server.settle().await?;
    drop(wires);
    // The server learns of a closed connection by reading from it; its metrics say when it has.
    let client = server.client();
    let noticed = async {
        while open_connections(&client).await? > OWN_CONNECTIONS {}
        anyhow::Ok(())
    };
    tokio::time::timeout(NOTICED_WITHIN, noticed).await.context("connections that hung up are still counted")??;
    sqs.send(&url, "for the living").await?;
    let messages = sqs.receive(&url, 1, 5).await?;
    ensure!(messages.len() == 1, "a message went to a poller that had hung up");
    Ok(())
}

async fn open_connections(client: &Client) -> Result<u64> {
    let answer = client.send(http::Request::get("/_tidegate/metrics").body(bytes::Bytes::new())?).await?;
    let text = answer.text();
    let line = text.lines().find(|line| line.contains("connections") && !line.starts_with('#'));
    let value = line
        .and_then(|line| line.rsplit(' ').next())
        .with_context(|| format!("no gauge of connections in:\n{text}"))?;
    Ok(value.parse::<f64>()? as u64)
}
