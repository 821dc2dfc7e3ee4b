//! Whether the files that say which files the engine has are there and whole.
//!
//! fjall does not ask: a key space without its `current` it takes for one that was never finished, and deletes it; and
//! of the list that `current` names it looks at no checksum, so that some damage makes it panic. So they are looked at
//! before it sees them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use crate::stored;

/// How many key spaces a folder of each format has at least: one for each area of that time, and the engine's own.
/// Which numbers they have is not said: one that was never finished leaves its number unused.
const KEY_SPACES: [usize; stored::FORMAT as usize] = [5];

/// The number of the engine's own key space.
const ENGINES_OWN: u64 = 0;

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
    if !all.try_exists()? {
        return damaged(&all, "is missing");
    }
    let mut numbers = BTreeSet::new();
    for entry in fs::read_dir(&all)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            continue;
        }
        match entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()) {
            Some(number) => drop(numbers.insert(number)),
            None => return damaged(&entry.path(), "is no key space, and keeps the engine from opening those that are"),
        }
    }
    let least = KEY_SPACES[KEY_SPACES.len() - 1];
    if numbers.len() < least {
        return damaged(&all, &format!("holds {} key spaces of {least}", numbers.len()));
    }
    numbers.insert(ENGINES_OWN);
    for number in numbers {
        let folder = all.join(number.to_string());
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
