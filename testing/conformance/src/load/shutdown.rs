//! SIGTERM under load: what was acknowledged is there, waiting polls are let go, the end is clean.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use tidegate_harness::{Failure, Options, Server, Sqs};
use tokio::task::JoinSet;

const PRODUCERS: usize = 8;
const POLLERS: usize = 20;
/// SIGTERM comes after so many acknowledged sends.
const SENDS: usize = 400;
/// Polls that would wait for 20 seconds must not hold up the end for as long.
const STOPPED_WITHIN: Duration = Duration::from_secs(15);

/// Stops a loaded server `rounds` times.
///
/// # Errors
/// A message is lost, the end is not clean, or it takes too long.
pub async fn run(rounds: u32) -> Result<String> {
    let mut server = Options::new().start()?;
    let mut acknowledged = HashSet::new();
    let mut longest = Duration::ZERO;
    let url = Sqs::new(server.client()).create_queue("shutdown", json!({})).await?;
    let idle = Sqs::new(server.client()).create_queue("nothing-comes-here", json!({})).await?;
    for round in 0..rounds {
        longest = longest.max(stop_under_load(&mut server, &url, &idle, round, &mut acknowledged).await?);
        server.start()?;
    }
    let sent = acknowledged.len();
    let sqs = Sqs::new(server.client());
    loop {
        let messages = sqs.receive(&url, 10, 0).await?;
        if messages.is_empty() {
            break;
        }
        for message in messages {
            acknowledged.remove(message["Body"].as_str().unwrap_or_default());
        }
    }
    ensure!(acknowledged.is_empty(), "{} of {sent} acknowledged messages are lost", acknowledged.len());
    Ok(format!(
        "{rounds} ends under load, the longest took {} ms; {sent} acknowledged messages are there",
        longest.as_millis()
    ))
}

async fn stop_under_load(
    server: &mut Server,
    url: &str,
    idle: &str,
    round: u32,
    acknowledged: &mut HashSet<String>,
) -> Result<Duration> {
    let (send, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let mut producers = JoinSet::new();
    for producer in 0..PRODUCERS {
        let (sqs, url, send) = (Sqs::new(server.client()), url.to_owned(), send.clone());
        producers.spawn(async move {
            for number in 0.. {
                let body = format!("{round}.{producer}.{number}");
                match sqs.send(&url, &body).await {
                    // The receiver ends only with the test.
                    Ok(_) => send.send(body).ok(),
                    Err(failure) => return failure,
                };
            }
            unreachable!("numbers do not end")
        });
    }
    drop(send);
    let mut pollers = JoinSet::new();
    for _ in 0..POLLERS {
        let (sqs, idle) = (Sqs::new(server.client()), idle.to_owned());
        pollers.spawn(async move { sqs.receive(&idle, 1, 20).await });
    }
    for _ in 0..SENDS {
        acknowledged.extend(sent.recv().await);
    }
    let began = Instant::now();
    server.ask_to_stop()?;
    let status = server.wait_until_stopped()?;
    let took = began.elapsed();
    ensure!(status.success(), "the server ended with {status}");
    ensure!(took <= STOPPED_WITHIN, "the end took {took:?}");
    while let Some(body) = sent.recv().await {
        acknowledged.insert(body);
    }
    judge(producers, pollers).await?;
    Ok(took)
}

/// Refusals while ending are 503; polls are answered, empty, or their connection is closed.
async fn judge(
    mut producers: JoinSet<Failure>,
    mut pollers: JoinSet<Result<Vec<serde_json::Value>, Failure>>,
) -> Result<()> {
    while let Some(failure) = producers.join_next().await {
        let failure = failure?;
        ensure!(
            matches!(failure, Failure::InDoubt(_) | Failure::Refused { status: 503, .. }),
            "a producer was refused at the end: {failure}"
        );
    }
    while let Some(poll) = pollers.join_next().await {
        match poll? {
            Ok(messages) => ensure!(messages.is_empty(), "a poll on an idle queue brought {messages:?}"),
            Err(Failure::InDoubt(_) | Failure::Refused { status: 503, .. }) => {}
            Err(failure) => anyhow::bail!("a waiting poll was refused at the end: {failure}"),
        }
    }
    Ok(())
}
