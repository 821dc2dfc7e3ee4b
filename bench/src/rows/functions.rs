//! Functions: what an invocation adds to Node, how many messages reach a function, and how soon.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::net::UdpSocket;

use super::Row;
use crate::connection::Connection;
use crate::functions::{EMPTY, Node, change, create, follow, invoke, telling};
use crate::load::{self, Until, Work};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::statistics::Spread;
use crate::{disk, sqs};

/// What a warm invocation may add to Node's own server, in milliseconds.
const ADDED_MS: f64 = 1.5;
/// Messages a second through an empty handler, in batches of ten.
const MESSAGES_A_SECOND: f64 = 5_000.0;
/// From the acknowledgement to the handler, besides a sync, in milliseconds.
const ARRIVAL_MS: f64 = 5.0;
/// How often a start is timed in each round.
const STARTS: usize = 5;
/// How often an arrival is timed in each round.
const ARRIVALS: usize = 50;
/// How long a message may take to arrive before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if !options.wants(Row::Functions) {
        return Ok(());
    }
    let server = Server::start(options).await?;
    create(server.address, "empty", EMPTY).await?;
    warm(options, report, &server).await?;
    cold(options, report, &server).await?;
    through(options, report, &server).await?;
    arrival(options, report, &server).await
}

async fn warm(options: &Options, report: &mut Report, server: &Server) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(folder.path())?;
    let request = invoke("empty");
    let (ours, theirs) = (Work::Same(request.clone()), Work::Same(request));
    let (mut added, mut details) = (Vec::new(), [Vec::new(), Vec::new()]);
    for round in 0..=options.rounds {
        let turn = Until::Time(options.turn());
        let alone = load::run(node.address, 1, &theirs, turn).await?.latencies.quantile(0.5) / 1000.0;
        let product = load::run(server.address, 1, &ours, turn).await?.latencies.quantile(0.5) / 1000.0;
        // The first round warms both.
        if round > 0 {
            added.push(product - alone);
            details[0].push(product);
            details[1].push(alone);
        }
    }
    let (added, [product, alone]) = (Spread::of(&added), details.map(|list| Spread::of(&list)));
    report.add(Line {
        what: "warm Invoke of an empty Node function, median".to_owned(),
        goal: format!("≤ {ADDED_MS} ms more than behind Node's own http server"),
        figure: format!("{added} ms more"),
        met: Some(added.median <= ADDED_MS),
        details: format!("{product} ms; Node {alone} ms"),
    });
    Ok(())
}

async fn cold(options: &Options, report: &mut Report, server: &Server) -> Result<()> {
    let (mut ratios, mut details) = (Vec::new(), [Vec::new(), Vec::new()]);
    let mut connection = Connection::open(server.address).await?;
    for round in 0..options.rounds {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for start in 0..STARTS {
            change(server.address, "empty", round * STARTS + start).await?;
            let begun = Instant::now();
            connection.succeed(&invoke("empty")).await?;
            ours.push(begun.elapsed().as_secs_f64() * 1000.0);
            let begun = Instant::now();
            ensure!(Command::new("node").args(["-e", "0"]).status()?.success(), "node -e 0 failed");
            theirs.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        let (ours, theirs) = (Spread::of(&ours).median, Spread::of(&theirs).median);
        ratios.push(ours / theirs);
        details[0].push(ours);
        details[1].push(theirs);
    }
    let (ratio, [ours, theirs]) = (Spread::of(&ratios), details.map(|list| Spread::of(&list)));
    report.add(Line {
        what: "cold start of an empty Node function, with its first answer".to_owned(),
        goal: "≤ 1.5 × `node -e 0`".to_owned(),
        figure: format!("{ratio} × `node -e 0`"),
        met: Some(ratio.median <= 1.5),
        details: format!("{ours} ms; node {theirs} ms"),
    });
    Ok(())
}

async fn through(options: &Options, report: &mut Report, server: &Server) -> Result<()> {
    let mut rates = Vec::new();
    for round in 0..options.rounds {
        let name = format!("through-{round}");
        let queue = sqs::create(server.address, &name).await?;
        load::fill(&queue, options.function_messages, options.message_bytes).await?;
        let begun = Instant::now();
        follow(server.address, "empty", &name).await?;
        while queue.left().await? > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        rates.push(options.function_messages as f64 / begun.elapsed().as_secs_f64());
    }
    let rate = Spread::of(&rates);
    report.add(Line {
        what: "messages through an empty Node function in batches of ten".to_owned(),
        goal: format!("≥ {MESSAGES_A_SECOND:.0} a second"),
        figure: format!("{} a second", rate.whole()),
        met: Some(rate.median >= MESSAGES_A_SECOND),
        details: format!(
            "{} messages that waited, from the mapping's creation to the empty queue",
            options.function_messages
        ),
    });
    Ok(())
}

async fn arrival(options: &Options, report: &mut Report, server: &Server) -> Result<()> {
    let listener = UdpSocket::bind(("127.0.0.1", 0)).await?;
    create(server.address, "telling", &telling(listener.local_addr()?.port())).await?;
    let queue = sqs::create(server.address, "arrival").await?;
    follow(server.address, "telling", "arrival").await?;
    let (send, folder) = (queue.send(100), options.data_root()?);
    let mut connection = Connection::open(server.address).await?;
    let (mut ratios, mut details) = (Vec::new(), [Vec::new(), Vec::new()]);
    for round in 0..=options.rounds {
        let (sync, mut taken) = (disk::sync_micros(&folder)? / 1000.0, Vec::new());
        for _ in 0..ARRIVALS {
            connection.succeed(&send).await?;
            let acknowledged = Instant::now();
            tokio::time::timeout(PATIENCE, listener.recv(&mut [0; 8])).await??;
            taken.push(acknowledged.elapsed().as_secs_f64() * 1000.0);
            // Until the message is deleted the queue is not idle.
            while queue.left().await? > 0 {
                tokio::task::yield_now().await;
            }
        }
        // The first round starts the worker.
        if round > 0 {
            let median = Spread::of(&taken).median;
            ratios.push(median / (ARRIVAL_MS + sync));
            details[0].push(median);
            details[1].push(sync);
        }
    }
    let (ratio, [median, sync]) = (Spread::of(&ratios), details.map(|list| Spread::of(&list)));
    report.add(Line {
        what: "from SendMessage's answer to the handler's start, idle queue, median".to_owned(),
        goal: format!("≤ {ARRIVAL_MS} ms + the disk's median sync"),
        figure: format!("{ratio} of the limit"),
        met: Some(ratio.median <= 1.0),
        details: format!("{median} ms; sync {sync} ms"),
    });
    Ok(())
}
