//! Where it was measured.

use std::path::Path;

use anyhow::Result;

/// A few lines on the machine, for the report.
pub fn describe(folder: &Path) -> Result<Vec<String>> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let line = |text: &str, name: &str| {
        let found = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_else(|| "unknown".to_owned())
    };
    let memory_kib: u64 = line(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
    Ok(vec![
        format!("{} × {}", std::thread::available_parallelism()?, line(&read("/proc/cpuinfo"), "model name")),
        format!("{} MiB of memory", memory_kib / 1024),
        format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
        format!("data on {}", file_system(folder)),
    ])
}

/// The load of the last minute: what else ran.
pub fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}

/// The type of the file system that holds a folder: that of the longest mount point above it.
pub fn file_system(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let above = mounts.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    above.max().map_or_else(|| "an unknown file system".to_owned(), |(_, kind)| kind.to_owned())
}
