//! Damage in the journal: only the last write, which nobody was told of, may disappear.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_env::Env;
use tidegate_store::{Durability, EmbeddedStore, OpenError, Options, Sequence, Space, Store, verify};

use crate::folder::{copy, fill, filled, get, open};
use crate::support::{block_on, write};

/// The journals of the engine in `dir`.
fn journals(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join("engine")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "jnl")).collect()
}

/// The only journal in `dir`, and where each of its frames begins; the last number is its end.
fn frames(dir: &Path) -> (PathBuf, Vec<usize>) {
    let [journal] = &journals(dir)[..] else { panic!("there is one journal") };
    let bytes = fs::read(journal).unwrap();
    let ends = bytes.windows(4).enumerate().filter(|(_, window)| window == b"FJL\x03").map(|(at, _)| at + 4);
    (journal.clone(), [0].into_iter().chain(ends).collect())
}

fn overwrite(path: &Path, at: usize, bytes: &[u8]) {
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, at as u64).unwrap();
}

fn flip(path: &Path, at: usize) {
    let byte = fs::read(path).unwrap()[at];
    overwrite(path, at, &[byte ^ 0x10]);
}

/// A folder with 50 commits that loses its power: its marker knows of the first ten only.
fn cut_off(dir: &Path) {
    filled(dir, 10);
    let marker = fs::read(dir.join("MARKER")).unwrap();
    filled(dir, 40);
    fs::write(dir.join("MARKER"), marker).unwrap();
}

/// Opens what must be refused for damage at `at`, and checks what is said of it.
#[track_caller]
fn refused_at(dir: &Path, at: usize, before: u64) -> OpenError {
    let checked = verify(dir, &mut []).expect_err("the check takes it for sound");
    assert!(matches!(checked, OpenError::DamagedJournal { .. }), "{checked}");
    let refused = open(dir).err().expect("it opens");
    match &refused {
        OpenError::DamagedJournal { offset, before: found, .. } => {
            assert_eq!((*offset, *found), (at as u64, Sequence(before)), "{refused}");
        }
        other => panic!("{other}"),
    }
    refused
}

/// Fjall takes a damaged frame for the end of its journal and cuts off all that follows (its issue
/// 311). That others follow shows that it cannot be the end.
#[test]
fn damage_behind_the_marker_is_told_from_a_torn_end() {
    let dir = tempfile::tempdir().unwrap();
    cut_off(dir.path());
    let (journal, frames) = frames(dir.path());
    let good = fs::read(&journal).unwrap();
    let (start, end) = (frames[29], frames[30]);
    let places = [
        ("the tag of its start", start),
        ("its number of items", start + 1),
        ("the tag of an item", start + 13),
        ("the length of a key", start + 24),
        ("a value", (start + end) / 2),
        ("its sum", end - 8),
        ("its last byte", end - 1),
    ];
    for (what, at) in places {
        flip(&journal, at);
        let refused = refused_at(dir.path(), start, 29);
        let (said, name) = (refused.to_string(), journal.display().to_string());
        for part in [&name, "commit 29", "commit 50", "--accept-loss"] {
            assert!(said.contains(part), "{what}: {said} lacks {part}");
        }
        fs::write(&journal, &good).unwrap();
    }
    drop(open(dir.path()).unwrap());
}

