//! Producers and consumers that know what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tidegate_harness::{Client, Failure, Sqs};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

const PRODUCERS: usize = 6;
const CONSUMERS: usize = 2;
/// A server that has not recovered by then never will.
const RECOVERED_WITHIN: Duration = Duration::from_secs(60);

/// What is known of a message, by its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was offered; nobody knows whether it was taken.
    Offered,
    /// It was acknowledged: it must be there.
    Stored,
    /// Somebody asked for its deletion; nobody knows what became of that.
    Leaving,
    /// Its deletion was acknowledged: it must not come back.
    Deleted,
}

/// What the clients of a queue were told, over all cuts.
#[derive(Debug, Default)]
pub struct Load {
    fates: Arc<Mutex<BTreeMap<String, Fate>>>,
    next: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
}

/// Load that goes on until it is stopped.
#[derive(Debug)]
pub struct Running {
    stop: Arc<AtomicBool>,
    workers: JoinSet<Result<()>>,
}

impl Running {
    /// Ends the load and waits for its last answers.
    ///
    /// # Errors
    /// An answer that no failure of a disk explains.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(worker) = self.workers.join_next().await {
            worker??;
        }
        Ok(())
    }
}

impl Load {
    /// Starts producers and consumers on a queue. They go on through refusals and end when the
    /// server is gone.
    pub fn start(&self, client: &Client, queue: &str) -> Running {
        let stop = Arc::new(AtomicBool::new(false));
        let mut workers = JoinSet::new();
        for index in 0..PRODUCERS + CONSUMERS {
            let load = Load { fates: self.fates.clone(), next: self.next.clone(), refused: self.refused.clone() };
            let (sqs, queue, stop) = (Sqs::new(Client::new(client.endpoint())), queue.to_owned(), stop.clone());
            workers.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let outcome = if index < PRODUCERS {
                        load.produce(&sqs, &queue).await
                    } else {
                        load.consume(&sqs, &queue).await
                    };
                    match outcome {
                        Ok(()) => {}
                        Err(Failure::Refused { status: 500.., .. }) => {
                            load.refused.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(Failure::InDoubt(_)) => return Ok(()),
                        Err(other) => bail!("no failure of a disk explains {other}"),
                    }
                }
                Ok(())
            });
        }
        Running { stop, workers }
    }

    /// How many messages were acknowledged and not deleted.
    pub async fn stored(&self) -> usize {
        self.fates.lock().await.values().filter(|fate| **fate == Fate::Stored).count()
    }

    /// How many requests were refused with a 5xx so far.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    async fn produce(&self, sqs: &Sqs, queue: &str) -> Result<(), Failure> {
        let body = format!("message {} {}", self.next.fetch_add(1, Ordering::Relaxed), "x".repeat(300));
        self.fates.lock().await.insert(body.clone(), Fate::Offered);
        sqs.send(queue, &body).await?;
        let mut fates = self.fates.lock().await;
        // A consumer may have had it already, before its producer was told.
        if fates.get(&body) == Some(&Fate::Offered) {
            fates.insert(body, Fate::Stored);
        }
        Ok(())
    }

    async fn consume(&self, sqs: &Sqs, queue: &str) -> Result<(), Failure> {
        for message in sqs.receive(queue, 3, 1).await? {
            let body = text(&message["Body"]);
            self.fates.lock().await.insert(body.clone(), Fate::Leaving);
            sqs.delete(queue, &text(&message["ReceiptHandle"])).await?;
            self.fates.lock().await.insert(body, Fate::Deleted);
        }
        Ok(())
    }

    /// Sends until a message is taken: waits for the server to recover.
    ///
    /// # Errors
    /// It does not recover within a minute, or answers something else than 503 meanwhile.
    pub async fn await_recovery(&self, client: &Client, queue: &str) -> Result<()> {
        let (sqs, start) = (Sqs::new(client.clone()), Instant::now());
        loop {
            match self.produce(&sqs, queue).await {
                Ok(()) => return Ok(()),
                Err(Failure::Refused { status: 503, .. }) if start.elapsed() < RECOVERED_WITHIN => {}
                Err(other) => bail!("not recovered after {:?}: {other}", start.elapsed()),
            }
        }
    }

    /// Looks at everything in the queue and compares it with what the clients were told.
    ///
    /// # Errors
    /// Something acknowledged is missing, something deleted is back, or something was never offered.
    pub async fn audit(&self, client: &Client, queue: &str) -> Result<()> {
        let present = self.drain_view(client, queue).await?;
        let fates = self.fates.lock().await;
        let with = |wanted: Fate, there: bool| -> Vec<&str> {
            let matching = fates.iter().filter(|(body, fate)| **fate == wanted && present.contains(*body) == there);
            matching.map(|(body, _)| body.trim_end_matches('x')).collect()
        };
        let (lost, back) = (with(Fate::Stored, false), with(Fate::Deleted, true));
        ensure!(lost.is_empty() && back.is_empty(), "acknowledged, but lost: {lost:?}; deleted, but back: {back:?}");
        let invented: Vec<&String> = present.iter().filter(|body| !fates.contains_key(*body)).collect();
        ensure!(invented.is_empty(), "never sent: {invented:?}");
        Ok(())
    }

    /// All messages of the queue: every lease is made to run out, before and after.
    async fn drain_view(&self, client: &Client, queue: &str) -> Result<BTreeSet<String>> {
        advance(client).await?;
        let (sqs, mut present) = (Sqs::new(client.clone()), BTreeSet::new());
        loop {
            let received = sqs.receive(queue, 10, 0).await?;
            if received.is_empty() {
                break;
            }
            for message in received {
                let body = text(&message["Body"]);
                ensure!(present.insert(body.clone()), "there twice: {body:?}");
            }
        }
        advance(client).await?;
        Ok(present)
    }
}

/// Lets two minutes pass: longer than any visibility timeout of the test.
async fn advance(client: &Client) -> Result<()> {
    let body = json!({ "advance": "PT2M" }).to_string();
    let request = http::Request::post("/_tidegate/clock").body(body.into())?;
    let answer = client.send(request).await.context("moving time")?;
    ensure!(answer.status == 200, "moving time answers {}: {}", answer.status, answer.text());
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
