//! Which server is tested.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// The server's binary: `$TIDEGATE_BIN`, or `tidegate` in the folder in which cargo put the running
/// program (for a test, the folder above).
///
/// # Errors
/// There is none: it must be built first, because cargo does not build another package's binary
/// for a test.
pub fn server_binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TIDEGATE_BIN") {
        let path = PathBuf::from(path);
        return path
            .canonicalize()
            .with_context(|| format!("TIDEGATE_BIN names {}, which is not there", path.display()));
    }
    let own = std::env::current_exe().context("the running program has no path")?;
    let Some(found) = own.ancestors().skip(1).take(2).map(|folder| folder.join("tidegate")).find(|path| path.is_file())
    else {
        bail!("no server beside {}: run `cargo build -p tidegate` first, or set TIDEGATE_BIN", own.display());
    };
    Ok(found)
}
