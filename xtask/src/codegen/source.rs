//! Fetching the models.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::model::Model;
use super::services::Entry;
use crate::process::{run, target};

/// A botocore, pinned to its content: what is read from it becomes our code.
pub struct Release {
    pub version: &'static str,
    /// Of its wheel.
    sha256: &'static str,
}

/// The botocore whose models we follow.
pub const CURRENT: Release =
    Release { version: "1.43.11", sha256: "0108b5604df5a26918936c845e1e761866ee9ea8d1c1f9358ed3c69afdc37436" };
/// The last botocore whose SQS model is the query one: its names on the query wire (`Attribute.1.Name`)
/// and its error codes there are in no later model.
pub const OLD: Release =
    Release { version: "1.31.80", sha256: "1c693c0f8b2553fcbe0df223241191e6f9f60b4245d65c1822c08f659274fef2" };

/// The models of `services`, in their order. A service that used to speak query carries its old model.
pub fn load(services: &[Entry]) -> Result<Vec<Model>> {
    let names: Vec<&str> = services.iter().map(|service| service.name).collect();
    let old_names: Vec<&str> =
        services.iter().filter(|service| service.was_query).map(|service| service.name).collect();
    let current = fetch(&CURRENT, &names)?;
    let old = fetch(&OLD, &old_names)?;
    services
        .iter()
        .map(|service| {
            let mut model = read(&current, service.name)?;
            for added in service.operations_without_a_model {
                model.operations.insert(added.name.to_owned(), added.operation());
            }
            if service.was_query {
                model.query = Some(Box::new(read(&old, service.name)?));
            }
            Ok(model)
        })
        .collect()
}

fn read(folder: &Path, name: &str) -> Result<Model> {
    let path = folder.join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a service model", path.display()))
}

/// The folder with the models of one release, downloaded unless it is there.
fn fetch(release: &Release, names: &[&str]) -> Result<PathBuf> {
    let folder = target().join("codegen").join(release.version);
    if names.iter().all(|name| folder.join(format!("{name}.json")).is_file()) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    println!("codegen: fetching the service models of botocore {}", release.version);
    let wanted = folder.join("requirements.txt");
    std::fs::write(&wanted, format!("botocore=={} --hash=sha256:{}\n", release.version, release.sha256))?;
    let options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes"];
    let mut pip = Command::new(python_with_pip()?);
    run(pip.args(["-m", "pip", "download"]).args(options).arg("--dest").arg(&folder).arg("-r").arg(&wanted))?;
    run(Command::new("python3").args(["-c", UNPACK]).arg(&folder).args(names))?;
    Ok(folder)
}

/// A Python that has pip. Debian's has none, but can make an environment that does.
fn python_with_pip() -> Result<PathBuf> {
    let has_pip = Command::new("python3").args(["-m", "pip", "--version"]).output().context("cannot start python3")?;
    if has_pip.status.success() {
        return Ok("python3".into());
    }
    let environment = target().join("codegen/venv");
    if !environment.is_dir() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    Ok(environment.join("bin/python3"))
}

/// Takes the newest model of each named service out of the wheel; some are compressed, some are not.
const UNPACK: &str = r#"
import glob, gzip, os, sys, zipfile
folder, names = sys.argv[1], sys.argv[2:]
wheel = zipfile.ZipFile(glob.glob(os.path.join(folder, "*.whl"))[0])
for name in names:
    prefix = f"botocore/data/{name}/"
    path = max(n for n in wheel.namelist() if n.startswith(prefix) and "/service-2.json" in n)
    data = wheel.read(path)
    if path.endswith(".gz"):
        data = gzip.decompress(data)
    with open(os.path.join(folder, name + ".part"), "wb") as out:
        out.write(data)
    os.replace(out.name, os.path.join(folder, name + ".json"))
"#;
