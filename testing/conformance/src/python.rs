//! The Python suites: pytest in virtual environments of their own.
//!
//! There are two environments because one process cannot hold two botocores: the newest speaks JSON
//! to SQS, and 1.31.80 was the last to speak the query protocol. The tests that use nothing but the
//! SDK run with both: programs on old SDKs are the ones that nobody wants to touch.

use std::path::PathBuf;
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};
use tidegate_harness::server_binary;

use crate::folders::{installed, once, quietly, source};
use crate::suites::Outcome;

/// What goes through the system while the server is killed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Load {
    /// Messages, through a function into a table.
    pub messages: u32,
    /// Rows of a file, through the sample application that makes users and mails of them.
    pub rows: u32,
}

/// Why a test may be skipped: how a test words it that builds a Go program.
const NO_GO: &str = "no Go toolchain is on the PATH";

/// Everything, with the newest SDK.
///
/// # Errors
/// Tests fail, or the environment cannot be made.
pub fn run(load: Load) -> Result<Outcome> {
    pytest("venv", "requirements.txt", &[], load)
}

/// The tests that use only the SDK, with one that speaks the query protocol.
///
/// # Errors
/// As [`run`].
pub fn run_old_sdk() -> Result<Outcome> {
    pytest("venv-query", "requirements-query.txt", &["-m", "sdk"], Load::default())
}

fn pytest(environment: &str, requirements: &str, arguments: &[&str], load: Load) -> Result<Outcome> {
    let python = environment_with(environment, requirements)?;
    let output = Command::new(&python)
        .args(["-m", "pytest", "-q", "-rs", "--no-header", "-p", "no:cacheprovider", "--color=no"])
        // A file's tests share a server, so they stay together. One file waits while another works.
        .args(["--dist", "loadfile", "-n", &(available_parallelism()?.get() + 1).to_string()])
        .args(arguments)
        .current_dir(source("python"))
        .env("TIDEGATE_BIN", server_binary()?)
        .env("TIDEGATE_LOAD_MESSAGES", load.messages.to_string())
        .env("TIDEGATE_LOAD_ROWS", load.rows.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .context("cannot start pytest")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    let last = text.lines().last().unwrap_or_default().trim_matches(['=', ' ']).to_owned();
    ensure!(output.status.success(), "{last}");
    for skipped in text.lines().filter(|line| line.starts_with("SKIPPED ")) {
        ensure!(skipped.ends_with(NO_GO), "this may not be skipped: {skipped}");
        println!("skipped: {skipped}");
    }
    Ok(Outcome::Passed(last))
}

/// Makes the virtual environment, unless it is there, and answers its Python.
fn environment_with(name: &str, requirements: &str) -> Result<PathBuf> {
    let requirements = source("python").join(requirements);
    let folder = installed(name)?;
    let python = folder.join("bin/python");
    once(&folder, std::slice::from_ref(&requirements), || {
        println!("    installing {}", requirements.display());
        quietly(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        quietly(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(&requirements),
        )?;
        Ok(())
    })?;
    Ok(python)
}
