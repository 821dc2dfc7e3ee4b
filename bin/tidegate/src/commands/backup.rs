//! `tidegate backup` and `tidegate restore`. A running server backs itself up and goes on; without one
//! the folder is read directly. Bodies that lie in files of their own go into a folder beside the backup,
//! `FILE.blobs`: as second names of the same files where the file system can do that.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tidegate_env::Env;

use crate::running::{BLOBS, Note, Target};
use crate::{client, folder};

/// How long a server may write a backup: as long as it takes, but not for ever.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Writes what is in the data folder to a new file.
///
/// # Errors
/// A folder that cannot be read, a file that exists or cannot be written.
pub async fn backup(data: &Path, to: &Path) -> anyhow::Result<ExitCode> {
    if to.try_exists()? {
        bail!("{} exists already; name a new file", to.display());
    }
    let records = match Note::find(data) {
        Some(note) => by_server(data, note, to).await?,
        None => {
            folder::expect(data)?;
            let (data, to) = (data.to_owned(), to.to_owned());
            Env::real().run_blocking(move || backup_folder(&data, &to)).await?
        }
    };
    println!("backed up {} to {} ({records} records)", data.display(), to.display());
    Ok(ExitCode::SUCCESS)
}

/// The folder beside a backup in which the larger bodies are.
pub fn blobs_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".blobs");
    name.into()
}

fn backup_folder(data: &Path, to: &Path) -> anyhow::Result<u64> {
    let report = tidegate_store::backup(data, to)?;
    tidegate_blob::copy_all(&data.join(BLOBS), &blobs_beside(to)).context("cannot back up the larger bodies")?;
    Ok(report.records)
}

fn restore_folder(from: &Path, data: &Path) -> anyhow::Result<u64> {
    let report = tidegate_store::restore(from, data)?;
    let blobs = blobs_beside(from);
    if blobs.try_exists()? {
        tidegate_blob::copy_all(&blobs, &data.join(BLOBS)).context("cannot restore the larger bodies")?;
    }
    Ok(report.records)
}

async fn by_server(data: &Path, note: Note, to: &Path) -> anyhow::Result<u64> {
    let target = Target { url: note.url.clone(), data: data.to_owned(), note: Some(note) };
    let key = target.admin_key().context("the admin key in the data folder cannot be read")?;
    let body = json!({ "file": std::path::absolute(to)? });
    let answer = client::ask_within(LONGEST, &target.url, "POST", "/_tidegate/backup", Some(&key), Some(&body)).await?;
    if answer.status != 200 {
        bail!("{}", answer.body.get("message").and_then(Value::as_str).unwrap_or("the server did not say why"));
    }
    Ok(answer.body.get("records").and_then(Value::as_u64).unwrap_or(0))
}

/// Makes a data folder from a backup.
///
/// # Errors
/// A folder that is not empty, a backup that is damaged.
pub async fn restore(from: &Path, data: &Path) -> anyhow::Result<ExitCode> {
    let (source, target) = (from.to_owned(), data.to_owned());
    let records = Env::real().run_blocking(move || restore_folder(&source, &target)).await?;
    println!("restored {} from {} ({records} records)", data.display(), from.display());
    Ok(ExitCode::SUCCESS)
}