/// Whatever byte is changed: it is reported, unless it is one of the last frame, which may be torn.
#[test]
fn no_changed_byte_before_the_last_frame_goes_unnoticed() {
    let dir = tempfile::tempdir().unwrap();
    cut_off(dir.path());
    let (journal, frames) = frames(dir.path());
    let good = fs::read(&journal).unwrap();
    // Steps that share no factor with the length of a frame meet each of its bytes in some frame.
    for at in (0..frames[50]).step_by(397) {
        flip(&journal, at);
        let frame = frames.iter().rposition(|&start| start <= at).unwrap();
        let seen = match verify(dir.path(), &mut []) {
            Ok(report) => report.sequence.0,
            Err(OpenError::DamagedJournal { before, .. }) => {
                // A number of fjall's that was made larger shows in the frame behind it.
                let (start, late) = (frames[frame], before.0 == frame as u64 + 1);
                assert!(before.0 == frame as u64 || late && (5..13).contains(&(at - start)), "byte {at}: {before:?}");
                fs::write(&journal, &good).unwrap();
                continue;
            }
            Err(other) => panic!("byte {at}: {other}"),
        };
        assert!(frame == 49 && seen >= 49, "byte {at}, of frame {frame}, is taken for the end: {seen}");
        fs::write(&journal, &good).unwrap();
    }
}

#[test]
fn a_hole_of_whole_frames_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    cut_off(dir.path());
    let (journal, frames) = frames(dir.path());
    let good = fs::read(&journal).unwrap();
    overwrite(&journal, frames[20], &vec![0; frames[30] - frames[20]]);
    refused_at(dir.path(), frames[20], 20);
    // Cut out, with what is behind it moved up.
    fs::write(&journal, [&good[..frames[20]], &good[frames[30]..]].concat()).unwrap();
    refused_at(dir.path(), frames[20], 20);
    // The start's own numbers are covered by no sum.
    fs::write(&journal, &good).unwrap();
    overwrite(&journal, frames[49] + 5, &[0; 8]);
    refused_at(dir.path(), frames[49], 49);
}

#[test]
fn accepted_damage_costs_what_is_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    cut_off(dir.path());
    let (journal, frames) = frames(dir.path());
    flip(&journal, frames[29] + 60);
    refused_at(dir.path(), frames[29], 29);
    let options = Options { accept_loss: true, ..Options::new(dir.path()) };
    let store = EmbeddedStore::open(Env::real(), options).unwrap();
    assert_eq!(get(&store, "key/0018").unwrap().version, Sequence(29));
    assert_eq!(get(&store, "key/0019"), None);
    let next = block_on(write(&*store, |tx| {
        let slot = tx.position();
        tx.put_at(Space::Log, "log/", slot, "", "x");
    }));
    assert_eq!((next.sequence, next.positions[0].0), (Sequence(51), 51), "lost numbers are not given again");
    store.close();
    assert_eq!(verify(dir.path(), &mut []).unwrap().problems, []);
}

/// A journal is synced before the next one is begun, so it has no torn end.
#[test]
fn a_sealed_journal_has_no_torn_end() {
    let dir = tempfile::tempdir().unwrap();
    cut_off(dir.path());
    let (journal, frames) = frames(dir.path());
    let bytes = fs::read(&journal).unwrap();
    let next = dir.path().join("engine/1.jnl");
    let split = |end: usize, rest: usize| {
        fs::write(&journal, [&bytes[..end], &[0; 100]].concat()).unwrap();
        fs::write(&next, &bytes[rest..]).unwrap();
    };
    split(frames[30] - 20, frames[30]);
    refused_at(dir.path(), frames[29], 29);
    split(frames[30], frames[30]);
    flip(&journal, frames[12] + 70);
    refused_at(dir.path(), frames[12], 12);
    // A whole frame is missing at its end: the next journal does not continue it.
    split(frames[29], frames[30]);
    refused_at(dir.path(), 0, 29);
    split(frames[30], frames[30]);
    let store = open(dir.path()).unwrap();
    assert_eq!(store.snapshot().unwrap().sequence(), Sequence(50));
}

