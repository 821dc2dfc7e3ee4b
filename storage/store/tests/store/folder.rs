//! The data folder: who may open it, and what it finds wrong with it.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use tidegate_env::Env;
use tidegate_store::{
    Auditor, BackupError, EmbeddedStore, OpenError, Options, Problem, Record, Sequence, Space, Store, StoreError,
    backup, restore, verify,
};

use crate::support::{block_on, write};

pub fn open(dir: &Path) -> Result<Arc<EmbeddedStore>, OpenError> {
    EmbeddedStore::open(Env::real(), Options::new(dir))
}

/// A folder with `commits` commits, closed.
pub fn filled(dir: &Path, commits: u64) {
    let store = open(dir).unwrap();
    fill(&store, commits);
    store.close();
}

pub fn fill(store: &Arc<EmbeddedStore>, commits: u64) {
    block_on(async {
        for number in 0..commits {
            let committed = write(&**store, |tx| {
                let slot = tx.position();
                tx.put_at(Space::Log, "log/", slot, "", vec![7; 100]);
                tx.put(Space::Map, format!("key/{number:04}"), format!("value {number}"));
            })
            .await;
            assert!(committed.sequence > Sequence(0));
        }
    });
}

pub fn get(store: &EmbeddedStore, key: &str) -> Option<Record> {
    block_on(store.snapshot().unwrap().get(Space::Map, key.as_bytes())).unwrap()
}

#[test]
fn a_reopened_store_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 10);
    let store = open(dir.path()).unwrap();
    assert_eq!(store.snapshot().unwrap().sequence(), Sequence(10));
    let next = block_on(write(&*store, |tx| {
        let slot = tx.position();
        tx.put_at(Space::Log, "log/", slot, "", "x");
    }));
    assert_eq!((next.sequence, next.positions[0].0), (Sequence(11), 11));
    assert_eq!(get(&store, "key/0003").unwrap().value, "value 3");
}

#[test]
fn a_folder_in_use_names_the_process_that_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let refused = open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::InUse { owner: Some(owner), .. } if owner == std::process::id()));
    let expected = format!("is in use by process {}; stop it first, or choose another folder", std::process::id());
    assert!(refused.to_string().ends_with(&expected), "{refused}");
    store.close();
    open(dir.path()).unwrap();
}

#[test]
fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    fs::write(dir.path().join("FORMAT"), "tidegate 2\n").unwrap();
    let refused = open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::NewerFormat { found: 2, supported: 1, .. }), "{refused}");
    fs::write(dir.path().join("FORMAT"), "something else\n").unwrap();
    assert!(matches!(open(dir.path()).err().unwrap(), OpenError::Corrupt { .. }));
}

#[test]
fn engine_files_without_a_format_are_not_taken_for_a_new_folder() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    fs::remove_file(dir.path().join("FORMAT")).unwrap();
    assert!(matches!(open(dir.path()).err().unwrap(), OpenError::Corrupt { .. }));
}

/// The engine would take it for a key space that was never finished, delete it, and go on with an empty one.
#[test]
fn a_key_space_without_its_list_of_files_is_not_taken_for_an_empty_one() {
    for (file, with) in [
        ("keyspaces/1/current", None),
        ("keyspaces/1/current", Some(&b"torn"[..])),
        ("keyspaces/3/v0", None),
        ("keyspaces/3/v0", Some(b"torn")),
        ("keyspaces/2", None),
        ("version", None),
    ] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 3);
        let path = dir.path().join("engine").join(file);
        match with {
            Some(content) => fs::write(&path, content).unwrap(),
            None if path.is_dir() => fs::remove_dir_all(&path).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let named = path.file_name().unwrap().to_str().unwrap();
        let named = if file == "keyspaces/2" { "holds 4 key spaces of 5" } else { named };
        for refused in [open(dir.path()).err().unwrap(), verify(dir.path(), &mut []).err().unwrap()] {
            assert!(matches!(refused, OpenError::Corrupt { .. }), "{file}: {refused}");
            assert!(refused.to_string().contains(named), "{file}: {refused}");
        }
    }
}

/// A key space has another list with each flush; bodies of the log lie in files of their own.
#[test]
fn a_damaged_list_of_files_is_named_after_a_flush_too() {
    for (space, number) in [("map", 1), ("log", 3)] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 1);
        {
            let database = fjall::Database::builder(dir.path().join("engine")).open().unwrap();
            let flushed = database.keyspace(space, fjall::KeyspaceCreateOptions::default).unwrap();
            flushed.insert("large", vec![7; 1 << 20]).unwrap();
            flushed.rotate_memtable_and_wait().unwrap();
        }
        // Opening it may move tables, which makes another list.
        assert_eq!(get(&open(dir.path()).unwrap(), "key/0000").unwrap().value, "value 0");
        let folder = dir.path().join(format!("engine/keyspaces/{number}"));
        let current = u64::from_le_bytes(fs::read(folder.join("current")).unwrap()[..8].try_into().unwrap());
        assert!(current > 0, "{space} has a new list");
        let list = folder.join(format!("v{current}"));
        let good = fs::read(&list).unwrap();
        for at in [0, good.len() / 2, good.len() - 1] {
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            fs::write(&list, flipped).unwrap();
            let refused = open(dir.path()).err().unwrap();
            assert!(matches!(refused, OpenError::Corrupt { .. }), "{space}, byte {at}: {refused}");
            assert!(refused.to_string().contains(list.to_str().unwrap()), "{space}, byte {at}: {refused}");
        }
        fs::write(&list, good).unwrap();
        open(dir.path()).unwrap();
    }
}

