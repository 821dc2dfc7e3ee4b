//! What this machine has: interpreters, and the folders that every worker needs.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tidegate_env::Env;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::process::{SDKS, STAGE};
use crate::{Fault, Finding, Runtime, Settings};

/// How long an interpreter may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(10);

const BOOTSTRAPS: [(&str, &str); 4] = [
    ("node.cjs", include_str!("../bootstrap/node.cjs")),
    ("redirect.cjs", include_str!("../bootstrap/redirect.cjs")),
    ("python_bootstrap.py", include_str!("../bootstrap/python_bootstrap.py")),
    ("sitecustomize.py", include_str!("../bootstrap/sitecustomize.py")),
];

/// An interpreter of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The executable itself, behind all links and shims.
    pub executable: PathBuf,
    /// The folder with its libraries.
    pub home: PathBuf,
    /// Such as `20.20.2` or `3.12.1`.
    pub version: String,
}

type Looked = Arc<OnceCell<Option<Interpreter>>>;

/// Interpreters, each looked for once, when first needed.
#[derive(Default)]
pub(crate) struct Interpreters {
    found: Mutex<HashMap<String, Looked>>,
}

impl Interpreters {
    /// What runs functions of a runtime; `None` for those that run by themselves.
    ///
    /// # Errors
    /// [`Fault::Missing`] with what to do about it.
    pub(crate) async fn of(&self, env: &Env, runtime: &Runtime) -> Result<Option<Interpreter>, Fault> {
        let (names, language): (Vec<String>, _) = match runtime {
            Runtime::Node { .. } => (vec!["node".to_owned()], "Node.js"),
            Runtime::Python { id } => (vec![id.clone(), "python3".to_owned()], "Python 3"),
            Runtime::Provided { .. } | Runtime::Go => return Ok(None),
            Runtime::Other { .. } | Runtime::Image(_) => {
                return Err(Fault::Missing(format!("{} does not run as a process", runtime.id())));
            }
        };
        let looked = self.found.lock().entry(names[0].clone()).or_default().clone();
        let found = looked.get_or_init(|| async {
            let found = first(env, &names).await;
            if let (Some(found), Some(wanted)) = (&found, runtime.version())
                && !matches_version(&found.version, wanted)
            {
                tracing::warn!(
                    runtime = runtime.id(),
                    version = found.version,
                    "functions run on another version than they ask for"
                );
            }
            found
        });
        match found.await {
            Some(found) => Ok(Some(found.clone())),
            None => Err(Fault::Missing(format!(
                "{} needs {language}, and `{}` was not found on this machine: install it and try again",
                runtime.id(),
                names.last().map(String::as_str).unwrap_or_default()
            ))),
        }
    }

    /// What `tidegate doctor` shows.
    pub(crate) async fn findings(env: &Env) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (subject, name) in [("Node functions", "node"), ("Python functions", "python3")] {
            let (text, good) = match look(env, name).await {
                Some(found) => {
                    let note = "every such runtime identifier runs on it";
                    (format!("{} {} ({note})", found.executable.display(), found.version), true)
                }
                None => (format!("`{name}` was not found: functions that need it do not start"), false),
            };
            findings.push(Finding { subject: subject.to_owned(), text, good });
        }
        findings
    }
}