/// Without a sync between them any of the newest frames may be torn, and no other.
#[test]
fn with_an_interval_a_hole_may_be_what_was_not_synced() {
    let dir = tempfile::tempdir().unwrap();
    let options = |interval| Options { durability: Durability::Interval(interval), ..Options::new(dir.path()) };
    let store = EmbeddedStore::open(Env::real(), options(Duration::from_secs(3600))).unwrap();
    fill(&store, 10);
    let copied = tempfile::tempdir().unwrap();
    copy(dir.path(), copied.path());
    store.close();
    let (journal, frames) = frames(copied.path());
    flip(&journal, frames[5] + 60);
    let opened = open(copied.path()).unwrap();
    assert_eq!(opened.snapshot().unwrap().sequence(), Sequence(5));
    opened.close();

    // Closing has synced the ten; what is written behind them says so.
    let store = EmbeddedStore::open(Env::real(), options(Duration::from_secs(3600))).unwrap();
    fill(&store, 1);
    let copied = tempfile::tempdir().unwrap();
    copy(dir.path(), copied.path());
    store.close();
    flip(&copied.path().join("engine/0.jnl"), frames[5] + 60);
    refused_at(copied.path(), frames[5], 5);
}

/// What a kill leaves is in the kernel's hands: the marker is exact, and knows even the last commit.
#[test]
fn after_a_kill_the_marker_knows_the_last_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    fill(&store, 20);
    let killed = tempfile::tempdir().unwrap();
    copy(dir.path(), killed.path());
    store.close();
    let (journal, frames) = frames(killed.path());
    flip(&journal, frames[19] + 60);
    match open(killed.path()).err() {
        Some(OpenError::LostCommits { found: Sequence(19), acknowledged: Sequence(20), .. }) => {}
        other => panic!("{other:?}"),
    }
}

/// A power cut during a sync can leave the first and the last page of a batch, and zeros between
/// them. Fjall refuses such a journal; nothing in the batch was acknowledged.
#[test]
fn a_batch_that_was_torn_before_its_sync_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 10);
    let marker = fs::read(dir.path().join("MARKER")).unwrap();
    let store = open(dir.path()).unwrap();
    block_on(write(&*store, |tx| tx.put(Space::Map, "torn", vec![7; 50_000])));
    store.close();
    fs::write(dir.path().join("MARKER"), marker).unwrap();
    let journal = fs::OpenOptions::new().write(true).open(&journals(dir.path())[0]).unwrap();
    journal.write_all_at(&[0; 8192], 16_384).unwrap();
    let raw = fjall::Database::builder(dir.path().join("engine")).open();
    assert!(matches!(raw, Err(fjall::Error::JournalRecovery(_))), "fjall can do without our help now");
    let store = open(dir.path()).unwrap();
    assert_eq!(store.snapshot().unwrap().sequence(), Sequence(10));
    assert_eq!((get(&store, "torn"), get(&store, "key/0009").unwrap().value), (None, "value 9".into()));
    block_on(write(&*store, |tx| tx.put(Space::Map, "next", "x")));
    store.close();
    assert_eq!(verify(dir.path(), &mut []).unwrap().sequence, Sequence(11));
}

#[test]
fn a_truncated_journal_is_reported_and_can_be_accepted() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 50);
    let journals = journals(dir.path());
    let bytes = fs::read(&journals[0]).unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    fs::OpenOptions::new().write(true).open(&journals[0]).unwrap().set_len(end as u64 / 2).unwrap();

    let refused = open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::LostCommits { .. }), "{refused}");
    assert!(refused.to_string().contains("--accept-loss"), "{refused}");
    assert!(matches!(verify(dir.path(), &mut []), Err(OpenError::LostCommits { .. })));

    let options = Options { accept_loss: true, ..Options::new(dir.path()) };
    let store = EmbeddedStore::open(Env::real(), options).unwrap();
    assert_eq!(get(&store, "key/0001").unwrap().value, "value 1");
    assert_eq!(get(&store, "key/0049"), None);
    let next = block_on(write(&*store, |tx| tx.put(Space::Map, "a", "b")));
    assert_eq!(next.sequence, Sequence(51), "the numbers of lost commits are not given again");
    store.close();
    assert_eq!(verify(dir.path(), &mut []).unwrap().problems, []);
}
