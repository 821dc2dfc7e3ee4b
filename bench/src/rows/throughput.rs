//! Writes and reads on many connections, against floor and ceiling.

use anyhow::Result;

use super::Row;
use crate::floor::Floor;
use crate::load::{self, Until, Work, answer_size};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::sqs::{Queue, create, texts};
use crate::statistics::Spread;
use crate::{appender, disk};

const CONNECTIONS: usize = 32;
const MANY: usize = 128;
/// Messages that are put into the queue for each round of the consumers. They end a round early if
/// they have taken them all.
const STOCK_A_SECOND: f64 = 60_000.0;

/// One kind of operation: how the product and the reference do it.
struct Operation {
    row: Row,
    name: &'static str,
    product: Work,
    floor: Work,
    /// The bytes of the commit, as the ceiling writes them.
    commit_bytes: usize,
    commits: f64,
    /// The goal, as a share of the floor.
    share: f64,
}

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if ![Row::Send, Row::Batch, Row::Consume, Row::Wide].iter().any(|row| options.wants(*row)) {
        return Ok(());
    }
    let (server, floor) = (Server::start(options).await?, Floor::start()?);
    let (queue, stock) = (create(server.address, "throughput").await?, create(server.address, "stock").await?);
    for operation in operations(&queue, &stock, options).await? {
        if options.wants(operation.row) {
            against_both(options, report, &server, &floor, &operation, &stock).await?;
        }
    }
    if options.wants(Row::Wide) {
        wide(options, report, &server, &queue).await?;
    }
    Ok(())
}

async fn operations(queue: &Queue, stock: &Queue, options: &Options) -> Result<[Operation; 3]> {
    let bytes = options.message_bytes;
    let (send, batch) = (queue.send(bytes), queue.send_batch(bytes));
    let (receive, delete, received, deleted) = pair_sizes(stock, bytes).await?;
    Ok([
        Operation {
            row: Row::Send,
            name: "SendMessage, 32 connections",
            floor: Work::Same(for_floor(&send, answer_size(queue.address, &send).await?)),
            product: Work::Same(send),
            commit_bytes: bytes,
            commits: 1.0,
            share: 0.5,
        },
        Operation {
            row: Row::Batch,
            name: "SendMessageBatch of ten, 32 connections",
            floor: Work::Same(for_floor(&batch, answer_size(queue.address, &batch).await?)),
            product: Work::Same(batch),
            commit_bytes: 10 * bytes,
            commits: 1.0,
            share: 0.25,
        },
        Operation {
            row: Row::Consume,
            name: "receive ten and delete ten, 32 connections",
            floor: Work::Pair(for_floor(&receive, received), for_floor(&delete, deleted)),
            product: Work::ReceiveAndDelete(stock.clone()),
            commit_bytes: delete.len(),
            commits: 2.0,
            share: 0.2,
        },
    ])
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

/// The same request, on the path that tells the reference how much to answer.
fn for_floor(product: &[u8], answer: usize) -> Vec<u8> {
    [format!("POST /{answer} ").as_bytes(), &product["POST / ".len()..]].concat()
}

async fn against_both(
    options: &Options,
    report: &mut Report,
    server: &Server,
    floor: &Floor,
    operation: &Operation,
    stock: &Queue,
) -> Result<()> {
    let (folder, turn) = (options.data_root()?, options.turn());
    let (mut ratios, mut floors, mut ceilings, mut rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut p99 = Vec::new();
    for _ in 0..options.rounds {
        report.syncs.push(disk::sync_micros(&folder)?);
        if operation.row == Row::Consume {
            load::fill(stock, (STOCK_A_SECOND * options.seconds) as u64, options.message_bytes).await?;
        }
        let at_floor = load::run(floor.address, CONNECTIONS, &operation.floor, Until::Time(turn)).await?.rate;
        let ceiling = appender::rate(&folder, CONNECTIONS, operation.commit_bytes, turn)? / operation.commits;
        let mut product = load::run(server.address, CONNECTIONS, &operation.product, Until::Time(turn)).await?;
        ratios.push(product.rate / f64::min(operation.share * at_floor, 0.7 * ceiling));
        floors.push(product.rate / at_floor);
        ceilings.push(product.rate / ceiling);
        rates.push(product.rate);
        p99.push(product.latencies.quantile(0.99) / 1000.0);
    }
    let ratio = Spread::of(&ratios);
    report.add(Line {
        what: operation.name.to_owned(),
        goal: format!("≥ the lower of {} × floor and 0.7 × ceiling", operation.share),
        figure: format!("{ratio} of the goal"),
        met: Some(ratio.median >= 1.0),
        details: format!(
            "{} × floor; {} × ceiling; {} a second; p99 {} ms",
            Spread::of(&floors),
            Spread::of(&ceilings),
            Spread::of(&rates).whole(),
            Spread::of(&p99),
        ),
    });
    Ok(())
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

/// The reference's request for one of the product's: used by other rows.
pub async fn floor_request(queue: &Queue, product: &[u8]) -> Result<Vec<u8>> {
    Ok(for_floor(product, answer_size(queue.address, product).await?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_is_told_the_size_of_its_answer() {
        let product = crate::sqs::request("/", "SendMessage", "{}");
        let floor = super::for_floor(&product, 42);
        assert!(floor.starts_with(b"POST /42 HTTP/1.1\r\n"));
        assert!(floor.ends_with(&product["POST / ".len()..]));
        assert_eq!(floor.len(), product.len() + 2);
    }
}
