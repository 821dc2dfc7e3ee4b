//! `cargo xtask codegen`: writes the wire types and tables from AWS's service models.
//!
//! The models come with botocore, pinned to one version, from the package index. What is read of them
//! are facts: names, members, constraints, error codes, methods and paths. Their prose is not copied.
//! Output is committed and marked `@generated`; running this again changes nothing, and `--check`
//! fails if it would.

mod catalog;
mod coverage;
mod emit;
mod model;
mod names;
mod services;
mod shapes;
mod source;
mod union;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::root;
use services::SERVICES;

/// One file that is generated.
struct Output {
    /// Relative to the checkout's root.
    path: PathBuf,
    text: String,
}

/// Writes every generated file, or with `check` only says which ones would change.
pub fn run(check: bool) -> Result<()> {
    let models = source::load(SERVICES)?;
    let mut outputs = Vec::new();
    for (service, model) in SERVICES.iter().zip(&models) {
        let text = match service.api {
            Some(_) => shapes::file(service, model)?,
            None => catalog::file(service, model),
        };
        outputs.push(Output { path: service.path(), text: rustfmt(&text)? });
    }
    outputs.push(Output { path: catalog::INDEX.into(), text: rustfmt(&catalog::index(SERVICES))? });
    outputs.push(Output { path: coverage::PATH.into(), text: coverage::page(SERVICES, &models)? });
    let changed = outputs.iter().map(|output| write(output, check)).collect::<Result<Vec<bool>>>()?;
    let changed = changed.into_iter().filter(|changed| *changed).count();
    if check && changed > 0 {
        bail!("{changed} generated files are out of date; run `cargo xtask codegen`");
    }
    println!("codegen: {} files, {changed} changed", outputs.len());
    Ok(())
}

/// Whether the file differs from what it should be; if so and unless `check`, writes it.
fn write(output: &Output, check: bool) -> Result<bool> {
    let path = root().join(&output.path);
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    if current == output.text {
        return Ok(false);
    }
    println!("codegen: {} {}", output.path.display(), if check { "is out of date" } else { "written" });
    if !check {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        std::fs::write(&path, &output.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(true)
}

fn rustfmt(text: &str) -> Result<String> {
    use std::io::Write;
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start rustfmt")?;
    let mut stdin = child.stdin.take().context("rustfmt has no input")?;
    stdin.write_all(text.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refuses generated code");
    }
    Ok(String::from_utf8(output.stdout)?)
}
