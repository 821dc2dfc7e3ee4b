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

/// A poller that hung up must not be handed a message, or it would be hidden from all others. One that
/// only closed its half counts as gone too: from here the two look the same, and no AWS client does it.
async fn gone_pollers_take_nothing(server: &Server, sqs: &Sqs) -> Result<()> {
    let url = sqs.create_queue("gone", json!({})).await?;
    let mut wires = Vec::new();
    for _ in 0..20 {
        let mut wire = Wire::connect(server.port()).await?;
        wire.request("ReceiveMessage", &json!({ "QueueUrl": url, "WaitTimeSeconds": 20 })).await?;
        wires.push(wire);
    }
    server.settle().await?;
    let mut half_closed = wires.split_off(wires.len() / 2);
    drop(wires);
    for wire in &mut half_closed {
        wire.half_close().await?;
    }
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
