//! What is done to fjall's journals from outside, while no database has them open.
//!
//! A journal is a row of frames, one for each batch. Behind the last one there may be zeros, because
//! journals are preallocated. Journals are numbered; only the newest is written to, and one was synced
//! before the next was begun.

mod damage;
mod frame;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

pub(crate) use self::damage::{Damage, find_damage, holds_commit};
use super::Write as EngineWrite;
use crate::platform;

/// What is read of a journal at once.
const READ_BYTES: usize = 256 * 1024;

/// The journals in `folder`, oldest first, with their numbers.
fn journals(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut journals = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            let number = number.ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} is no journal's name", path.display()))
            })?;
            journals.push((number, path));
        }
    }
    journals.sort();
    Ok(journals)
}

/// The number of the journal that is made next in `folder`, which need not exist.
pub(super) fn next_number(folder: &Path) -> io::Result<u64> {
    if !folder.try_exists()? {
        return Ok(0);
    }
    Ok(journals(folder)?.last().map_or(0, |(newest, _)| newest + 1))
}

/// The name of a journal.
pub(super) fn file_name(number: u64) -> String {
    format!("{number}.jnl")
}

/// What `writes` take in a journal.
pub(super) fn frame_bytes(writes: &[EngineWrite]) -> u64 {
    frame::length(writes.iter().map(|write| write.key.len() + write.value.as_ref().map_or(0, Bytes::len)))
}

/// Copies every journal to a new file, syncs that, and puts it in the old one's place.
///
/// After a failed sync the kernel may hold the end of a journal in memory as if it had been
/// written. Going on behind it would put a hole before everything that is synced later; what can be
/// read of it is therefore written again, to blocks that nothing has failed on.
pub(super) fn rewrite_all(folder: &Path) -> io::Result<()> {
    if !folder.try_exists()? {
        return Ok(());
    }
    for (_, path) in journals(folder)? {
        let fresh = path.with_extension("fresh");
        copy_without_holes(&path, &fresh)?;
        fs::rename(&fresh, &path)?;
    }
    platform::sync_folder(folder)
}

fn copy_without_holes(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let mut chunk = vec![0; 64 * 1024];
    let mut offset = 0;
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        // Journals are preallocated: most of the last one is zeros that occupy nothing.
        if !is_zero(&chunk[..read]) {
            to.seek(SeekFrom::Start(offset))?;
            to.write_all(&chunk[..read])?;
        }
        offset += read as u64;
    }
    to.set_len(offset)?;
    to.sync_all()
}

/// Cuts the newest journal off behind its last whole frame, if there is more than zeros.
///
/// Older journals were synced when they were sealed: damage in them is not a matter of a power cut.
pub(super) fn cut_torn_end(folder: &Path) -> io::Result<()> {
    if !folder.try_exists()? {
        return Ok(());
    }
    let Some((_, newest)) = journals(folder)?.pop() else { return Ok(()) };
    let mut reader = BufReader::with_capacity(READ_BYTES, File::open(&newest)?);
    let mut end = 0;
    while let Some(frame) = frame::read(&mut reader, 0)? {
        end += frame.bytes;
    }
    if is_zero_from(&mut reader, end)? {
        return Ok(());
    }
    tracing::warn!(journal = %newest.display(), end, "the end of the journal is torn; what was never synced is cut off");
    cut(&newest, end)
}

fn is_zero_from(reader: &mut BufReader<File>, offset: u64) -> io::Result<bool> {
    reader.seek(SeekFrom::Start(offset))?;
    let mut chunk = vec![0; READ_BYTES];
    loop {
        match reader.read(&mut chunk)? {
            0 => return Ok(true),
            read if is_zero(&chunk[..read]) => {}
            _ => return Ok(false),
        }
    }
}

/// Cuts a file off.
pub(crate) fn cut(path: &Path, end: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(end)?;
    file.sync_all()
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}
