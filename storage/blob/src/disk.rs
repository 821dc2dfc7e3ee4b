//! The steps of writing a file, each of which a test can let fail.

use std::fs::{self, File};
use std::io::{self, IoSlice, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::platform;

/// A step that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Creating the temporary file.
    Create,
    /// Writing to it.
    Write,
    /// Syncing it.
    Sync,
    /// Renaming it to its place.
    Rename,
    /// Syncing the folder of that place.
    SyncFolder,
    /// Removing a file.
    Remove,
}

/// Asked before each step; its error is the step's.
pub type Hook = Arc<dyn Fn(Step) -> io::Result<()> + Send + Sync>;

/// The file system, as far as blobs write to it.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    hook: Option<Hook>,
}

impl Disk {
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn with_hook(hook: Hook) -> Disk {
        Disk { hook: Some(hook) }
    }

    fn before(&self, step: Step) -> io::Result<()> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook(step))
    }

    pub(crate) fn create(&self, path: &Path) -> io::Result<File> {
        self.before(Step::Create)?;
        File::create_new(path)
    }

    /// Writes pieces one after the other, with as few calls as may be: the file system then keeps them in
    /// larger pieces itself.
    pub(crate) fn write(&self, file: &mut File, pieces: &[Bytes]) -> io::Result<()> {
        self.before(Step::Write)?;
        let mut slices: Vec<IoSlice<'_>> =
            pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| IoSlice::new(piece)).collect();
        let mut left = &mut slices[..];
        while !left.is_empty() {
            match file.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes room for what will be written there, so that writing it need not look for some.
    pub(crate) fn reserve(&self, file: &File, range: Range<u64>) -> io::Result<()> {
        self.before(Step::Write)?;
        platform::reserve(file, range)
    }

    /// Lets the disk begin with what was written there: the less is left for the sync.
    pub(crate) fn write_back(&self, file: &File, range: Range<u64>) -> io::Result<()> {
        self.before(Step::Write)?;
        platform::write_back(file, range)
    }

    pub(crate) fn sync(&self, file: &File) -> io::Result<()> {
        self.before(Step::Sync)?;
        file.sync_all()
    }

    /// Renames a file into `folder`, which is made, and its name made durable, if it is not there.
    pub(crate) fn rename(&self, from: &Path, to: &Path, folder: &Path) -> io::Result<()> {
        self.before(Step::Rename)?;
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folder(folder)?;
                fs::rename(from, to)
            }
            other => other,
        }
    }

    pub(crate) fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.before(Step::SyncFolder)?;
        File::open(folder)?.sync_all()
    }

    /// Removes a file; it is fine if it is gone already.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.before(Step::Remove)?;
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// Makes a folder with all that it lies in, and makes its name durable.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}
