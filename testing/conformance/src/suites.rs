//! The list of suites.

use std::future::Future;

use anyhow::Result;

use crate::{crash, javascript, load, python, terraform};

/// How a suite ended, if it did not fail.
#[derive(Debug)]
pub enum Outcome {
    /// It holds; with what was counted or measured.
    Passed(String),
    /// It could not be run here; with what is missing.
    Skipped(String),
}

/// How much is run.
#[derive(Debug)]
pub struct Size {
    /// The full counts.
    pub prove: bool,
    /// How often the server is killed.
    pub rounds: u32,
    /// Where the crash suite's chance comes from.
    pub seed: u64,
}

impl Size {
    fn pick<T>(&self, test: T, prove: T) -> T {
        if self.prove { prove } else { test }
    }
}

/// A suite.
#[derive(Debug)]
pub struct Suite {
    /// What `--only` matches.
    pub name: &'static str,
    /// What it is about.
    pub what: &'static str,
    /// Whether it mostly waits for something else than the machine.
    pub is_patient: bool,
    /// Runs it.
    pub run: fn(&Size) -> Result<Outcome>,
}

/// All of them.
pub const SUITES: &[Suite] = &[
    Suite {
        name: "python",
        what: "boto3, the AWS CLI, rclone, MinIO's client, object_store, kombu, celery, raw requests, misuses",
        is_patient: false,
        run: |size| {
            python::run(python::Load { messages: size.pick(2_000, 100_000), rows: size.pick(1_000, 1_000_000) })
        },
    },
    Suite {
        name: "query",
        what: "the same tests with a boto3 that still speaks the query protocol",
        is_patient: false,
        run: |_| python::run_old_sdk(),
    },
    Suite {
        name: "js",
        what: "aws-sdk v2 (both wires) and v3, bundled functions, sqs-consumer, ElectroDB",
        is_patient: false,
        run: |_| javascript::run(),
    },
    Suite {
        name: "browser",
        what: "the mailbox page in Chromium",
        is_patient: false,
        run: |_| javascript::run_in_browser(),
    },
    Suite { name: "terraform", what: "apply, empty plan, destroy", is_patient: true, run: |_| terraform::run() },
    Suite {
        name: "terraform-csv-import",
        what: "the Terraform of examples/csv-import",
        is_patient: true,
        run: |_| terraform::run_example(),
    },
    Suite {
        name: "crash",
        what: "kill -9 under load",
        is_patient: false,
        run: |size| measured(crash::run(size.rounds, size.seed)),
    },
    Suite {
        name: "polls",
        what: "thousands of waiting long polls",
        is_patient: false,
        run: |size| measured(load::polls::run(size.pick(1_000, 10_000))),
    },
    Suite {
        name: "memory",
        what: "bodies beyond every limit",
        is_patient: false,
        run: |_| measured(load::memory::run()),
    },
    Suite {
        name: "slow",
        what: "clients that stall, hang up and half-close",
        is_patient: true,
        run: |size| measured(load::slow::run(size.prove)),
    },
    Suite {
        name: "shutdown",
        what: "SIGTERM under load",
        is_patient: false,
        run: |size| measured(load::shutdown::run(size.pick(2, 20))),
    },
];

fn measured(suite: impl Future<Output = Result<String>>) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(suite).map(Outcome::Passed)
}