/// The engine counts on a number for a name.
#[test]
fn a_stray_folder_among_the_key_spaces_is_named() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    let keyspaces = dir.path().join("engine/keyspaces");
    fs::rename(keyspaces.join("2"), keyspaces.join("2.old")).unwrap();
    let refused = open(dir.path()).err().unwrap().to_string();
    assert!(refused.contains("keyspaces/2.old is no key space"), "{refused}");
}

/// What the marker has on the disk is up to a second old.
#[test]
fn a_key_space_is_missed_before_the_marker_knows_of_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().close();
    let (marker, unfinished) = (dir.path().join("MARKER"), dir.path().join("engine/keyspaces/4/current"));
    // So a machine leaves it that stopped while the folder was made.
    fs::remove_file(&unfinished).unwrap();
    let before = fs::read(&marker).unwrap();
    filled(dir.path(), 1);
    fs::write(&marker, before).unwrap();
    fs::remove_file(dir.path().join("engine/keyspaces/1/current")).unwrap();
    let refused = open(dir.path()).err().unwrap().to_string();
    assert!(refused.contains("keyspaces/1/current is missing"), "{refused}");
}

#[test]
fn what_the_engine_cannot_read_is_told_in_words() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    fs::write(dir.path().join("engine/version"), "none").unwrap();
    let refused = open(dir.path()).err().unwrap().to_string();
    let engine = dir.path().join("engine");
    let told = format!("a file of the engine in {} is damaged or missing: its file `version` cannot", engine.display());
    assert!(refused.starts_with(&told) && refused.ends_with("; restore a backup"), "{refused}");
}

/// Both hold whatever secrets the services keep.
#[test]
fn nobody_else_looks_into_a_folder_or_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, copy) = (dir.path().join("data"), dir.path().join("copy"));
    filled(&folder, 1);
    backup(&folder, &copy).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&copy)), (0o700, 0o600));

    let (second, partial) = (dir.path().join("second"), dir.path().join("second.partial"));
    fs::write(&partial, "").unwrap();
    fs::set_permissions(&partial, fs::Permissions::from_mode(0o644)).unwrap();
    backup(&folder, &second).unwrap();
    assert_eq!(mode(&second), 0o600, "what was left by an earlier one is not written to");

    let (third, foreign) = (dir.path().join("third"), dir.path().join("foreign"));
    fs::write(&foreign, "").unwrap();
    symlink(&foreign, dir.path().join("third.partial")).unwrap();
    backup(&folder, &third).unwrap();
    assert!(fs::read(&foreign).unwrap().is_empty() && !third.is_symlink(), "nor what it points to");

    let going_on = fs::File::create(dir.path().join("fourth.partial")).unwrap();
    going_on.lock().unwrap();
    let refused = backup(&folder, &dir.path().join("fourth")).unwrap_err();
    assert!(matches!(refused, BackupError::Io { .. }), "two would write to one file: {refused}");
}

#[test]
fn a_damaged_marker_slot_leaves_the_other() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 3);
    filled(dir.path(), 3);
    let marker = fs::OpenOptions::new().write(true).open(dir.path().join("MARKER")).unwrap();
    for spared in [1, 2, 0] {
        let before = fs::read(dir.path().join("MARKER")).unwrap();
        for slot in (0..3).filter(|slot| *slot != spared) {
            marker.write_all_at(&[0xEE; 12], slot * 4096).unwrap();
        }
        drop(open(dir.path()).unwrap());
        marker.write_all_at(&before, 0).unwrap();
    }
    for slot in 0..3 {
        marker.write_all_at(&[0xEE; 12], slot * 4096).unwrap();
    }
    assert!(matches!(open(dir.path()).err().unwrap(), OpenError::Corrupt { .. }));
}

