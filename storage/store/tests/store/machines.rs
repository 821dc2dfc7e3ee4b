//! Machines for the model to run on: a disk, the faults it can have, and what a power cut leaves.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tidegate_store::engine::memory::{Fault, MemoryDisk};
use tidegate_store::engine::{Disk, Engine, EngineError, FjallDisk, View, Write};

/// What the model needs of a machine. A killed process needs nothing: its writes are the kernel's.
pub trait Machine {
    /// Its disk, for the next process.
    fn disk(&self) -> Box<dyn Disk>;
    /// Loses any part of what was not synced. No process runs.
    fn cut_power(&mut self);
    /// Lets a coming operation fail.
    fn plan(&mut self, fault: Fault, good: u32);
}

impl Machine for MemoryDisk {
    fn disk(&self) -> Box<dyn Disk> {
        Box::new(self.clone())
    }

    fn cut_power(&mut self) {
        self.crash();
    }

    fn plan(&mut self, fault: Fault, good: u32) {
        MemoryDisk::plan(self, fault, good);
    }
}

/// A folder with fjall in it, whose journal loses its end, or something before its end, behind the
/// last sync.
pub struct Folder {
    dir: tempfile::TempDir,
    shared: Arc<Shared>,
    chance: u64,
}

#[derive(Default)]
struct Shared {
    planned: Mutex<Vec<(Fault, u32)>>,
    synced_bytes: AtomicU64,
}

impl Folder {
    pub fn new(seed: u64) -> Folder {
        Folder { dir: tempfile::tempdir().unwrap(), shared: Arc::default(), chance: seed }
    }

    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.chance >> 33
    }
}

impl Machine for Folder {
    fn disk(&self) -> Box<dyn Disk> {
        Box::new(FaultyDisk { dir: self.dir.path().join("engine"), shared: self.shared.clone() })
    }

    fn cut_power(&mut self) {
        let journal = journal(&self.dir.path().join("engine"));
        let synced = self.shared.synced_bytes.load(Ordering::Relaxed);
        let written = end_of_data(&journal, synced);
        let (from, to) = (synced + self.draw() % (written - synced + 1), synced + self.draw() % (written - synced + 1));
        let file = OpenOptions::new().write(true).open(journal).unwrap();
        if self.draw().is_multiple_of(2) {
            file.set_len(from).unwrap();
        } else if from < to {
            // Later pages have reached the disk, earlier ones have not.
            file.write_all_at(&vec![0; usize::try_from(to - from).unwrap()], from).unwrap();
        }
    }

    fn plan(&mut self, fault: Fault, good: u32) {
        self.shared.planned.lock().push((fault, good));
    }
}

/// The model writes too little for a second journal.
fn journal(engine: &Path) -> PathBuf {
    let files = fs::read_dir(engine).unwrap().map(|entry| entry.unwrap().path());
    let mut journals = files.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    let journal = journals.next().unwrap();
    assert_eq!(journals.next(), None);
    journal
}

/// Where the zeros begin in a preallocated file that has data up to `from`.
fn end_of_data(file: &Path, from: u64) -> u64 {
    let mut rest = vec![0; 4 << 20];
    let read = File::open(file).unwrap().read_at(&mut rest, from).unwrap();
    from + rest[..read].iter().rposition(|&byte| byte != 0).map_or(0, |last| last as u64 + 1)
}

struct FaultyDisk {
    dir: PathBuf,
    shared: Arc<Shared>,
}

impl Disk for FaultyDisk {
    fn open(&self, in_doubt: bool) -> Result<Arc<dyn Engine>, EngineError> {
        let engine = FjallDisk::new(&self.dir, 1 << 20).open(in_doubt)?;
        let engine = FaultyEngine { engine, dir: self.dir.clone(), shared: self.shared.clone() };
        engine.note_synced();
        Ok(Arc::new(engine))
    }
}

struct FaultyEngine {
    engine: Arc<dyn Engine>,
    dir: PathBuf,
    shared: Arc<Shared>,
}

impl FaultyEngine {
    fn note_synced(&self) {
        let end = end_of_data(&journal(&self.dir), 0);
        self.shared.synced_bytes.store(end, Ordering::Relaxed);
    }

    fn strikes(&self, candidates: &[Fault]) -> Option<Fault> {
        let mut planned = self.shared.planned.lock();
        let index = planned.iter_mut().position(|(fault, good)| {
            let now = candidates.contains(fault) && *good == 0;
            if candidates.contains(fault) && !now {
                *good -= 1;
            }
            now
        })?;
        Some(planned.remove(index).0)
    }
}

