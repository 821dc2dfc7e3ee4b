//! What the process takes of the machine, from `/proc`; on systems without one, nothing is known.

use std::fs;

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) open_fds: Option<u64>,
    pub(crate) threads: Option<u64>,
}

pub(crate) fn usage() -> Usage {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    // The listing's own descriptor is one of those it finds.
    let open_fds = fs::read_dir("/proc/self/fd").ok().map(|fds| (fds.count() as u64).saturating_sub(1));
    Usage { open_fds, ..from_status(&status) }
}

/// Reads lines such as `VmRSS:\t   12345 kB`.
fn from_status(status: &str) -> Usage {
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Usage { resident_bytes: number("VmRSS").map(|kib| kib * 1024), open_fds: None, threads: number("Threads") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_page_is_read_and_a_strange_one_is_not() {
        let page = "Name:\ttidegate\nVmRSSx:\t1 kB\nVmRSS:\t    2048 kB\nThreads:\t7\n";
        let expected = Usage { resident_bytes: Some(2048 * 1024), open_fds: None, threads: Some(7) };
        assert_eq!(from_status(page), expected);
        assert_eq!(from_status("VmRSS:\t\nThreads: many"), Usage::default());
    }
}