/// The value of one record is changed in the engine, as if a block had been put in the wrong place.
#[test]
fn a_corrupt_value_is_an_error_and_found_by_verify() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 10);
    {
        let database = fjall::Database::builder(dir.path().join("engine")).open().unwrap();
        let map = database.keyspace("map", fjall::KeyspaceCreateOptions::default).unwrap();
        let mut value = map.get("key/0004").unwrap().unwrap().to_vec();
        *value.last_mut().unwrap() ^= 1;
        map.insert("key/0004", value).unwrap();
    }
    let store = open(dir.path()).unwrap();
    let view = store.snapshot().unwrap();
    let read = block_on(view.get(Space::Map, b"key/0004"));
    assert!(matches!(read, Err(StoreError::Corrupt { space: Space::Map, ref key, .. }) if key == "key/0004"));
    assert_eq!(get(&store, "key/0005").unwrap().value, "value 5");
    drop(view);
    store.close();
    let report = verify(dir.path(), &mut []).unwrap();
    assert_eq!(report.problem_count, 1);
    assert_eq!(report.problems[0].invariant, "STORE-0");
    let target = dir.path().join("backup");
    assert!(matches!(backup(dir.path(), &target), Err(BackupError::Open(OpenError::Corrupt { .. }))));
    assert!(!target.exists());
}

/// An auditor that wants every log record to have a hundred bytes.
#[derive(Default)]
struct Hundred {
    seen: u64,
}

impl Auditor for Hundred {
    fn record(&mut self, space: Space, key: &[u8], record: &Record, problems: &mut dyn FnMut(Problem)) {
        if space == Space::Log {
            self.seen += 1;
            if record.value.len() != 100 {
                problems(Problem { invariant: "TEST-1", what: format!("{key:02x?}") });
            }
        }
    }

    fn finish(&mut self, problems: &mut dyn FnMut(Problem)) {
        if self.seen != 20 {
            problems(Problem { invariant: "TEST-2", what: self.seen.to_string() });
        }
    }
}

#[test]
fn verify_counts_and_asks_the_auditors() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 20);
    let report = verify(dir.path(), &mut [&mut Hundred::default()]).unwrap();
    assert_eq!((report.sequence, report.next_position, &report.problems[..]), (Sequence(20), 21, &[][..]));
    let counts: Vec<_> = report.spaces.iter().map(|(space, records, _)| (*space, *records)).collect();
    assert_eq!(counts, [(Space::Map, 20), (Space::Queue, 0), (Space::Log, 20)]);
    filled(dir.path(), 1);
    let report = verify(dir.path(), &mut [&mut Hundred::default()]).unwrap();
    assert_eq!(report.problems, [Problem { invariant: "TEST-2", what: "21".to_owned() }]);
}

#[test]
fn a_backup_of_a_running_store_is_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file, restored) = (dir.path().join("data"), dir.path().join("backup"), dir.path().join("restored"));
    let store = open(&data).unwrap();
    fill(&store, 30);
    let report = store.backup(&file).unwrap();
    assert_eq!((report.sequence, report.records), (Sequence(30), 60));
    assert!(matches!(store.backup(&file), Err(BackupError::Io { .. })), "an existing file is not overwritten");
    fill(&store, 5);
    store.close();
    assert_eq!(backup(&data, &dir.path().join("second")).unwrap().sequence, Sequence(35));

    assert_eq!(restore(&file, &restored).unwrap(), report);
    assert!(matches!(restore(&file, &restored), Err(BackupError::Open(OpenError::NotEmpty { .. }))));
    assert_eq!(verify(&restored, &mut []).unwrap().problems, []);
    let store = open(&restored).unwrap();
    assert_eq!(get(&store, "key/0029").unwrap().version, Sequence(30));
    let next = block_on(write(&*store, |tx| {
        let slot = tx.position();
        tx.put_at(Space::Log, "log/", slot, "", "x");
    }));
    assert_eq!((next.sequence, next.positions[0].0), (Sequence(31), 31));
}

#[test]
fn a_damaged_backup_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(&dir.path().join("data"), 10);
    let file = dir.path().join("backup");
    backup(&dir.path().join("data"), &file).unwrap();
    let good = fs::read(&file).unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let (damaged, target) = (dir.path().join(format!("{name}.file")), dir.path().join(format!("{name}.dir")));
        fs::write(&damaged, bytes).unwrap();
        let error = restore(&damaged, &target).expect_err(name);
        assert!(matches!(error, BackupError::Damaged { .. }), "{name}: {error}");
        assert!(!target.exists() || open(&target).is_err(), "{name}: half a restore is no store");
    };
    refused("cut", &good[..good.len() - 1]);
    refused("without its last block", &good[..good.len() - 25]);
    refused("empty", &[]);
    refused("longer", &[&good[..], b"x"].concat());
    for at in [0, 16, 40, good.len() / 2, good.len() - 3] {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        refused(&format!("flipped at {at}"), &flipped);
    }
}

/// The folder that release 0.1.0 wrote with `examples/make_fixture.rs`.
#[test]
fn the_folder_of_release_0_1_0_opens() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/0.1.0");
    copy(&fixture, dir.path());
    let store = open(dir.path()).unwrap();
    assert_eq!(store.snapshot().unwrap().sequence(), Sequence(10));
    assert_eq!(get(&store, "key/0009").unwrap().value, "value 9");
    store.close();
    let report = verify(dir.path(), &mut []).unwrap();
    assert_eq!((report.next_position, report.problem_count), (11, 0));
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
