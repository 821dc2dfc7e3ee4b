//! Log lines on many connections, against floor and ceiling.

use anyhow::Result;

use super::Row;
use super::against::{self, Ceiling, Operation, floor_work};
use crate::floor::Floor;
use crate::load::Work;
use crate::logs;
use crate::options::Options;
use crate::report::Report;
use crate::server::Server;

const LINES: usize = 100;
const LINE_BYTES: usize = 100;

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if !options.wants(Row::Lines) {
        return Ok(());
    }
    let (server, floor) = (Server::start(options).await?, Floor::start()?);
    logs::create(server.address).await?;
    let put = logs::put(LINES, LINE_BYTES)?;
    let operation = Operation {
        name: "PutLogEvents of 100 lines of 100 bytes, 32 connections",
        floor: floor_work(&server, &put).await?,
        product: Work::Same(put),
        ceiling: Some(Ceiling { bytes: LINES * LINE_BYTES, commits: 1.0 }),
        share: 0.2,
        stock: None,
    };
    against::measure(options, report, &server, &floor, &operation).await
}
