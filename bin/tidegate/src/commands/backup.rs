//! `tidegate backup` and `tidegate restore`. A running server backs itself up and goes on; without one
//! the folder is read directly.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tidegate_env::Env;

use crate::client;
use crate::running::{Note, Target};

/// Writes what is in the data folder to a new file.
///
/// # Errors
/// A folder that cannot be read, a file that exists or cannot be written.
pub async fn backup(data: &Path, to: &Path) -> anyhow::Result<ExitCode> {
    let records = match Note::find(data) {
        Some(note) => by_server(data, note, to).await?,
        None => {
            let (data, to) = (data.to_owned(), to.to_owned());
            Env::real().run_blocking(move || tidegate_store::backup(&data, &to)).await?.records
        }
    };
    println!("backed up {} to {} ({records} records)", data.display(), to.display());
    Ok(ExitCode::SUCCESS)
}

async fn by_server(data: &Path, note: Note, to: &Path) -> anyhow::Result<u64> {
    let target = Target { url: note.url.clone(), data: data.to_owned(), note: Some(note) };
    let key = target.admin_key().context("the admin key in the data folder cannot be read")?;
    let body = json!({ "file": std::path::absolute(to)? });
    let answer = client::ask(&target.url, "POST", "/_tidegate/backup", Some(&key), Some(&body)).await?;
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
    let report = Env::real().run_blocking(move || tidegate_store::restore(&source, &target)).await?;
    println!("restored {} from {} ({} records)", data.display(), from.display(), report.records);
    Ok(ExitCode::SUCCESS)
}
