//! A folder whose disk can be made to fail.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, anyhow, bail, ensure};
use tempfile::TempDir;

const SOURCE: &str = include_str!("powercut.c");

/// What a cut of power leaves of the writes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// In each file some first part, the last write torn; some first of the changed names.
    SomeFirst,
    /// In each file a random part, zeros in the place of the others.
    SomeAnywhere,
}

/// The numbers in the control file, in its order; `struct control` in `powercut.c`.
#[derive(Debug, Clone, Copy)]
enum Number {
    CutAfter,
    CutMode,
    Chance,
    FailSyncs,
    FailWrites,
    Limited,
    Room,
    Operations,
    Syncs,
    Failed,
    Undone,
    Kept,
}

/// A folder, and the means to let its disk fail for the process that runs with
/// [`Disk::environment`].
#[derive(Debug)]
pub struct Disk {
    root: TempDir,
    library: PathBuf,
    control: File,
}

impl Disk {
    /// An empty folder on a disk that works. `None`, with a message, where there is no preloading.
    ///
    /// # Errors
    /// The library cannot be built: there must be a C compiler (as `cc`, or named by `$CC`).
    pub fn new() -> Result<Option<Disk>> {
        if !cfg!(target_os = "linux") {
            eprintln!("skipped: preloading a library under the engine needs Linux");
            return Ok(None);
        }
        // Once for all tests of this process.
        static LIBRARY: LazyLock<Result<PathBuf>> = LazyLock::new(build);
        let library = LIBRARY.as_ref().map_err(|error| anyhow!("{error:#}"))?.clone();
        let root = tempfile::Builder::new().prefix("powercut-").tempdir_in(target_folder()?)?;
        for folder in ["data", "scratch"] {
            std::fs::create_dir(root.path().join(folder))?;
        }
        let control =
            File::options().read(true).write(true).create(true).truncate(true).open(root.path().join("control"))?;
        control.set_len(4096)?;
        Ok(Some(Disk { root, library, control }))
    }

    /// The folder whose disk fails.
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Everything beside it: logs may lie here.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// What the process must be started with.
    pub fn environment(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("LD_PRELOAD", self.library.clone()),
            ("POWERCUT_FOLDER", self.folder()),
            ("POWERCUT_SCRATCH", self.root.path().join("scratch")),
            ("POWERCUT_CONTROL", self.root.path().join("control")),
        ]
    }

    /// Cuts the power during the `operations`-th operation on the folder from now.
    ///
    /// # Errors
    /// The control file's.
    pub fn cut_after(&self, operations: u64, kept: Kept, chance: u64) -> Result<()> {
        ensure!(operations > 0, "there is nothing before the next operation");
        self.set(Number::CutMode, kept as u64)?;
        self.set(Number::Chance, chance)?;
        self.set(Number::CutAfter, operations)
    }

    /// Lets the next syncs of data fail: what they should have saved is lost at the next cut, even
    /// if a later sync reports success.
    ///
    /// # Errors
    /// The control file's.
    pub fn fail_syncs(&self, count: u64) -> Result<()> {
        self.set(Number::FailSyncs, count)
    }

    /// Lets the next writes of data fail.
    ///
    /// # Errors
    /// The control file's.
    pub fn fail_writes(&self, count: u64) -> Result<()> {
        self.set(Number::FailWrites, count)
    }

    /// Leaves room for so many bytes; `None`: for as many as there are.
    ///
    /// # Errors
    /// The control file's.
    pub fn leave_room(&self, bytes: Option<u64>) -> Result<()> {
        self.set(Number::Room, bytes.unwrap_or_default())?;
        self.set(Number::Limited, u64::from(bytes.is_some()))
    }

    /// Takes back every fault that has not struck yet.
    ///
    /// # Errors
    /// The control file's.
    pub fn mend(&self) -> Result<()> {
        for number in [Number::CutAfter, Number::FailSyncs, Number::FailWrites, Number::Limited] {
            self.set(number, 0)?;
        }
        Ok(())
    }

    /// Operations that were made to fail so far.
    ///
    /// # Errors
    /// The control file's.
    pub fn failed(&self) -> Result<u64> {
        self.get(Number::Failed)
    }

    /// Syncs that have succeeded so far.
    ///
    /// # Errors
    /// The control file's.
    pub fn syncs(&self) -> Result<u64> {
        self.get(Number::Syncs)
    }

    /// Operations on the folder so far.
    ///
    /// # Errors
    /// The control file's.
    pub fn operations(&self) -> Result<u64> {
        self.get(Number::Operations)
    }

    /// Unsynced writes and names that cuts have undone, and that they have kept, so far.
    ///
    /// # Errors
    /// The control file's.
    pub fn undone_and_kept(&self) -> Result<(u64, u64)> {
        Ok((self.get(Number::Undone)?, self.get(Number::Kept)?))
    }

    fn set(&self, number: Number, value: u64) -> Result<()> {
        Ok(self.control.write_all_at(&value.to_ne_bytes(), 8 * number as u64)?)
    }

    fn get(&self, number: Number) -> Result<u64> {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, 8 * number as u64)?;
        Ok(u64::from_ne_bytes(bytes))
    }
}

/// `powercut` where cargo puts the tests of this profile: the data must not lie in a `/tmp` that is memory.
fn target_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.with_file_name("powercut");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Builds the library. Each process builds its own and renames it into place, so that tests that
/// run at once never load half a file.
fn build() -> Result<PathBuf> {
    let folder = target_folder()?;
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let built = tempfile::Builder::new().prefix("built-").tempdir_in(&folder)?;
    let (source, library) = (built.path().join("powercut.c"), built.path().join("libpowercut.so"));
    std::fs::write(&source, SOURCE)?;
    let output = Command::new(&compiler)
        .args(["-O2", "-Wall", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .args(["-ldl", "-lpthread"])
        .output()
        .with_context(|| format!("a C compiler is needed, and {compiler} cannot be started"))?;
    if !output.status.success() {
        bail!("{compiler} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let place = folder.join("libpowercut.so");
    std::fs::rename(library, &place)?;
    Ok(place)
}
