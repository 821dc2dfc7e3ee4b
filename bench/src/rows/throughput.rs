//! SQS on many connections, against floor and ceiling.

use anyhow::Result;

use super::Row;
use super::against::{self, CONNECTIONS, Ceiling, Operation, floor_work, for_floor};
use crate::floor::Floor;
use crate::load::{self, Until, Work};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::sqs::{Queue, create, texts};
use crate::statistics::Spread;

const MANY: usize = 128;

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if ![Row::Send, Row::Batch, Row::Consume, Row::Wide].iter().any(|row| options.wants(*row)) {
        return Ok(());
    }
    let (server, floor) = (Server::start(options).await?, Floor::start()?);
    let (queue, stock) = (create(server.address, "throughput").await?, create(server.address, "stock").await?);
    for (row, operation) in operations(&server, &queue, &stock, options).await? {
        if options.wants(row) {
            against::measure(options, report, &server, &floor, &operation).await?;
        }
    }
    if options.wants(Row::Wide) {
        wide(options, report, &server, &queue).await?;
    }
    Ok(())
}

async fn operations<'a>(
    server: &Server,
    queue: &Queue,
    stock: &'a Queue,
    options: &Options,
) -> Result<[(Row, Operation<'a>); 3]> {
    let bytes = options.message_bytes;
    let (send, batch) = (queue.send(bytes), queue.send_batch(bytes));
    let (receive, delete, received, deleted) = pair_sizes(stock, bytes).await?;
    let send = Operation {
        name: "SendMessage, 32 connections",
        floor: floor_work(server, &send).await?,
        product: Work::Same(send),
        ceiling: Some(Ceiling { bytes, commits: 1.0 }),
        share: 0.5,
        stock: None,
    };
    let batch = Operation {
        name: "SendMessageBatch of ten, 32 connections",
        floor: floor_work(server, &batch).await?,
        product: Work::Same(batch),
        ceiling: Some(Ceiling { bytes: 10 * bytes, commits: 1.0 }),
        share: 0.25,
        stock: None,
    };
    let consume = Operation {
        name: "receive ten and delete ten, 32 connections",
        floor: Work::Pair(for_floor(&receive, received), for_floor(&delete, deleted)),
        product: Work::ReceiveAndDelete(stock.clone()),
        ceiling: Some(Ceiling { bytes: delete.len(), commits: 2.0 }),
        share: 0.2,
        stock: Some(stock),
    };
    Ok([(Row::Send, send), (Row::Batch, batch), (Row::Consume, consume)])
}

/// A pair's requests, and the sizes of its answers.
async fn pair_sizes(queue: &Queue, bytes: usize) -> Result<(Vec<u8>, Vec<u8>, usize, usize)> {
    load::fill(queue, 10, bytes).await?;
    let mut connection = crate::connection::Connection::open(queue.address).await?;
    let receive = queue.receive();
    let answer = connection.succeed(&receive).await?;
    let receipts: Vec<_> = texts(answer, "ReceiptHandle").collect();
    let received = answer.len();
    let delete = queue.delete_batch(receipts.iter().map(String::as_str));
    let deleted = connection.succeed(&delete).await?.len();
    Ok((receive, delete, received, deleted))
}

async fn wide(options: &Options, report: &mut Report, server: &Server, queue: &Queue) -> Result<()> {
    let send = Work::Same(queue.send(options.message_bytes));
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let few = load::run(server.address, CONNECTIONS, &send, Until::Time(options.turn())).await?.rate;
        let many = load::run(server.address, MANY, &send, Until::Time(options.turn())).await?.rate;
        ratios.push(many / few);
        rates.push(many);
    }
    let ratio = Spread::of(&ratios);
    report.add(Line {
        what: "SendMessage, 128 connections".to_owned(),
        goal: "no worse than 32 connections".to_owned(),
        figure: format!("{ratio} × 32 connections"),
        met: Some(ratio.median >= 1.0),
        details: format!("{} a second", Spread::of(&rates).whole()),
    });
    Ok(())
}
