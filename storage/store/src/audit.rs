//! Looks at every record of a store: `tidegate check`, and the simulator after each crash.

use std::ops::ControlFlow;
use std::path::Path;

use bytes::Bytes;
use tidegate_types::Timestamp;

use crate::committer::read_commit_record;
use crate::engine::{Area, Disk, EngineError, FjallDisk, View};
use crate::folder::Folder;
use crate::{KeyRange, OpenError, Order, Record, Sequence, Space, StoreError, loss, stored};

/// How many problems a report lists; it counts them all.
const LISTED_PROBLEMS: usize = 1000;

/// The cache of a store that is opened to be read once.
const CACHE_BYTES: u64 = 8 << 20;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The number of the invariant, such as `STORE-1`.
    pub invariant: &'static str,
    /// What was found, and where.
    pub what: String,
}

/// Checks invariants over all records: those of a service, or of a structure.
pub trait Auditor {
    /// Sees each record once: space by space, in key order.
    fn record(&mut self, space: Space, key: &[u8], record: &Record, problems: &mut dyn FnMut(Problem));

    /// Is told that it has seen all.
    fn finish(&mut self, problems: &mut dyn FnMut(Problem));
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// The last commit.
    pub sequence: Sequence,
    /// The position to be assigned next.
    pub next_position: u64,
    /// The hash of the store's history.
    pub digest: u64,
    /// When the last commit was made, in product time.
    pub time: Timestamp,
    /// For each key space, how many records there are and how many bytes of keys and values.
    pub spaces: Vec<(Space, u64, u64)>,
    /// The first problems.
    pub problems: Vec<Problem>,
    /// How many problems there are.
    pub problem_count: u64,
}

/// Opens the store in a folder that no server has open, and audits it.
///
/// # Errors
/// It cannot be opened, or not be read. Damaged records are problems, not errors.
pub fn verify(dir: &Path, auditors: &mut [&mut dyn Auditor]) -> Result<AuditReport, OpenError> {
    let (_folder, view) = open_to_read(dir)?;
    Ok(audit(&*view, auditors)?)
}

/// A view of the store in a folder, which it keeps from being opened by others.
pub(crate) fn open_to_read(dir: &Path) -> Result<(Folder, std::sync::Arc<dyn View>), OpenError> {
    if !dir.join("FORMAT").exists() {
        return Err(OpenError::Corrupt { what: format!("{} is not a data folder", dir.display()) });
    }
    let folder = Folder::open(dir)?;
    let expected = loss::expected(&folder, false)?;
    let view = FjallDisk::new(folder.engine_dir(), CACHE_BYTES).open(folder.is_in_doubt())?.snapshot()?;
    expected.settle(read_commit_record(&*view)?, &folder)?;
    Ok((folder, view))
}

pub(crate) fn audit(view: &dyn View, auditors: &mut [&mut dyn Auditor]) -> Result<AuditReport, StoreError> {
    let stands = read_commit_record(view)?;
    let mut report = AuditReport {
        sequence: stands.sequence,
        next_position: stands.next_position,
        digest: stands.digest,
        time: stands.time,
        spaces: Vec::new(),
        problems: Vec::new(),
        problem_count: 0,
    };
    for space in [Space::Map, Space::Queue, Space::Log] {
        let (mut records, mut bytes) = (0, 0);
        scan_all(view, Area::Space(space), &mut |key, value| {
            records += 1;
            bytes += (key.len() + value.len()) as u64;
            audit_record(space, key, value, stands.sequence, auditors, &mut |problem| report.note(problem));
        })?;
        report.spaces.push((space, records, bytes));
    }
    for auditor in auditors {
        auditor.finish(&mut |problem| report.note(problem));
    }
    Ok(report)
}

fn audit_record(
    space: Space,
    key: &[u8],
    stored: Bytes,
    last: Sequence,
    auditors: &mut [&mut dyn Auditor],
    note: &mut dyn FnMut(Problem),
) {
    let record = match stored::try_take(key, stored) {
        Ok(record) => record,
        Err(what) => {
            return note(Problem { invariant: "STORE-0", what: format!("{space:?} record {key:02x?}: {what}") });
        }
    };
    if record.version > last {
        let what =
            format!("{space:?} record {key:02x?} is of commit {}, behind the last, {}", record.version.0, last.0);
        note(Problem { invariant: "STORE-1", what });
    }
    for auditor in auditors {
        auditor.record(space, key, &record, note);
    }
}

pub(crate) fn scan_all(view: &dyn View, area: Area, see: &mut dyn FnMut(&[u8], Bytes)) -> Result<(), EngineError> {
    let everything = KeyRange { start: Bytes::new(), end: None };
    view.scan(area, &everything, Order::Ascending, &mut |key, value| {
        see(key, value);
        ControlFlow::Continue(())
    })
}

impl AuditReport {
    fn note(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < LISTED_PROBLEMS {
            self.problems.push(problem);
        }
    }
}
