//! Bodies beyond every limit: refused, and never at the price of the server's memory.

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tidegate_harness::{Options, Server, Sqs};
use tokio::task::JoinSet;

use super::MB;
use super::wire::{Reply, Wire};

/// What the server may keep resident whatever clients send: the stated 256 MiB of bodies, as much
/// again for copies under way, and itself.
const LIMIT_BYTES: u64 = 640 * MB;
/// A body just within one request's limit of 8 MiB.
const LARGE: usize = 8 * 1024 * 1024 - 1024;
/// So many at once are twice what the server may hold.
const CONNECTIONS: usize = 64;
/// Far beyond one request's limit.
const HUGE: usize = 1 << 40;

/// Fills the server from outside.
///
/// # Errors
/// It grows beyond its limit, does not refuse, or does not serve afterwards.
pub async fn run() -> Result<String> {
    let server = Options::new().start()?;
    let sqs = Sqs::new(server.client());
    let url = sqs.create_queue("memory", json!({})).await?;
    announced_too_large(&server).await?;
    endless(&server).await?;
    let (refused, peak) = crowd(&server).await?;
    sqs.send(&url, "still here").await?;
    ensure!(sqs.receive(&url, 1, 5).await?.len() == 1, "the server does not serve after the crowd");
    ensure!(peak <= LIMIT_BYTES, "{CONNECTIONS} bodies of 8 MiB took the server to {} MB", peak / MB);
    Ok(format!(
        "{refused} of {CONNECTIONS} bodies of 8 MiB answered 503 at {} MB resident; oversize ones 413",
        peak / MB
    ))
}

/// A length beyond the limit is refused, whatever of it has come.
async fn announced_too_large(server: &Server) -> Result<()> {
    let mut wire = Wire::connect(server.port()).await?;
    wire.write(wire.head("SendMessage", HUGE)).await?;
    flood(&mut wire, HUGE).await;
    let reply = wire.reply().await?.context("no answer to an oversize body")?;
    ensure!(reply.status == 413, "an announced terabyte is answered {}", reply.status);
    Ok(())
}

/// So is a body that does not announce its length and does not end.
async fn endless(server: &Server) -> Result<()> {
    let mut wire = Wire::connect(server.port()).await?;
    let head = wire.head("SendMessage", 0).replace("content-length: 0", "transfer-encoding: chunked");
    wire.write(head).await?;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..16_384 {
        if wire.write(&chunk).await.is_err() {
            return Ok(());
        }
        ensure!(server.resident_bytes()? < LIMIT_BYTES, "an endless body fills the server");
    }
    bail!("a gigabyte of an endless body was read without an objection")
}

/// Writes until the server has had enough; a refusal may come in the middle.
async fn flood(wire: &mut Wire, most: usize) {
    let piece = vec![b'x'; 1 << 16];
    let mut written = 0;
    // The drain's bound is some multiple of the limit: nobody reads a terabyte to its end.
    while written < most.min(1 << 27) && wire.write(&piece).await.is_ok() {
        written += piece.len();
    }
}

/// Twice as much as all bodies together may hold, none of them finished.
async fn crowd(server: &Server) -> Result<(usize, u64)> {
    let mut wires = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let port = server.port();
        wires.spawn(async move {
            let mut wire = Wire::connect(port).await?;
            wire.write(wire.head("SendMessage", LARGE)).await?;
            let written = wire.write(vec![b'x'; LARGE - 1]).await;
            anyhow::Ok((wire, written.is_ok()))
        });
    }
    let mut held = Vec::new();
    let mut peak = 0;
    while let Some(wire) = wires.join_next().await {
        held.push(wire??);
        peak = peak.max(server.resident_bytes()?);
    }
    let mut refused = 0;
    for (wire, _) in &mut held {
        // The last byte makes each body whole, and no JSON: those that were let in are answered 400.
        wire.write("x").await.ok();
        match wire.reply().await {
            Ok(Some(Reply { status: 503, .. })) | Ok(None) | Err(_) => refused += 1,
            Ok(Some(Reply { status: 400, .. })) => {}
            Ok(Some(reply)) => {
                bail!("a body in a crowd is answered {}: {}", reply.status, String::from_utf8_lossy(&reply.body))
            }
        }
        peak = peak.max(server.resident_bytes()?);
    }
    ensure!(refused > 0, "twice the limit of bodies was held without a refusal");
    Ok((refused, peak))
}
