//! What the operating system knows of a process.

use anyhow::{Context, Result};

/// The memory that a process keeps resident, in bytes.
///
/// # Errors
/// The process is gone, or the machine has no `/proc`.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} has no status"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in the process's status")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().context("VmRSS is no number")?;
    Ok(kib * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_process_is_resident() {
        assert!(super::resident_bytes(std::process::id()).unwrap() > 1 << 16);
    }
}
