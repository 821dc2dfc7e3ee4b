//! Tables: single items against floor and ceiling, one hot item, a large table, and a stream.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::Row;
use super::against::{self, CONNECTIONS, Ceiling, Operation, floor_work};
use crate::dynamodb::{BATCH, Table, create};
use crate::floor::Floor;
use crate::load::{self, Until, Work};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::statistics::Spread;

/// Items that take turns, so that no two connections meet at one.
const ITEMS: u64 = 1000;
/// The bodies of items in the rows about many of them.
const SMALL: usize = 100;
/// How many items a query answers.
const QUERIED: u64 = 20;
const LARGE_LIMIT: f64 = 1.5;
const LARGE_MIB: f64 = 600.0;
/// The goal: a stream is read this much faster than it is written.
const STREAM_FACTOR: f64 = 5.0;

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if options.wants(Row::Items) {
        items(options, report).await?;
    }
    if options.wants(Row::Counter) {
        counter(options, report).await?;
    }
    if options.wants(Row::LargeTable) {
        large(options, report).await?;
    }
    if options.wants(Row::Stream) {
        stream(options, report).await?;
    }
    Ok(())
}

type Request = fn(&Table, u64, u64) -> Vec<u8>;

/// One request after the other, over `count` items.
fn over(table: &Table, count: u64, request: impl Fn(&Table, u64) -> Vec<u8> + 'static) -> Work {
    changing(table, count, move |table, number, _| request(table, number))
}

/// The same, with a number that no two requests share.
fn changing(table: &Table, count: u64, request: impl Fn(&Table, u64, u64) -> Vec<u8> + 'static) -> Work {
    let (table, changes) = (table.clone(), Cell::new(0));
    Work::Numbered(Rc::new(move |number| {
        changes.set(changes.get() + 1);
        request(&table, number % count, changes.get())
    }))
}

async fn items(options: &Options, report: &mut Report) -> Result<()> {
    let (server, floor) = (Server::start(options).await?, Floor::start()?);
    let bytes = options.message_bytes;
    let (table, lists) = (create(server.address, "items", false).await?, create(server.address, "lists", false).await?);
    let put = changing(&table, ITEMS, move |table, number, change| table.put(number, bytes, change));
    load::run(server.address, CONNECTIONS, &put, Until::Count(ITEMS)).await?;
    let partitions = over(&lists, ITEMS, |table, number| table.put_partition(number, SMALL));
    load::run(server.address, CONNECTIONS, &partitions, Until::Count(ITEMS)).await?;
    let write = || Some(Ceiling { bytes, commits: 1.0 });
    let operations = [
        Operation {
            name: "PutItem of 1 KiB, 32 connections",
            floor: floor_work(&server, &table.put(0, bytes, 0)).await?,
            product: put,
            ceiling: write(),
            share: 0.45,
            stock: None,
        },
        Operation {
            name: "UpdateItem of 1 KiB, 32 connections",
            floor: floor_work(&server, &table.update(0, bytes, 0)).await?,
            product: changing(&table, ITEMS, move |table, number, change| table.update(number, bytes, change)),
            ceiling: write(),
            share: 0.45,
            stock: None,
        },
        Operation {
            name: "GetItem of 1 KiB, 32 connections",
            floor: floor_work(&server, &table.get(0)).await?,
            product: over(&table, ITEMS, Table::get),
            ceiling: None,
            share: 0.7,
            stock: None,
        },
        Operation {
            name: "Query of 20 items of 100 bytes, 32 connections",
            floor: floor_work(&server, &lists.query(0, QUERIED)).await?,
            product: over(&lists, ITEMS, |table, number| table.query(number, QUERIED)),
            ceiling: None,
            share: 0.4,
            stock: None,
        },
    ];
    for operation in &operations {
        against::measure(options, report, &server, &floor, operation).await?;
    }
    Ok(())
}

