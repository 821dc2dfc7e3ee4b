//! Files in the data folder that only their owner may read: the admin key, the authority's key.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes a new file that only its owner may read, whole or not at all.
///
/// # Errors
/// The file system's; `AlreadyExists` if there is such a file.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Through a neighbour and a link: a crash in between must not leave half a key behind, and a
    // rename would silently replace a file that another process made meanwhile.
    let neighbour = path.with_extension(format!("new-{}", std::process::id()));
    let written = write_synced(options.open(&neighbour)?, content).and_then(|()| std::fs::hard_link(&neighbour, path));
    std::fs::remove_file(&neighbour)?;
    written
}

fn write_synced(mut file: File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}

/// The file's text, or the one that `make` draws if there is no such file yet.
///
/// # Errors
/// The file system's.
pub fn read_or_create(path: &Path, make: impl FnOnce() -> String) -> io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let content = make();
            create(path, content.as_bytes())?;
            Ok(content)
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert_eq!(read_or_create(&path, || "first".to_owned()).unwrap(), "first");
        assert_eq!(read_or_create(&path, || "second".to_owned()).unwrap(), "first");
        assert_eq!(create(&path, b"third").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no neighbour is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
