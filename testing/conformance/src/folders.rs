//! Where things lie, and running programs there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// A folder of this crate.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A folder for what is installed for the suites; it stays between runs.
///
/// # Errors
/// It cannot be made.
pub fn installed(name: &str) -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| source("../../target"), PathBuf::from);
    let folder = target.join("conformance").join(name);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.canonicalize()?)
}

/// The path of a program on the PATH.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Runs `install` unless it has succeeded here before with files of the same content.
///
/// # Errors
/// What `install` says.
pub fn once(folder: &Path, inputs: &[PathBuf], install: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut hash = Sha256::new();
    for input in inputs {
        hash.update(std::fs::read(input).with_context(|| format!("cannot read {}", input.display()))?);
    }
    let stamp = hex::encode(hash.finalize());
    let stamped = folder.join(".installed");
    if std::fs::read_to_string(&stamped).is_ok_and(|known| known == stamp) {
        return Ok(());
    }
    install()?;
    std::fs::write(&stamped, stamp)?;
    Ok(())
}

/// Copies a folder with all that is in it.
///
/// # Errors
/// The disk's.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name()))?,
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name()))?),
        }
    }
    Ok(())
}

/// Runs a command that is silent unless it fails.
///
/// # Errors
/// It cannot be started or fails; what it printed is part of the error.
pub fn quietly(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {shown}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{shown} ended with {}:\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(text)
}
