//! What is measured, and at which counts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::rows::Row;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench --", about = "Measure Tidegate against a floor and a ceiling in one run")]
pub struct Arguments {
    #[command(subcommand)]
    pub hidden: Option<Hidden>,
    #[command(flatten)]
    pub options: Options,
}

/// What this program also is, for itself.
#[derive(Debug, Subcommand)]
pub enum Hidden {
    /// The file server.
    #[command(hide = true)]
    Files {
        /// What it serves.
        file: PathBuf,
    },
    /// The reference server.
    #[command(hide = true)]
    Floor,
}

/// How to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Rows to measure, separated by commas [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub rows: Vec<Row>,
    /// How often reference and product take turns
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// How long each turn takes
    #[arg(long, default_value_t = 4.0)]
    pub seconds: f64,
    /// Bytes of a message's body
    #[arg(long, default_value_t = 1024)]
    pub message_bytes: usize,
    /// Messages waiting in the deep queue
    #[arg(long, default_value_t = 5_000_000)]
    pub backlog: u64,
    /// Messages in the store whose start is timed
    #[arg(long, default_value_t = 1_000_000)]
    pub restart_messages: u64,
    /// Messages that pass through before the disk is looked at
    #[arg(long, default_value_t = 20_000_000)]
    pub pass_through: u64,
    /// Messages that stay behind then: the live data
    #[arg(long, default_value_t = 100_000)]
    pub live: u64,
    /// Items in the large table
    #[arg(long, default_value_t = 10_000_000)]
    pub items: u64,
    /// Objects in the large bucket
    #[arg(long, default_value_t = 1_000_000)]
    pub objects: u64,
    /// Bytes of a large object
    #[arg(long, default_value_t = 100_000_000)]
    pub large_bytes: usize,
    /// Messages through a function
    #[arg(long, default_value_t = 50_000)]
    pub function_messages: u64,
    /// Put the figures into docs/benchmarks.json and docs/benchmarks.md
    #[arg(long)]
    pub write: bool,
    /// Tiny counts that only show that everything runs; no figure is judged
    #[arg(long)]
    pub quick: bool,
    /// The server's binary [default: the one built beside this program]
    #[arg(long, env = "TIDEGATE_BIN")]
    pub server: Option<PathBuf>,
    /// Where the data folders are made; must be on a disk [default: target/bench]
    #[arg(long)]
    pub data: Option<PathBuf>,
}

impl Options {
    /// The counts to measure with.
    pub fn effective(&self) -> Options {
        let mut options = self.clone();
        if self.quick {
            options.rounds = 1;
            options.seconds = 0.2;
            options.backlog = 2_000;
            options.restart_messages = 2_000;
            options.pass_through = 5_000;
            options.live = 500;
            options.items = 5_000;
            options.objects = 5_000;
            options.large_bytes = 1_000_000;
            options.function_messages = 500;
        }
        options
    }

    /// How long a turn takes.
    pub fn turn(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// Whether a row was asked for.
    pub fn wants(&self, row: Row) -> bool {
        self.rows.is_empty() || self.rows.contains(&row)
    }

    /// The server's binary.
    pub fn server_binary(&self) -> Result<PathBuf> {
        let path = match &self.server {
            Some(path) => path.clone(),
            None => own_folder()?.join("tidegate"),
        };
        path.canonicalize()
            .with_context(|| format!("no server at {}: build it with this profile first", path.display()))
    }

    /// The profile that the server was built with: the name of its folder.
    pub fn profile(&self) -> Result<String> {
        let binary = self.server_binary()?;
        let folder = binary.parent().and_then(Path::file_name).context("the server lies in no folder")?;
        Ok(folder.to_string_lossy().into_owned())
    }

    /// The folder under which data folders are made.
    pub fn data_root(&self) -> Result<PathBuf> {
        let root = match &self.data {
            Some(folder) => folder.clone(),
            None => own_folder()?.parent().context("a build folder has a parent")?.join("bench"),
        };
        std::fs::create_dir_all(&root)?;
        Ok(root.canonicalize()?)
    }
}

fn own_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().map(Path::to_owned).unwrap_or_default())
}
