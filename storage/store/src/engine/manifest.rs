//! Whether the files that say which files the engine has are there and whole.
//!
//! fjall does not ask: a key space without its `current` it takes for one that was never finished, and deletes it; and
//! of the list that `current` names it looks at no checksum, so that some damage makes it panic. So they are looked at
//! before it sees them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use super::Area;

/// One for each area, and the engine's own.
const KEY_SPACES: usize = Area::ALL.len() + 1;

/// What is wrong with the files of an engine that has committed before; `None` if nothing is.
///
/// # Errors
/// They cannot be read.
pub(crate) fn find_damage(engine: &Path) -> io::Result<Option<String>> {
    let damaged = |path: &Path, what: &str| Ok(Some(format!("{} {what}", path.display())));
    let version = engine.join("version");
    if !version.try_exists()? {
        return damaged(&version, "is missing");
    }
    let all = engine.join("keyspaces");
    let folders = match folders_in(&all) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return damaged(&all, "is missing"),
        folders => folders?,
    };
    if folders.len() < KEY_SPACES {
        return damaged(&all, &format!("holds {} key spaces of {KEY_SPACES}", folders.len()));
    }
    for folder in folders {
        let current = folder.join("current");
        let Some(named) = read(&current)? else { return damaged(&current, "is missing") };
        // The number of the list, its checksum, and the kind of the checksum.
        let Some((number, sum)) = number_and_sum(&named) else { return damaged(&current, "is damaged") };
        let list = folder.join(format!("v{number}"));
        match read(&list)? {
            None => return damaged(&list, &format!("is missing, or {} is damaged", current.display())),
            Some(bytes) if xxh3_128(&bytes) != sum => {
                return damaged(&list, &format!("or its checksum in {} is damaged", current.display()));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

fn folders_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::with_capacity(KEY_SPACES);
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

fn number_and_sum(current: &[u8]) -> Option<(u64, u128)> {
    let (number, rest) = current.split_first_chunk()?;
    let (sum, kind) = rest.split_first_chunk()?;
    (kind == [0]).then_some((u64::from_le_bytes(*number), u128::from_le_bytes(*sum)))
}
