//! What is done to fjall's journals from outside, while no database has them open.
//!
//! A journal is a row of batches: a start (tag 1, number of items, sequence), items (tag 2), and an end
//! (tag 3, xxh3 of the items, a magic word). Behind the last one there are zeros, because journals are
//! preallocated.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

/// The last bytes of each batch.
const END_MAGIC: [u8; 4] = *b"FJL\x03";

/// The journals in `folder`, oldest first.
fn journals(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut journals = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            journals.push((number, path));
        }
    }
    journals.sort();
    Ok(journals.into_iter().map(|(_, path)| path).collect())
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
    for path in journals(folder)? {
        let fresh = path.with_extension("fresh");
        copy_without_holes(&path, &fresh)?;
        fs::rename(&fresh, &path)?;
    }
    File::open(folder)?.sync_all()
}

fn copy_without_holes(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, to) = (File::open(from)?, File::create(to)?);
    let mut chunk = vec![0; 64 * 1024];
    from.seek(SeekFrom::Start(0))?;
    let mut offset = 0;
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        // Journals are preallocated: most of the last one is zeros that occupy nothing.
        if chunk[..read].iter().any(|&byte| byte != 0) {
            to.write_all_at(&chunk[..read], offset)?;
        }
        offset += read as u64;
    }
    to.set_len(offset)?;
    to.sync_all()
}

/// Cuts the newest journal off behind its last whole batch.
///
/// Older journals were synced when they were sealed: damage in them is not a matter of a power cut.
pub(super) fn cut_torn_end(folder: &Path) -> io::Result<()> {
    let Some(newest) = journals(folder)?.pop() else { return Ok(()) };
    let mut reader = BufReader::with_capacity(256 * 1024, File::open(&newest)?);
    let mut end = 0;
    while let Some(bytes) = read_batch(&mut reader)? {
        end += bytes;
    }
    let file = OpenOptions::new().write(true).open(&newest)?;
    file.set_len(end)?;
    file.sync_all()
}

/// Reads one batch. Returns its length, or nothing if it is not whole.
fn read_batch(reader: &mut impl Read) -> io::Result<Option<u64>> {
    match try_read_batch(reader) {
        Ok(length) => Ok(length),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn try_read_batch(reader: &mut impl Read) -> io::Result<Option<u64>> {
    let start: [u8; 13] = read(reader)?;
    let [1, a, b, c, d, ..] = start else { return Ok(None) };
    let mut digest = Xxh3::new();
    let mut length = start.len() as u64;
    for _ in 0..u32::from_le_bytes([a, b, c, d]) {
        // Tag, value type, compression, key space (8), length of the key (2), of the value (4), and
        // of the value as it is stored (4).
        let header: [u8; 21] = read(reader)?;
        let [2, .., k0, k1, _, _, _, _, v0, v1, v2, v3] = header else { return Ok(None) };
        digest.update(&header);
        let body = u64::from(u16::from_le_bytes([k0, k1])) + u64::from(u32::from_le_bytes([v0, v1, v2, v3]));
        let mut left = body;
        let mut chunk = [0; 4096];
        while left > 0 {
            let part = &mut chunk[..usize::try_from(left.min(4096)).expect("at most 4096")];
            reader.read_exact(part)?;
            digest.update(part);
            left -= part.len() as u64;
        }
        length += header.len() as u64 + body;
    }
    let end: [u8; 13] = read(reader)?;
    let [tag, sum @ .., m0, m1, m2, m3] = end;
    let whole = tag == 3 && [m0, m1, m2, m3] == END_MAGIC && u64::from_le_bytes(sum) == digest.digest();
    Ok(whole.then_some(length + end.len() as u64))
}

fn read<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}
