//! Ratios against a floor and a ceiling, measured in one run.
//!
//! Machines are shared and noisy, so an absolute figure says little: the same server is twice as
//! fast in the next hour. What holds is a ratio to something simple that was measured alternately,
//! in the same minute, on the same cores and the same disk:
//!
//! - the **floor** is a trivial hyper server in a process of its own. It reads the same POST and
//!   answers as many bytes, driven by the same client: what HTTP alone costs here.
//! - the **ceiling** is a bare appender: as many writers, as many bytes, one thread that writes what
//!   has gathered and syncs it: what a durable write alone costs here.
//!
//! A goal on writes is the lower of a share of the floor and 0.7 × the ceiling. Each row of the table is
//! a module under `rows`; a missed goal is printed as missed, with its figure.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]

mod appender;
mod connection;
mod disk;
mod dynamodb;
mod figures;
mod files;
mod floor;
mod functions;
mod load;
mod logs;
mod machine;
mod options;
mod report;
mod request;
mod rows;
mod s3;
mod server;
mod sqs;
mod statistics;

use anyhow::Result;
use clap::Parser;

use crate::options::{Arguments, Hidden};

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.hidden {
        Some(Hidden::Files { file }) => files::serve(&file),
        Some(Hidden::Floor) => floor::serve(),
        None => {
            // One thread: it is quicker than the servers that it drives, and leaves them the other cores.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(rows::run(&arguments.options))
        }
    }
}
