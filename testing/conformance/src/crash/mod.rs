//! `kill -9` under load: nothing acknowledged is lost, nothing deleted comes back, order is kept.
//!
//! Each round lets producers and consumers work on a standard and a FIFO queue and kills the server
//! in the middle of it, after a random number of acknowledged operations. The server then starts on
//! the same folder, time is moved beyond the visibility timeout, and the next round goes on with
//! what is there. At the end everything is drained, and `tidegate check` reads the whole folder.
//!
//! What the clients know is kept in two ledgers: [`standard`] and [`fifo`]. A request that was under
//! way when the server died happened or did not: both are right. Everything else has one answer.

mod bodies;
mod faults;
mod fifo;
mod fifo_workers;
mod round;
mod standard;
mod standard_workers;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tidegate_harness::{Options, Server, Sqs};

use self::faults::Faults;
use self::round::Round;

/// Longer than a round takes, so that no lease ends inside one; moved past between rounds.
const VISIBILITY_SECONDS: u32 = 120;
const PAST_VISIBILITY: &str = "PT121S";
const STANDARD_PRODUCERS: u64 = 3;
const STANDARD_CONSUMERS: u64 = 3;
const FIFO_PRODUCERS: u64 = 2;
const FIFO_CONSUMERS: u64 = 3;
/// A folder is verified after every so many kills, and at the end.
const CHECK_EVERY: u32 = 5;

/// Both queues, with what is known of them.
struct World {
    server: Server,
    standard_url: String,
    fifo_url: String,
    standard: Arc<standard::Ledger>,
    fifo: Arc<fifo::Ledger>,
    faults: Arc<Faults>,
}

/// Kills a server `rounds` times. Answers what was done, for the record.
///
/// # Errors
/// What was lost, came back or changed places, each with what the ledger knew of it.
pub async fn run(rounds: u32, seed: u64) -> Result<String> {
    println!("    seed {seed}");
    let mut world = World::new().await?;
    let story = world.story(rounds, seed).await;
    story.with_context(|| format!("seed {seed}; the server's log:\n{}\n", world.server.log()))?;
    let status = world.server.stop()?;
    ensure!(status.success(), "the server's graceful end was {status}");
    world.server.check()?;
    Ok(format!("{rounds} kills; {}; {}; the folder is sound", world.standard.summary(), world.fifo.summary()))
}

impl World {
    async fn new() -> Result<World> {
        let server = Options::new().args(["--virtual-clock"]).start()?;
        let sqs = Sqs::new(server.client());
        let visibility = VISIBILITY_SECONDS.to_string();
        let standard_url = sqs.create_queue("crash", json!({ "VisibilityTimeout": visibility })).await?;
        let attributes = json!({ "VisibilityTimeout": visibility, "FifoQueue": "true" });
        let fifo_url = sqs.create_queue("crash.fifo", attributes).await?;
        let faults = Arc::new(Faults::default());
        Ok(World {
            server,
            standard_url,
            fifo_url,
            standard: Arc::new(standard::Ledger::new(faults.clone())),
            fifo: Arc::new(fifo::Ledger::new(faults.clone())),
            faults,
        })
    }

    async fn story(&mut self, rounds: u32, seed: u64) -> Result<()> {
        for number in 0..rounds {
            let seed = seed.wrapping_add(u64::from(number) << 32);
            self.round(number, seed).await.with_context(|| format!("round {number}"))?;
        }
        self.drain().await?;
        self.standard.audit();
        self.fifo.audit();
        self.faults.verdict()
    }

    /// Load, a kill in its middle, and a restart.
    async fn round(&mut self, number: u32, seed: u64) -> Result<()> {
        let round = Arc::new(Round::new(self.faults.clone(), seed));
        self.fifo.new_round();
        let mut workers = tokio::task::JoinSet::new();
        for index in 0..STANDARD_PRODUCERS {
            let lane = u64::from(number) * STANDARD_PRODUCERS + index;
            workers.spawn(standard_workers::produce(
                self.sqs(),
                self.standard_url.clone(),
                self.standard.clone(),
                round.clone(),
                lane,
            ));
        }
        for index in 0..STANDARD_CONSUMERS {
            workers.spawn(standard_workers::consume(
                self.sqs(),
                self.standard_url.clone(),
                self.standard.clone(),
                round.clone(),
                index,
            ));
        }
        for index in 0..FIFO_PRODUCERS {
            workers.spawn(fifo_workers::produce(
                self.sqs(),
                self.fifo_url.clone(),
                self.fifo.clone(),
                round.clone(),
                index,
            ));
        }
        for index in 0..FIFO_CONSUMERS {
            workers.spawn(fifo_workers::consume(
                self.sqs(),
                self.fifo_url.clone(),
                self.fifo.clone(),
                round.clone(),
                index,
            ));
        }
        round.reached().await?;
        round.announce_kill();
        self.server.kill()?;
        while let Some(worker) = workers.join_next().await {
            worker?;
        }
        self.faults.verdict()?;
        if number.is_multiple_of(CHECK_EVERY) {
            self.server.check()?;
        }
        self.server.start()?;
        self.server.advance(PAST_VISIBILITY).await?;
        Ok(())
    }

    /// Takes and deletes everything that is left.
    async fn drain(&mut self) -> Result<()> {
        let round = Arc::new(Round::endless(self.faults.clone()));
        self.fifo.new_round();
        while self.waiting(&self.standard_url).await? > 0 {
            standard_workers::take_all(&self.sqs(), &self.standard_url, &self.standard, &round).await;
            self.faults.verdict()?;
        }
        while self.waiting(&self.fifo_url).await? > 0 {
            fifo_workers::take_all(&self.sqs(), &self.fifo_url, &self.fifo, &round).await;
            self.faults.verdict()?;
        }
        Ok(())
    }

    fn sqs(&self) -> Sqs {
        Sqs::new(self.server.client())
    }

    /// What the server itself says is left, in flight or not.
    async fn waiting(&self, url: &str) -> Result<u64> {
        let names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ];
        let output = self.sqs().call("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": names })).await?;
        names
            .iter()
            .map(|name| Ok(output["Attributes"][*name].as_str().context("a count is missing")?.parse::<u64>()?))
            .sum()
    }
}