impl Engine for FaultyEngine {
    fn write(&self, writes: Vec<Write>) -> Result<(), EngineError> {
        match self.strikes(&[Fault::FailedWrite, Fault::PartialWrite, Fault::DiskFull]) {
            None => return self.engine.write(writes),
            Some(Fault::DiskFull) => return Err(EngineError::DiskFull("injected".into())),
            Some(Fault::PartialWrite) => self.engine.write(writes)?,
            Some(Fault::FailedWrite | Fault::FailedSync) => {}
        }
        Err(injected())
    }

    fn sync(&self) -> Result<(), EngineError> {
        if self.strikes(&[Fault::FailedSync]).is_some() {
            return Err(injected());
        }
        self.engine.sync()?;
        self.note_synced();
        Ok(())
    }

    fn snapshot(&self) -> Result<Arc<dyn View>, EngineError> {
        self.engine.snapshot()
    }
}

fn injected() -> EngineError {
    EngineError::Failed { what: "using the disk", source: Arc::new(std::io::Error::other("injected")) }
}

/// Fjall's worker dies when it cannot write a table; its own write halt would then never end
/// (issues 257 and 288). Our write must end with an error, and a new engine must hold everything.
#[test]
fn a_dead_worker_does_not_hang_the_commit_thread() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("engine");
    let disk = FjallDisk::new(&path, 1 << 20);
    let engine = disk.open(false).unwrap();
    // The memory of the map is flushed beyond 6 MiB: where to, we take away.
    let tables: Vec<_> = (1..=4).map(|keyspace| path.join(format!("keyspaces/{keyspace}/tables"))).collect();
    tables.iter().for_each(|tables| fs::remove_dir(tables).unwrap());
    let value = bytes::Bytes::from(vec![7; 1 << 20]);
    let write = |engine: &dyn Engine, number: u32| {
        engine.write(vec![Write {
            area: tidegate_store::engine::Area::Space(tidegate_store::Space::Map),
            key: bytes::Bytes::copy_from_slice(&number.to_be_bytes()),
            value: Some(value.clone()),
        }])
    };
    let written = (0..10_000).take_while(|number| write(&*engine, *number).is_ok()).count();
    assert!((6..10_000).contains(&written), "{written} writes of 1 MiB");
    let failed = engine.sync().expect_err("a failed engine stays failed").to_string();
    assert!(failed.contains("bytes of room") && !failed.contains("Poisoned"), "{failed}");
    drop(engine);
    tables.iter().for_each(|tables| fs::create_dir(tables).unwrap());
    // Many memtables wait to be flushed now; writing must go on nevertheless.
    let engine = disk.open(true).unwrap();
    for number in 0..40 {
        write(&*engine, 1_000_000 + number).unwrap();
    }
    engine.sync().unwrap();
    let view = engine.snapshot().unwrap();
    for number in 0..u32::try_from(written).unwrap() {
        let area = tidegate_store::engine::Area::Space(tidegate_store::Space::Map);
        assert_eq!(view.get(area, &number.to_be_bytes()).unwrap().as_ref(), Some(&value));
    }
}

/// What a start finds in the journal can be more than we let a memtable grow to before we wait for the
/// worker; but fjall seals memtables only when something is written.
#[test]
fn a_start_with_a_large_journal_does_not_wait_for_room_forever() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("engine");
    let write = |engine: &dyn Engine, keys: std::ops::Range<u32>| {
        let writes = keys.map(|key| Write {
            area: tidegate_store::engine::Area::Space(tidegate_store::Space::Map),
            key: bytes::Bytes::copy_from_slice(&key.to_be_bytes()),
            value: Some(bytes::Bytes::from(vec![7; 1 << 20])),
        });
        engine.write(writes.collect()).unwrap();
    };
    let engine = FjallDisk::new(&path, 1 << 20).open(false).unwrap();
    // As if the process had been killed: the files as they are, in another place, without whatever
    // the worker does meanwhile.
    write(&*engine, 0..20);
    let copy = dir.path().join("copy");
    copy_folder(&path, &copy);
    let engine = FjallDisk::new(&copy, 1 << 20).open(false).unwrap();
    write(&*engine, 20..21);
    write(&*engine, 21..22);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}
