//! Opening data folders, with errors that name the folder and what to do about it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use tidegate_env::Env;
use tidegate_store::engine::EngineError;
use tidegate_store::{EmbeddedStore, OpenError, Options};

/// Opens the store in a data folder; makes the folder if there is none. It reads and writes files, so it is done
/// where nobody waits for a worker.
///
/// # Errors
/// [`OpenError`], and for those of the operating system the folder that they are about.
pub async fn open(env: &Env, options: Options) -> anyhow::Result<Arc<EmbeddedStore>> {
    let (owned, dir) = (env.clone(), options.dir.clone());
    let opened = env.run_blocking(move || EmbeddedStore::open(owned, options)).await;
    opened.map_err(|error| match error {
        OpenError::Io { .. } | OpenError::Engine(EngineError::Failed { .. } | EngineError::DiskFull(_)) => {
            let mend = "make sure that it is a folder that this user may write to, or name another with --data";
            anyhow::Error::new(error).context(format!("cannot use {} as a data folder ({mend})", dir.display()))
        }
        other => other.into(),
    })
}

/// Refuses what is not a data folder, before anybody says of it that it is damaged.
///
/// # Errors
/// If it is none, or cannot be looked into.
pub fn expect(dir: &Path) -> anyhow::Result<()> {
    let exists = |path: &Path| path.try_exists().with_context(|| format!("cannot look into {}", dir.display()));
    let why = if !exists(dir)? {
        ": there is no such folder"
    } else if !dir.is_dir() {
        ": it is a file"
    } else if exists(&dir.join("FORMAT"))? || exists(&dir.join("engine"))? {
        // What a restore that was cut short leaves behind is for the store to judge.
        return Ok(());
    } else {
        ""
    };
    bail!("{} is not a data folder{why}; name the one that the server is started with (--data)", dir.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_data_folder_is_not_called_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |dir: &Path| expect(dir).unwrap_err().to_string();
        assert!(refusal(folder.path()).contains("is not a data folder; name"), "{}", refusal(folder.path()));
        let absent = folder.path().join("absent");
        assert!(refusal(&absent).contains("there is no such folder"), "{}", refusal(&absent));
        let file = folder.path().join("FORMAT");
        std::fs::write(&file, "").unwrap();
        assert!(refusal(&file).contains("it is a file"), "{}", refusal(&file));
        assert!(expect(folder.path()).is_ok());
        // A name that no folder can have stands for all that the system does not say more of: the tests may run as root.
        let unknown = folder.path().join("x".repeat(300));
        assert!(refusal(&unknown).starts_with("cannot look into "), "{}", refusal(&unknown));
    }
}
