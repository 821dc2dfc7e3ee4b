//! What a server tells its environments, once.

use std::path::PathBuf;
use std::time::Duration;

/// How many minutes a worker may idle before it is stopped, unless the settings say otherwise.
const IDLE: Duration = Duration::from_secs(5 * 60);

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
        Settings { scratch, installed, endpoint_url, idle: IDLE, confinement: Confinement::Strict }
    }
}
