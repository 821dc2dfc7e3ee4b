//! The rows of the table.

mod against;
mod churn;
mod deep;
mod functions;
mod latency;
mod lines;
mod objects;
mod pattern;
mod start;
mod tables;
mod throughput;

use anyhow::{Result, ensure};

use crate::figures::{Figures, Run};
use crate::machine;
use crate::options::Options;
use crate::report::Report;
use crate::statistics::Spread;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Row {
    /// SendMessage on 32 connections
    Send,
    /// SendMessageBatch of ten on 32 connections
    Batch,
    /// Receive ten and delete ten on 32 connections
    Consume,
    /// 128 connections against 32
    Wide,
    /// The latency of one connection
    Latency,
    /// Operations over a deep queue
    Deep,
    /// Time to healthy and idle memory on an empty store
    Idle,
    /// Time to healthy with many messages
    Restart,
    /// The disk after many messages have passed through
    Churn,
    /// Items put, updated, read and queried on 32 connections
    Items,
    /// 32 clients on one counter against 32 counters
    Counter,
    /// Operations on a large table
    LargeTable,
    /// Reading a table's stream
    Stream,
    /// PutLogEvents of a hundred lines on 32 connections
    Lines,
    /// Objects of 4 KiB put and read on 32 connections
    Objects,
    /// Large objects put and read
    LargeObjects,
    /// Pages of a bucket of many objects
    Listing,
    /// Events against 1 to 10,000 rules
    Pattern,
    /// Functions: invocations, starts, messages through them
    Functions,
}

/// Measures what was asked for.
pub async fn run(options: &Options) -> Result<()> {
    ensure!(options.rounds > 0, "at least one round is needed");
    ensure!(!(options.quick && options.write), "what --quick finds is no figure: leave --write out");
    let effective = options.effective();
    let options = &effective;
    let folder = options.data_root()?;
    ensure!(machine::file_system(&folder) != "tmpfs", "{} is memory: give --data a folder on a disk", folder.display());
    let (machine, method, before) = (machine::describe(&folder)?, method(options), machine::load());
    machine.iter().for_each(|line| println!("{line}"));
    println!("{method}\n");

    let mut report = Report { judged: !options.quick, section: "Queues", ..Report::default() };
    throughput::measure(options, &mut report).await?;
    latency::measure(options, &mut report).await?;
    start::measure(options, &mut report).await?;
    deep::measure(options, &mut report).await?;
    churn::measure(options, &mut report).await?;
    report.section = "Tables";
    tables::measure(options, &mut report).await?;
    report.section = "Logs";
    lines::measure(options, &mut report).await?;
    report.section = "Files";
    objects::measure(options, &mut report).await?;
    report.section = "Functions and patterns";
    pattern::measure(options, &mut report)?;
    functions::measure(options, &mut report).await?;

    if options.write {
        let run = Run {
            date: machine::answer_of("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
            commit: machine::answer_of("git", &["rev-parse", "--short", "HEAD"]),
            profile: options.profile()?,
            machine,
            method,
            sync: (!report.syncs.is_empty()).then(|| Spread::of(&report.syncs).whole()),
            loads: [before, machine::load()],
            ..Run::default()
        };
        let mut figures = Figures::read()?;
        figures.merge(run, &report.lines);
        figures.write()?;
        println!("\nwritten to docs/benchmarks.md");
    }
    Ok(())
}

fn method(options: &Options) -> String {
    format!("{} rounds of {} s each, messages of {} bytes.", options.rounds, options.seconds, options.message_bytes)
}
