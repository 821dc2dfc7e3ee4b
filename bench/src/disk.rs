//! What the disk does.

use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, anyhow};

use crate::statistics::Latencies;

const BLOCK: usize = 4096;
const BLOCKS: usize = 200;

/// The median time in microseconds that syncing one written block takes, now. The file has all its
/// blocks already: a file that grows has to write its length as well, which takes several times as
/// long and is not what a log with room ahead of it pays.
///
/// On a thread of its own: the scheduler lets one that has just driven a load wait for its turn
/// after each sync, where it would not let the commit thread of a server wait.
pub fn sync_micros(folder: &Path) -> Result<f64> {
    let folder = folder.to_owned();
    let measuring = std::thread::spawn(move || measure_syncs(&folder));
    measuring.join().map_err(|_| anyhow!("measuring the disk panicked"))?
}

fn measure_syncs(folder: &Path) -> Result<f64> {
    let file = tempfile::tempfile_in(folder)?;
    file.write_all_at(&vec![0; BLOCK * BLOCKS], 0)?;
    file.sync_all()?;
    let mut latencies = Latencies::default();
    for block in 0..BLOCKS {
        file.write_all_at(&[b's'; BLOCK], (block * BLOCK) as u64)?;
        let start = Instant::now();
        file.sync_data()?;
        latencies.add(start.elapsed());
    }
    Ok(latencies.quantile(0.5))
}

/// The bytes that a folder occupies, files that are just being removed not counted.
pub fn occupied(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(status) if status.is_dir() => total += occupied(&entry.path())?,
            Ok(status) => total += status.blocks() * 512,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(total)
}