/// Whether a full version is of the line that an identifier names.
fn matches_version(full: &str, wanted: &str) -> bool {
    full == wanted || full.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

async fn first(env: &Env, names: &[String]) -> Option<Interpreter> {
    for name in names {
        if let Some(found) = look(env, name).await {
            return Some(found);
        }
    }
    None
}

/// Asks an interpreter what it is: the program of this name may be a shim that starts another.
async fn look(env: &Env, name: &str) -> Option<Interpreter> {
    let mut command = Command::new(name);
    if name == "node" {
        command.args(["-p", r#"[fs.realpathSync(process.execPath), path.dirname(path.dirname(fs.realpathSync(process.execPath))), process.versions.node].join("\n")"#]);
    } else {
        let question = "import os, sys; print(os.path.realpath(sys.executable), sys.base_prefix, '.'.join(map(str, sys.version_info[:3])), sep='\\n')";
        command.args(["-I", "-c", question]);
    }
    command.stdin(std::process::Stdio::null()).env_remove("NODE_OPTIONS").kill_on_drop(true);
    let output = env.timeout_real(PATIENCE, command.output()).await.ok()?.ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines().map(str::to_owned);
    let (executable, home, version) = (lines.next()?.into(), lines.next()?.into(), lines.next()?);
    Some(Interpreter { executable, home, version })
}

/// The folders of a server's workers.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    pub bootstrap: PathBuf,
    /// What becomes `/var` where mounts are.
    pub stage: PathBuf,
    pub layers: PathBuf,
    pub workers: PathBuf,
}

impl Folders {
    /// Empties the scratch folder and fills it with what workers need.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn make(settings: &Settings) -> std::io::Result<Folders> {
        let root = std::path::absolute(&settings.scratch)?;
        let folders = Folders {
            bootstrap: root.join("bootstrap"),
            stage: root.join("stage"),
            layers: root.join("layers"),
            workers: root.join("workers"),
        };
        for folder in [&folders.bootstrap, &folders.stage, &folders.layers, &folders.workers] {
            match std::fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => std::fs::create_dir_all(folder)?,
            }
        }
        for (name, text) in BOOTSTRAPS {
            std::fs::write(folders.bootstrap.join(name), text)?;
        }
        for name in SDKS {
            std::fs::create_dir(folders.bootstrap.join(name))?;
        }
        for name in STAGE {
            std::fs::create_dir(folders.stage.join(name))?;
        }
        Ok(folders)
    }

    /// A new folder for one worker, with its `tmp`.
    pub(crate) fn worker(&self, name: &str) -> std::io::Result<PathBuf> {
        let tmp = self.workers.join(name);
        std::fs::create_dir(&tmp)?;
        std::fs::set_permissions(&tmp, std::fs::Permissions::from_mode(0o700))?;
        Ok(tmp)
    }
}

/// Puts layers into one folder, as AWS does in `/opt`: later ones win. Files are linked where that is possible.
pub(crate) fn merge_layers(layers: &[PathBuf], target: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(target)?;
    for layer in layers {
        merge(layer, target)?;
    }
    Ok(())
}

fn merge(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if !target.is_dir() {
                std::fs::create_dir(&target)?;
            }
            merge(&entry.path(), &target)?;
            continue;
        }
        if target.symlink_metadata().is_ok() {
            std::fs::remove_file(&target)?;
        }
        if entry.file_type()?.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, &target)?;
        } else if std::fs::hard_link(entry.path(), &target).is_err() {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_line() {
        for (full, wanted, same) in
            [("20.20.2", "20", true), ("20.20.2", "2", false), ("3.12.1", "3.12", true), ("3.1.2", "3.12", false)]
        {
            assert_eq!(matches_version(full, wanted), same, "{full} {wanted}");
        }
    }

    #[test]
    fn later_layers_win() {
        let root = tempfile::tempdir().expect("a folder");
        let layer = |name: &str, file: &str| {
            let folder = root.path().join(name).join("nodejs");
            std::fs::create_dir_all(&folder).expect("made");
            std::fs::write(folder.join(file), name).expect("written");
            root.path().join(name)
        };
        let layers = [layer("a", "one"), layer("b", "two"), layer("c", "one")];
        let target = root.path().join("opt");
        merge_layers(&layers, &target).expect("merged");
        let read = |file: &str| std::fs::read_to_string(target.join("nodejs").join(file)).expect("there");
        assert_eq!((read("one").as_str(), read("two").as_str()), ("c", "b"));
        assert_eq!(std::fs::read_to_string(root.path().join("a/nodejs/one")).expect("untouched"), "a");
    }
}
