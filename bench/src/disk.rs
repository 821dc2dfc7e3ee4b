//! What the disk does.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::statistics::Latencies;

/// The median time in microseconds that appending 4 KiB and syncing takes, now.
pub fn sync_micros(folder: &Path) -> Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut latencies = Latencies::default();
    for _ in 0..100 {
        file.write_all(&[b's'; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        latencies.add(start.elapsed());
    }
    Ok(latencies.quantile(0.5))
}

/// The bytes that a folder occupies, files that are just being removed not counted.
pub fn occupied(folder: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;
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
