//! Where it was measured.

use std::path::Path;
use std::process::Command;

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

/// What a command prints on its standard output, trimmed; empty if it cannot be run.
pub fn answer_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// The load of the last minute: what else ran.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
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
