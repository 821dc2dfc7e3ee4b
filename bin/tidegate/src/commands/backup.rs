//! `tidegate backup` and `tidegate restore`: a data folder is copied while nobody has it open.
//!
//! Both open the source first, as a server would: a folder that is in use, damaged, or of a newer
//! release is found out before it is copied, and a journal that a crash left is taken in.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use tidegate_env::Env;
use tidegate_store::{EmbeddedStore, Options};

/// What belongs to a running server and not to its data.
const LEFT_OUT: [&str; 2] = ["LOCK", "server.json"];

/// Copies the data folder to a new one.
///
/// # Errors
/// A source that is in use or damaged, a target that is not empty, a copy that fails.
pub async fn backup(data: &Path, to: &Path) -> anyhow::Result<ExitCode> {
    let files = copy_folder(data, to).await?;
    println!("backed up {} to {} ({files} files)", data.display(), to.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes a data folder from a backup, and opens it once to see that it is sound.
///
/// # Errors
/// As [`backup`].
pub async fn restore(from: &Path, data: &Path) -> anyhow::Result<ExitCode> {
    let files = copy_folder(from, data).await?;
    open_and_close(data).await?;
    println!("restored {} from {} ({files} files)", data.display(), from.display());
    Ok(ExitCode::SUCCESS)
}

async fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<u64> {
    ensure!(from.join("FORMAT").is_file(), "{} is not a data folder", from.display());
    let occupied = to.exists() && fs::read_dir(to).with_context(|| to.display().to_string())?.next().is_some();
    if occupied {
        bail!("{} is not empty; name a folder that does not exist yet", to.display());
    }
    open_and_close(from).await?;
    let lock = File::open(from.join("LOCK")).context("cannot open the folder's lock")?;
    lock.try_lock().with_context(|| format!("another process opened {} meanwhile", from.display()))?;
    let (source, target) = (from.to_owned(), to.to_owned());
    let copied = Env::real().run_blocking(move || copy_all(&source, &target, true)).await;
    copied.with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

async fn open_and_close(data: &Path) -> anyhow::Result<()> {
    let env = Env::real();
    let (owned, options) = (env.clone(), Options::new(data));
    env.run_blocking(move || EmbeddedStore::open(owned, options).map(|store| store.close())).await?;
    Ok(())
}

/// Copies a folder and syncs every file and folder of the copy. Returns how many files there were.
fn copy_all(from: &Path, to: &Path, top: bool) -> io::Result<u64> {
    fs::create_dir_all(to)?;
    let mut files = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if top && LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        if entry.file_type()?.is_dir() {
            files += copy_all(&source, &target, false)?;
        } else {
            // The mode comes along, so that a secret stays one.
            fs::copy(&source, &target)?;
            File::open(&target)?.sync_all()?;
            files += 1;
        }
    }
    File::open(to)?.sync_all()?;
    Ok(files)
}
