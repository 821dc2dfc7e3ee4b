//! One connection: nothing to gather, so every send waits for a sync of its own.

use anyhow::Result;

use super::Row;
use super::against::floor_work;
use crate::disk;
use crate::floor::Floor;
use crate::load::{self, Until, Work};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::sqs::create;
use crate::statistics::Spread;

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if !options.wants(Row::Latency) {
        return Ok(());
    }
    let (server, floor) = (Server::start(options).await?, Floor::start()?);
    let queue = create(server.address, "latency").await?;
    let send = queue.send(options.message_bytes);
    let reference = floor_work(&server, &send).await?;
    let (send, folder) = (Work::Same(send), options.data_root()?);
    let (mut ratios, mut details) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new(), Vec::new()]);
    for _ in 0..options.rounds {
        let before = disk::sync_micros(&folder)?;
        let at_floor =
            load::run(floor.address, 1, &reference, Until::Time(options.turn())).await?.latencies.quantile(0.5);
        let mut product = load::run(server.address, 1, &send, Until::Time(options.turn())).await?.latencies;
        // The disk's pace changes within seconds: take it on both sides of the product's turn.
        let sync = (before + disk::sync_micros(&folder)?) / 2.0;
        let median = product.quantile(0.5);
        report.syncs.push(sync);
        ratios.push(median / (at_floor + 1.3 * sync));
        for (list, figure) in details.iter_mut().zip([median, product.quantile(0.99), at_floor, sync]) {
            list.push(figure);
        }
    }
    let ratio = Spread::of(&ratios);
    let [median, p99, at_floor, sync] = details.map(|list| Spread::of(&list).whole());
    report.add(Line {
        what: "SendMessage, one connection, median latency".to_owned(),
        goal: "≤ floor + 1.3 × the disk's median sync".to_owned(),
        figure: format!("{ratio} of the limit"),
        met: Some(ratio.median <= 1.0),
        details: format!("{median} µs, p99 {p99} µs; floor {at_floor} µs; sync {sync} µs"),
    });
    Ok(())
}
