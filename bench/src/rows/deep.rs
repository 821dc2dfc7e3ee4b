//! Does an operation cost more when millions of messages are waiting?
//!
//! Two servers, one with the backlog and one without, so that the engine's depth counts as well and
//! not only the queue's.

use anyhow::{Context, Result};

use super::Row;
use crate::connection::Connection;
use crate::load::{self, Until, Work};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::sqs::{Queue, create, texts};
use crate::statistics::Spread;

const CONNECTIONS: usize = 32;
const LIMIT: f64 = 1.3;
const MEMORY_MIB: f64 = 400.0;
/// What both queues have, so that there is something to receive in the shallow one as well.
const STOCK_A_SECOND: f64 = 40_000.0;

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if !options.wants(Row::Deep) {
        return Ok(());
    }
    let (deep_server, shallow_server) = (Server::start(options).await?, Server::start(options).await?);
    let deep = create(deep_server.address, "deep").await?;
    let shallow = create(shallow_server.address, "shallow").await?;
    load::fill(&deep, options.backlog, options.message_bytes).await?;
    for (name, works) in works(&[&deep, &shallow], options).await? {
        let mut costs = Vec::new();
        for _ in 0..options.rounds {
            let mut rates = Vec::new();
            for (queue, work) in [&deep, &shallow].into_iter().zip(&works) {
                stock(queue, work, options).await?;
                rates.push(load::run(queue.address, CONNECTIONS, work, Until::Time(options.turn())).await?.rate);
            }
            costs.push(rates[1] / rates[0]);
        }
        let cost = Spread::of(&costs);
        report.add(Line {
            what: format!("{name} with {} messages waiting", options.backlog),
            goal: format!("≤ {LIMIT} × its cost on an empty queue"),
            figure: format!("{cost} × "),
            met: Some(cost.median <= LIMIT),
            details: "cost is the inverse of the rate on 32 connections".to_owned(),
        });
    }
    let memory = deep_server.resident_mib()?;
    report.add(Line {
        what: format!("memory with {} messages waiting", options.backlog),
        goal: format!("< {MEMORY_MIB:.0} MiB resident"),
        figure: format!("{memory:.0} MiB"),
        met: Some(memory < MEMORY_MIB),
        details: format!(
            "at most {:.0} MiB during the run; {} messages waiting",
            deep_server.peak_mib()?,
            deep.waiting().await?
        ),
    });
    Ok(())
}

/// Receiving needs messages; the shallow queue is emptied between its turns.
async fn stock(queue: &Queue, work: &Work, options: &Options) -> Result<()> {
    if matches!(work, Work::ReceiveAndDelete(_)) {
        load::fill(queue, (STOCK_A_SECOND * options.seconds) as u64, options.message_bytes).await?;
    }
    Ok(())
}

type Named = (&'static str, [Work; 2]);

async fn works(queues: &[&Queue; 2], options: &Options) -> Result<Vec<Named>> {
    let both = |work: &dyn Fn(&Queue) -> Work| [work(queues[0]), work(queues[1])];
    let mut receipts = Vec::new();
    for queue in queues {
        receipts.push(one_receipt(queue, options).await?);
    }
    let visibility = [0, 1].map(|index| Work::Same(queues[index].change_visibility(&receipts[index])));
    Ok(vec![
        ("SendMessage", both(&|queue| Work::Same(queue.send(options.message_bytes)))),
        ("SendMessageBatch", both(&|queue| Work::Same(queue.send_batch(options.message_bytes)))),
        ("receive ten and delete ten", both(&|queue| Work::ReceiveAndDelete(queue.clone()))),
        ("ChangeMessageVisibility", visibility),
        ("GetQueueAttributes", both(&|queue| Work::Same(queue.attributes()))),
    ])
}

async fn one_receipt(queue: &Queue, options: &Options) -> Result<String> {
    load::fill(queue, 1, options.message_bytes).await?;
    let mut connection = Connection::open(queue.address).await?;
    let answer = connection.succeed(&queue.receive()).await?;
    texts(answer, "ReceiptHandle").next().context("nothing to receive")
}