async fn counter(options: &Options, report: &mut Report) -> Result<()> {
    let server = Server::start(options).await?;
    let table = create(server.address, "counters", false).await?;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let turn = Until::Time(options.turn());
        let many = over(&table, CONNECTIONS as u64, Table::increment);
        let many = load::run(server.address, CONNECTIONS, &many, turn).await?.rate;
        let one = load::run(server.address, CONNECTIONS, &over(&table, 1, Table::increment), turn).await?.rate;
        ratios.push(one / many);
        rates.push(one);
    }
    let ratio = Spread::of(&ratios);
    report.add(Line {
        what: "32 clients on one counter".to_owned(),
        goal: "≥ 0.5 × 32 clients on 32 counters".to_owned(),
        figure: format!("{ratio} × 32 counters"),
        met: Some(ratio.median >= 0.5),
        details: format!("{} a second on one counter", Spread::of(&rates).whole()),
    });
    Ok(())
}

async fn large(options: &Options, report: &mut Report) -> Result<()> {
    let (large_server, small_server) = (Server::start(options).await?, Server::start(options).await?);
    let (count, large) = (options.items, create(large_server.address, "large", false).await?);
    let small = create(small_server.address, "small", false).await?;
    for (table, count) in [(&large, count), (&small, ITEMS)] {
        let fill = table.clone();
        let fill = Work::Numbered(Rc::new(move |number| fill.put_batch(number * BATCH, SMALL)));
        load::run(table.address, CONNECTIONS, &fill, Until::Count(count.div_ceil(BATCH))).await?;
    }
    let works: [(&str, Request); 4] = [
        ("PutItem", |table, number, change| table.put(number, SMALL, change)),
        ("UpdateItem", |table, number, change| table.update(number, SMALL, change)),
        ("GetItem", |table, number, _| table.get(number)),
        ("Query", |table, number, _| table.query(number, QUERIED)),
    ];
    for (name, request) in works {
        let mut costs = Vec::new();
        for _ in 0..options.rounds {
            let mut rates = Vec::new();
            for (table, count) in [(&large, count), (&small, ITEMS)] {
                // A stride that is prime to the count visits all items, far from one another.
                let far = move |table: &Table, number, change| request(table, number * 7_919_917 % count, change);
                let work = changing(table, count, far);
                rates.push(load::run(table.address, CONNECTIONS, &work, Until::Time(options.turn())).await?.rate);
            }
            costs.push(rates[1] / rates[0]);
        }
        let cost = Spread::of(&costs);
        report.add(Line {
            what: format!("{name} in a table of {count} items of {SMALL} bytes"),
            goal: format!("≤ {LARGE_LIMIT} × its cost in a table of {ITEMS}"),
            figure: format!("{cost} × "),
            met: Some(cost.median <= LARGE_LIMIT),
            details: "cost is the inverse of the rate on 32 connections, over all items in turn".to_owned(),
        });
    }
    let peak = large_server.peak_mib()?;
    report.add(Line {
        what: format!("memory with a table of {count} items"),
        goal: format!("< {LARGE_MIB:.0} MiB resident"),
        figure: format!("{peak:.0} MiB"),
        met: Some(peak < LARGE_MIB),
        details: "the most during the run".to_owned(),
    });
    Ok(())
}

async fn stream(options: &Options, report: &mut Report) -> Result<()> {
    let server = Server::start(options).await?;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        // Each round has a stream of its own: what is read is what was written.
        let table = create(server.address, &format!("stream-{round}"), true).await?;
        let put = over(&table, u64::MAX, |table, number| table.put(number, SMALL, 0));
        let written = load::run(server.address, CONNECTIONS, &put, Until::Time(options.turn())).await?;
        let start = Instant::now();
        let records = table.read_stream().await?;
        let read = records as f64 / start.elapsed().as_secs_f64();
        ensure!(
            records as usize == written.latencies.count(),
            "{records} records of {} writes",
            written.latencies.count()
        );
        ratios.push(read / written.rate);
        rates.push(read);
    }
    let ratio = Spread::of(&ratios);
    report.add(Line {
        what: "a stream read by 1,000 records a call".to_owned(),
        goal: format!("≥ {STREAM_FACTOR} × the rate at which 32 connections write it"),
        figure: format!("{ratio} × the rate of writes"),
        met: Some(ratio.median >= STREAM_FACTOR),
        details: format!("{} records of {SMALL} bytes a second, one reader", Spread::of(&rates).whole()),
    });
    Ok(())
}
