//! The preloaded library itself: what it undoes, and what it keeps.
//!
//! Each case runs in a child: this test program again, with the library preloaded and the case's
//! name in the environment.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tidegate_powercut::{Disk, Kept};

type Case = (&'static str, fn(&Path));

const CASES: &[Case] = &[
    ("data", |folder| {
        let mut file = File::create(folder.join("file")).unwrap();
        file.write_all(b"synced").unwrap();
        file.sync_data().unwrap();
        file.write_all(b" lost").unwrap();
        file.write_all_at(b"SY", 0).unwrap();
        file.set_len(3).unwrap();
        cut(folder);
    }),
    ("names", |folder| {
        for name in ["stays", "comes-back", "replaced", "new"] {
            let mut file = File::create(folder.join(name)).unwrap();
            file.write_all(name.as_bytes()).unwrap();
            file.sync_all().unwrap();
        }
        fs::remove_file(folder.join("comes-back")).unwrap();
        fs::rename(folder.join("new"), folder.join("replaced")).unwrap();
        fs::create_dir(folder.join("folder")).unwrap();
        drop(File::create(folder.join("folder/never")).unwrap());
        cut(folder);
    }),
    ("synced-names", |folder| {
        let mut file = File::create(folder.join("new")).unwrap();
        file.write_all(b"new").unwrap();
        file.sync_all().unwrap();
        fs::rename(folder.join("new"), folder.join("renamed")).unwrap();
        File::open(folder).unwrap().sync_all().unwrap();
        cut(folder);
    }),
    ("doomed", |folder| {
        let mut file = File::create(folder.join("file")).unwrap();
        file.write_all(b"doomed").unwrap();
        assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(5));
        file.write_all(b" saved").unwrap();
        file.sync_data().unwrap();
        assert_eq!(fs::read(folder.join("file")).unwrap(), b"doomed saved");
        cut(folder);
    }),
    ("full", |folder| {
        let file = File::create(folder.join("file")).unwrap();
        assert_eq!(file.write_at(b"0123456789", 0).unwrap(), 4, "a short write takes what there is room for");
        assert_eq!(file.write_at(b"456789", 4).unwrap_err().raw_os_error(), Some(28));
        file.write_all_at(b"ab", 1).unwrap();
        file.sync_all().unwrap();
        cut(folder);
    }),
];

/// The case has asked for a cut at the operation that removes this.
fn cut(folder: &Path) {
    let control = File::options().write(true).open(std::env::var_os("POWERCUT_CONTROL").unwrap()).unwrap();
    control.write_all_at(&1u64.to_ne_bytes(), 0).unwrap();
    drop(File::create(folder.join("cut")));
    unreachable!("the power was cut");
}

/// The child's side. In the usual run there is no case, and nothing to do.
#[test]
fn child() {
    let Some(name) = std::env::var_os("POWERCUT_CASE") else { return };
    let folder = PathBuf::from(std::env::var_os("POWERCUT_FOLDER").unwrap());
    CASES.iter().find(|(case, _)| *case == name).unwrap().1(&folder);
}

fn run(case: &str, prepare: impl FnOnce(&Disk)) -> Option<Disk> {
    let disk = Disk::new().unwrap()?;
    prepare(&disk);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--test-threads=1", "--nocapture"])
        .env("POWERCUT_CASE", case)
        .envs(disk.environment())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(9), "{case}: {shown}");
    Some(disk)
}

fn content(disk: &Disk) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(disk.folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap_or_default()))
        .collect();
    files.sort();
    files
}

fn check(case: &str, prepare: impl FnOnce(&Disk), expected: &[(&str, &str)]) {
    let Some(disk) = run(case, prepare) else { return };
    let found = content(&disk);
    let found: Vec<_> = found.iter().map(|(name, text)| (&name[..], &text[..])).collect();
    assert_eq!(found, expected, "{case}");
}

#[test]
fn what_was_not_synced_is_gone() {
    check("data", |_| {}, &[("file", "synced")]);
}

#[test]
fn names_that_were_not_synced_are_as_before() {
    let before = [("comes-back", "comes-back"), ("new", "new"), ("replaced", "replaced"), ("stays", "stays")];
    check("names", |_| {}, &before);
}

#[test]
fn synced_names_stay() {
    check("synced-names", |_| {}, &[("renamed", "new")]);
}

#[test]
fn a_failed_sync_loses_its_writes_for_good() {
    check("doomed", |disk| disk.fail_syncs(1).unwrap(), &[("file", "\0\0\0\0\0\0 saved")]);
}

#[test]
fn a_full_disk_takes_what_fits() {
    check("full", |disk| disk.leave_room(Some(4)).unwrap(), &[("file", "0ab3")]);
}

/// Torn and holed cuts keep now this and now that.
#[test]
fn a_torn_cut_keeps_some_part() {
    for kept in [Kept::SomeFirst, Kept::SomeAnywhere] {
        let mut outcomes = std::collections::BTreeSet::new();
        for chance in 0..12 {
            let Some(disk) = run("data", |disk| {
                disk.cut_after(u64::MAX, kept, chance).unwrap();
            }) else {
                return;
            };
            outcomes.insert(content(&disk).into_iter().map(|(_, text)| text).collect::<String>());
        }
        assert!(outcomes.len() > 2, "{kept:?}: {outcomes:?}");
    }
}
