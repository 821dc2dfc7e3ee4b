//! `tidegate check`: reads everything that a data folder holds.
//!
//! Opening verifies the format, the marker and the journal; reading a record verifies its checksum;
//! rebuilding memory verifies that services and queues understand what is stored.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tidegate_env::Env;
use tidegate_gateway::AccessKeys;
use tidegate_queue::Queues;
use tidegate_store::{EmbeddedStore, KeyRange, Options, Order, Page, Snapshot, Space, Store};

/// Records read at once.
const PAGE: Page = Page::of(10_000);

/// What lies in one key space.
#[derive(Debug, Default)]
struct Found {
    records: u64,
    bytes: u64,
}

/// Verifies the folder and says what it holds.
///
/// # Errors
/// What is wrong with it, or that a server has it open.
pub async fn run(folder: &Path) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(folder.is_dir(), "there is no data folder {}", folder.display());
    let env = Env::real();
    let (owned, options) = (env.clone(), Options::new(folder));
    let store = env.run_blocking(move || EmbeddedStore::open(owned, options)).await?;
    let verified = verify(store.clone(), &env).await;
    env.run_blocking(move || store.close()).await;
    verified.with_context(|| format!("{} is damaged", folder.display()))?;
    println!("{} is sound", folder.display());
    Ok(ExitCode::SUCCESS)
}

async fn verify(store: Arc<EmbeddedStore>, env: &Env) -> anyhow::Result<()> {
    let snapshot = store.snapshot()?;
    for space in [Space::Map, Space::Queue, Space::Log] {
        let found = read_all(&*snapshot, space).await?;
        println!("{space:?}: {} records, {} bytes", found.records, found.bytes);
    }
    println!("last commit: {}", snapshot.sequence().0);
    let store: Arc<dyn Store> = store;
    AccessKeys::open(store.clone(), env.clone()).await.context("access keys")?;
    Queues::open(store, env.clone()).await.context("queues")?;
    Ok(())
}

async fn read_all(snapshot: &dyn Snapshot, space: Space) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let mut range = KeyRange::prefix(&[]);
    loop {
        let entries = snapshot.scan(space, &range, Order::Ascending, PAGE).await?;
        let Some(last) = entries.last() else { return Ok(found) };
        range.start = [&last.key[..], &[0]].concat().into();
        found.records += entries.len() as u64;
        found.bytes += entries.iter().map(|entry| (entry.key.len() + entry.record.value.len()) as u64).sum::<u64>();
    }
}
