//! Tells a torn end from damage.
//!
//! Fjall takes the first frame that it cannot read for the end of a journal (its issue 311) and cuts
//! off whatever follows. That is right for one frame only: the last one, which a cut of power may tear
//! before its sync. So before fjall sees the journals we read them, and look *behind* the first frame
//! that is not whole:
//!
//! - In the newest journal a whole frame behind it proves that it had been synced, because the next
//!   frame is written after the sync of the one before. With `--durability interval` it is not so; then
//!   each frame says how far the journal had been synced when it was written.
//! - In an older journal everything had been synced: anything but zeros behind its last whole frame is
//!   damage.
//! - A frame that is whole, but does not continue the digest of the one before it, follows a hole.
//!
//! What this cannot tell is whether the very last frame was torn by a cut of power, or damaged after
//! it. The marker in the data folder knows: exactly after a kill, up to a second before a cut of power.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::frame::{self, Frame};
use super::{READ_BYTES, is_zero_from, journals};
use crate::Sequence;
use crate::stored::CommitRecord;

/// A place in a journal behind which commits are lost that had been synced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    pub file: PathBuf,
    /// Where the first frame begins that cannot be used.
    pub offset: u64,
    /// The last commit before it that the journals still hold; 0 if there is none.
    pub before: Sequence,
    /// Where the store stood with the last commit that can be read behind it.
    pub behind: Option<CommitRecord>,
}

/// Reads all journals in `folder`.
///
/// # Errors
/// They cannot be read.
pub(crate) fn find_damage(folder: &Path) -> io::Result<Option<Damage>> {
    if !folder.try_exists()? {
        return Ok(None);
    }
    let mut journals = journals(folder)?;
    let Some((newest, newest_path)) = journals.pop() else { return Ok(None) };
    let mut place = Place::default();
    for (index, (number, path)) in journals.iter().enumerate() {
        place.enter(*number);
        let mut journal = Journal::open(path)?;
        journal.walk(&mut place)?;
        if !journal.rest_is_zero()? {
            let damage = journal.damage(&place, journal.last_behind(&place)?);
            let later = journals[index + 1..].iter().map(|(_, path)| path).chain([&newest_path]);
            return Ok(Some(later.map(Path::new).try_fold(damage, Damage::look_behind)?));
        }
    }
    place.enter(newest);
    let mut journal = Journal::open(&newest_path)?;
    let stray = journal.walk(&mut place)?;
    if journal.rest_is_zero()? {
        return Ok(None);
    }
    let behind = journal.last_behind(&place)?;
    Ok((stray || behind.is_some()).then(|| journal.damage(&place, behind)))
}

/// Whether a commit can be read at the beginning of a journal in `folder`. There is none before all key spaces have
/// been made.
///
/// # Errors
/// They cannot be read.
pub(crate) fn holds_commit(folder: &Path) -> io::Result<bool> {
    if !folder.try_exists()? {
        return Ok(false);
    }
    for (_, path) in journals(folder)? {
        let first = frame::read(&mut Journal::open(&path)?.file, 0)?;
        if first.is_some_and(|frame| frame.commit.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Damage {
    /// Takes the last commit of a later journal for the last behind the damage.
    fn look_behind(mut self, later: &Path) -> io::Result<Damage> {
        let (mut journal, mut place) = (Journal::open(later)?, Place::default());
        journal.walk(&mut place)?;
        if let Some(record) = place.record {
            self.behind = Some(record);
        }
        Ok(self)
    }
}

/// Behind which frame we are.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    journal: Option<u64>,
    number: Option<u64>,
    record: Option<CommitRecord>,
    /// Whether `record` is of the frame right before.
    follows: bool,
}

impl Place {
    fn enter(&mut self, journal: u64) {
        // A journal between them is missing if a cut of power has undone some deletions of journals
        // and kept others. What it held is in the tables.
        self.follows &= self.journal.is_none_or(|before| before + 1 == journal);
        self.journal = Some(journal);
    }

    fn digest(&self) -> u64 {
        self.record.map_or(0, |record| record.digest)
    }

    /// Whether `frame` can come next.
    fn admits(&self, frame: &Frame) -> bool {
        if self.number.is_some_and(|before| frame.number <= before) {
            return false;
        }
        let (Some(before), Some(commit)) = (&self.record, &frame.commit) else { return true };
        let chained = commit.chained.unwrap_or(before.digest);
        commit.record.sequence > before.sequence && (!self.follows || commit.record.digest == chained)
    }

    fn pass(&mut self, frame: &Frame) {
        self.number = Some(frame.number);
        self.follows = frame.commit.is_some();
        self.record = frame.commit.map(|commit| commit.record).or(self.record);
    }

    /// Whether `frame`, found behind one that is not whole, shows that that one had been synced.
    fn convicts(&self, frame: &Frame) -> bool {
        let before = self.record.map_or(Sequence(0), |record| record.sequence);
        let newer = self.number.is_none_or(|number| frame.number > number);
        newer
            && frame.commit.is_some_and(|commit| {
                commit.record.sequence > before && commit.synced.is_none_or(|synced| synced > before)
            })
    }
}

struct Journal<'a> {
    path: &'a Path,
    file: BufReader<File>,
    /// Where the first frame begins that has not been passed.
    offset: u64,
}

impl<'a> Journal<'a> {
    fn open(path: &'a Path) -> io::Result<Journal<'a>> {
        Ok(Journal { path, file: BufReader::with_capacity(READ_BYTES, File::open(path)?), offset: 0 })
    }

    /// Passes all frames that are whole and continue each other. Returns whether it ended at one that
    /// is whole but does not continue the one before: no cut of power tears like that.
    fn walk(&mut self, place: &mut Place) -> io::Result<bool> {
        while let Some(frame) = frame::read(&mut self.file, place.digest())? {
            if !place.admits(&frame) {
                return Ok(true);
            }
            place.pass(&frame);
            self.offset += frame.bytes;
        }
        Ok(false)
    }

    fn rest_is_zero(&mut self) -> io::Result<bool> {
        is_zero_from(&mut self.file, self.offset)
    }

    /// Where the store stood with the last frame in the rest of the file that shows, or that follows
    /// one that shows, that what lies before it had been synced.
    fn last_behind(&self, place: &Place) -> io::Result<Option<CommitRecord>> {
        let mut file = File::open(self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut rest = Vec::new();
        file.read_to_end(&mut rest)?;
        let (mut at, mut last) = (0, None);
        while at < rest.len() {
            // What it continues does not matter: there is a hole before it.
            let frame = if frame::may_begin(&rest[at..]) { frame::read(&mut &rest[at..], 0)? } else { None };
            let Some(frame) = frame else {
                at += 1;
                continue;
            };
            if last.is_some() || place.convicts(&frame) {
                last = frame.commit.map(|commit| commit.record).or(last);
            }
            at += usize::try_from(frame.bytes).map_err(io::Error::other)?;
        }
        Ok(last)
    }

    fn damage(&self, place: &Place, behind: Option<CommitRecord>) -> Damage {
        let before = place.record.map_or(Sequence(0), |record| record.sequence);
        Damage { file: self.path.to_owned(), offset: self.offset, before, behind }
    }
}
