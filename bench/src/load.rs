//! Many connections that each send one request after the other.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::LocalSet;

use crate::connection::Connection;
use crate::sqs::{Queue, texts};
use crate::statistics::Latencies;

/// What each connection does again and again.
#[derive(Clone)]
pub enum Work {
    /// One request.
    Same(Vec<u8>),
    /// The request with the next number, counted over all connections.
    Numbered(Rc<dyn Fn(u64) -> Vec<u8>>),
    /// Two requests: as [`Work::ReceiveAndDelete`], for the reference.
    Pair(Vec<u8>, Vec<u8>),
    /// Receives ten messages and deletes them. Ends when the queue is empty.
    ReceiveAndDelete(Queue),
}

/// What came of it.
pub struct Outcome {
    /// Operations (requests, or pairs of them) in a second.
    pub rate: f64,
    /// How long each took.
    pub latencies: Latencies,
}

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// For a time.
    Time(Duration),
    /// For so many operations, on all connections together.
    Count(u64),
}

/// When to stop; shared by all connections.
struct Budget {
    deadline: Option<Instant>,
    left: Cell<u64>,
    number: Cell<u64>,
}

impl Budget {
    fn next(&self) -> bool {
        match self.deadline {
            Some(deadline) => Instant::now() < deadline,
            None => {
                let left = self.left.get();
                self.left.set(left.saturating_sub(1));
                left > 0
            }
        }
    }

    fn number(&self) -> u64 {
        self.number.replace(self.number.get() + 1)
    }
}

/// Runs `work` on so many connections.
pub async fn run(address: SocketAddr, connections: usize, work: &Work, until: Until) -> Result<Outcome> {
    let mut opened = Vec::new();
    for _ in 0..connections {
        opened.push(Connection::open(address).await?);
    }
    let start = Instant::now();
    let (deadline, left) = match until {
        Until::Time(time) => (Some(start + time), 0),
        Until::Count(count) => (None, count),
    };
    let budget = Rc::new(Budget { deadline, left: Cell::new(left), number: Cell::new(0) });
    let local = LocalSet::new();
    let workers: Vec<_> = opened
        .into_iter()
        .map(|connection| local.spawn_local(repeat(connection, work.clone(), budget.clone())))
        .collect();
    let latencies = local
        .run_until(async {
            let mut latencies = Latencies::default();
            for worker in workers {
                latencies.merge(worker.await??);
            }
            Ok::<_, anyhow::Error>(latencies)
        })
        .await?;
    ensure!(latencies.count() > 0, "not one operation was done");
    Ok(Outcome { rate: latencies.count() as f64 / start.elapsed().as_secs_f64(), latencies })
}

async fn repeat(mut connection: Connection, work: Work, budget: Rc<Budget>) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    let receive = match &work {
        Work::ReceiveAndDelete(queue) => queue.receive(),
        Work::Same(_) | Work::Numbered(_) | Work::Pair(..) => Vec::new(),
    };
    while budget.next() {
        let start = Instant::now();
        match &work {
            Work::Same(request) => drop(connection.succeed(request).await?),
            Work::Numbered(request) => drop(connection.succeed(&request(budget.number())).await?),
            Work::Pair(first, second) => {
                connection.succeed(first).await?;
                connection.succeed(second).await?;
            }
            Work::ReceiveAndDelete(queue) => {
                let receipts: Vec<_> = texts(connection.succeed(&receive).await?, "ReceiptHandle").collect();
                if receipts.is_empty() {
                    break;
                }
                let delete = queue.delete_batch(receipts.iter().map(String::as_str));
                let answer = connection.succeed(&delete).await?;
                ensure!(texts(answer, "Code").next().is_none(), "a delete failed: {}", String::from_utf8_lossy(answer));
            }
        }
        latencies.add(start.elapsed());
    }
    Ok(latencies)
}

/// Puts messages into a queue until `count` are waiting there.
pub async fn fill(queue: &Queue, count: u64, bytes: usize) -> Result<()> {
    let missing = count.saturating_sub(queue.waiting().await?);
    if missing > 0 {
        let batch = Work::Same(queue.send_batch(bytes));
        run(queue.address, 64, &batch, Until::Count(missing.div_ceil(10))).await.context("filling a queue")?;
    }
    Ok(())
}

/// The size of the answer to a request.
pub async fn answer_size(address: SocketAddr, request: &[u8]) -> Result<usize> {
    Ok(Connection::open(address).await?.succeed(request).await?.len())
}
