//! A process and what it started, through `/proc`. Elsewhere than on Linux only the group is known.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// How deep a tree is followed: a fork bomb must not become our own.
const MAX_PROCESSES: usize = 4096;

/// Sends a signal to a group. One that is gone needs none.
pub(super) fn signal_group(leader: i32, signal: Signal) {
    if let Err(error) = killpg(Pid::from_raw(leader), signal) {
        tracing::trace!(%error, leader, "a group of processes was gone already");
    }
}

/// Kills single processes.
pub(super) fn kill_all(pids: &[i32]) {
    for pid in pids {
        if let Err(error) = kill(Pid::from_raw(*pid), Signal::SIGKILL) {
            tracing::trace!(%error, pid, "a process was gone already");
        }
    }
}

/// The children, their children and so on, of a process that lives.
pub(super) fn descendants(pid: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut open = vec![pid];
    while let Some(parent) = open.pop() {
        if found.len() > MAX_PROCESSES {
            break;
        }
        for child in children(parent) {
            found.push(child);
            open.push(child);
        }
    }
    found
}

fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let of_thread =
        |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.ok()?.path().join("children")).ok();
    let all: Vec<String> = threads.filter_map(of_thread).collect();
    all.iter().flat_map(|list| list.split_whitespace()).filter_map(|pid| pid.parse().ok()).collect()
}

/// How much memory a process and its descendants use, in bytes.
pub(crate) fn memory(pid: i32) -> u64 {
    let of_one = |pid: &i32| field(*pid, "VmRSS:");
    of_one(&pid) + descendants(pid).iter().map(of_one).sum::<u64>()
}

/// The most memory that a process has used, in bytes.
pub(crate) fn peak_memory(pid: i32) -> u64 {
    field(pid, "VmHWM:")
}

fn field(pid: i32, name: &str) -> u64 {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
