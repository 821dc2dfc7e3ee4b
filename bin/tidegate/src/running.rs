//! The note that a running server leaves in its data folder, by which other commands find it.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cli::TargetArgs;
use crate::config::{DEFAULT_DATA, DEFAULT_PORT};
use crate::platform;

/// The folder of larger bodies, in the data folder.
pub const BLOBS: &str = "blobs";

/// How long a connection to this machine may take: less than a person notices, more than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the server on a data folder answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its process.
    pub pid: u32,
    /// Its URL.
    pub url: String,
    /// Whether it verifies signatures.
    pub enforce: bool,
}

/// The file that opens the admin pages.
pub fn admin_key_path(data: &Path) -> PathBuf {
    data.join("admin-key")
}

fn path(data: &Path) -> PathBuf {
    data.join("server.json")
}

impl Note {
    /// Leaves the note.
    ///
    /// # Errors
    /// The file system's.
    pub fn leave(&self, data: &Path) -> std::io::Result<()> {
        std::fs::write(path(data), serde_json::to_vec_pretty(self)?)
    }

    /// Takes the note away.
    pub fn take_away(data: &Path) {
        if let Err(error) = std::fs::remove_file(path(data)) {
            tracing::debug!(%error, "the server's note is gone already");
        }
    }

    /// The note of the server that runs on this folder now. One that was killed left its note behind, and its
    /// number says little: another process may have it by now, and a dead one has it until its parent asks.
    pub fn find(data: &Path) -> Option<Note> {
        let note: Note = serde_json::from_slice(&std::fs::read(path(data)).ok()?).ok()?;
        (platform::is_running(note.pid).unwrap_or(true) && note.is_answered()).then_some(note)
    }

    /// Whether anybody listens where the server did.
    fn is_answered(&self) -> bool {
        let address = self.url.strip_prefix("http://").and_then(|address| address.parse().ok());
        address.is_some_and(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
    }
}

/// A server that a command is to talk to.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its URL.
    pub url: String,
    /// Its data folder, which need not exist.
    pub data: PathBuf,
    /// Its note, if it runs on that folder.
    pub note: Option<Note>,
}

impl Target {
    /// What the arguments mean: a URL, or the server on the data folder, or the default port.
    pub fn find(args: &TargetArgs) -> Target {
        let data = args.data.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA));
        let note = Note::find(&data);
        let url = args.url.clone().or_else(|| note.as_ref().map(|note| note.url.clone()));
        Target { url: url.unwrap_or_else(|| format!("http://127.0.0.1:{DEFAULT_PORT}")), data, note }
    }

    /// The admin key, if this user may read it.
    pub fn admin_key(&self) -> Option<String> {
        std::fs::read_to_string(admin_key_path(&self.data)).ok().map(|key| key.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_note_of_a_dead_server_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let note = Note { pid: std::process::id(), url, enforce: false };
        note.leave(folder.path()).unwrap();
        assert_eq!(Note::find(folder.path()), Some(note.clone()));
        // No process has this number: Linux and macOS end long before it.
        Note { pid: 0x7fff_fff0, ..note.clone() }.leave(folder.path()).unwrap();
        assert_eq!(Note::find(folder.path()), None);
        // Another process has its number, and nobody its port.
        drop(listener);
        note.leave(folder.path()).unwrap();
        assert_eq!(Note::find(folder.path()), None);
        Note::take_away(folder.path());
        assert_eq!(Note::find(folder.path()), None);
    }
}
