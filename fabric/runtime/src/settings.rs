//! What a server tells its environments, once.

use std::path::PathBuf;
use std::time::Duration;

/// How many minutes a worker may idle before it is stopped, unless the settings say otherwise.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// What an idle Node or Python environment takes, roughly, in KiB.
const ENVIRONMENT_KIB: u64 = 64 << 10;
/// What a machine that does not say is taken to have, in KiB.
const UNKNOWN_MACHINE_KIB: u64 = 8 << 20;

/// What holds for all environments of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A folder for files that need not outlive the server. It is emptied when the server starts.
    pub scratch: PathBuf,
    /// Where `tidegate runtime install` puts the SDKs that AWS's runtimes provide.
    pub installed: PathBuf,
    /// Where functions find AWS: the server's own address, such as `http://127.0.0.1:4566`.
    pub endpoint_url: String,
    /// How long a worker may idle before it is stopped.
    pub idle: Duration,
    /// How much of the machine functions see.
    pub confinement: Confinement,
    /// How many environments may be kept ready at once, of all functions.
    pub provisioned_limit: usize,
    /// The program that speaks to the container engine; `docker` or `podman` of `PATH` if none is named, and no
    /// containers at all if it is called `none`.
    pub engine: Option<PathBuf>,
}

/// How much of the machine functions see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// As little as this machine allows to arrange.
    Strict,
    /// Only a clean environment, limits, and an end together with the server: for functions that must reach
    /// files of the machine.
    Light,
}

impl Settings {
    /// The usual settings.
    pub fn new(scratch: PathBuf, installed: PathBuf, endpoint_url: String) -> Settings {
        let (confinement, provisioned_limit) = (Confinement::Strict, provisioned_limit());
        Settings { scratch, installed, endpoint_url, idle: IDLE, confinement, provisioned_limit, engine: None }
    }
}

/// As many as fill half of the machine's memory: what is kept ready takes its memory for good.
fn provisioned_limit() -> usize {
    let said = std::fs::read_to_string("/proc/meminfo").ok();
    let kib = said.and_then(|text| total_kib(&text)).unwrap_or(UNKNOWN_MACHINE_KIB);
    usize::try_from(kib / 2 / ENVIRONMENT_KIB).unwrap_or(usize::MAX).max(1)
}

fn total_kib(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::total_kib;

    #[test]
    fn the_memory_of_a_machine_is_read() {
        assert_eq!(total_kib("MemTotal:        8132340 kB\nMemFree: 1 kB\n"), Some(8_132_340));
        assert_eq!(total_kib("nothing"), None);
    }
}
