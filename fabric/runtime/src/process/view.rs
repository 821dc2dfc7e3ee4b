//! Which folders of the machine a function is given.

use std::path::{Path, PathBuf};

/// Folders that are replaced by the function's own where mounts are.
const REPLACED: [&str; 3] = ["/var", "/opt", "/tmp"];

/// The folders that the folder has that becomes `/var`.
pub(crate) const STAGE: [&str; 5] = ["task", "runtime", "opt", "tmp", "lang"];
/// Folders beside the bootstraps in which SDKs appear.
pub(crate) const SDKS: [&str; 2] = ["node_modules", "python_modules"];

/// Which folders of the machine a function is given.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Its code: `/var/task`.
    pub code: PathBuf,
    /// Its layers in one folder: `/opt`.
    pub layers: Option<PathBuf>,
    /// Our bootstraps: `/var/runtime`.
    pub bootstrap: PathBuf,
    /// The SDKs for Node, which appear in `/var/runtime/node_modules`, and for Python.
    pub installed: PathBuf,
    /// Its own files: `/tmp`.
    pub tmp: PathBuf,
    /// A folder with empty folders, which becomes `/var`.
    pub stage: PathBuf,
    /// The folder of its interpreter, if it has one: `/usr` or `/root/.pyenv/versions/3.12.1`.
    pub interpreter: Option<PathBuf>,
}

impl View {
    /// Where the interpreter's folder appears, if it lies where the function's own folders will be.
    pub(crate) fn moved_interpreter(&self) -> Option<&Path> {
        let interpreter = self.interpreter.as_deref()?;
        REPLACED.iter().any(|replaced| interpreter.starts_with(replaced)).then_some(interpreter)
    }
}
