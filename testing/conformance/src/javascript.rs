//! The JavaScript suite: node's own test runner in an npm folder under `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tidegate_harness::server_binary;

use crate::folders::{installed, once, program, quietly, source};
use crate::suites::Outcome;

/// What a browser is called, in the order in which one is looked for.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Runs every `*.test.js`.
///
/// # Errors
/// Tests fail, or the packages cannot be installed.
pub fn run() -> Result<Outcome> {
    run_files(".test.js", None)
}

/// Runs every `*.browser.js`, in a browser without a window.
///
/// # Errors
/// A browser is there, and tests fail; or the packages cannot be installed.
pub fn run_in_browser() -> Result<Outcome> {
    match BROWSERS.into_iter().find_map(program) {
        Some(browser) => run_files(".browser.js", Some(&browser)),
        None => Ok(Outcome::Skipped("chromium is not on the PATH".to_owned())),
    }
}

fn run_files(ending: &str, browser: Option<&Path>) -> Result<Outcome> {
    let folder = npm_folder()?;
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec"])
        .args(copied_tests(&folder, ending)?)
        .current_dir(&folder)
        .envs(browser.map(|browser| ("CHROMIUM", browser)))
        .env("TIDEGATE_BIN", server_binary()?)
        .env("AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE", "1")
        .output()
        .context("cannot start node")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    let count = |name: &str| {
        let line =
            text.lines().find_map(|line| line.trim_start_matches(|c: char| !c.is_ascii()).trim().strip_prefix(name));
        line.and_then(|rest| rest.trim().parse::<u32>().ok()).unwrap_or(0)
    };
    let (pass, fail, skipped) = (count("pass"), count("fail"), count("skipped"));
    ensure!(output.status.success() && fail == 0, "{pass} passed, {fail} failed");
    ensure!(pass > 0 && skipped == 0, "{pass} tests ran, {skipped} were skipped");
    Ok(Outcome::Passed(format!("{pass} passed")))
}

/// Installs what the lock file says, unless it is installed.
fn npm_folder() -> Result<PathBuf> {
    let folder = installed("js")?;
    let manifests = ["package.json", "package-lock.json"].map(|name| source("js").join(name));
    once(&folder, &manifests, || {
        println!("    installing {}", manifests[0].display());
        for manifest in &manifests {
            std::fs::copy(manifest, folder.join(manifest.file_name().unwrap_or_default()))?;
        }
        quietly(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder))?;
        Ok(())
    })?;
    Ok(folder)
}

/// Copies the tests beside the packages, for Node looks for those from a file's own folder upwards.
fn copied_tests(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut tests = Vec::new();
    for entry in std::fs::read_dir(source("js"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "js") {
            let copy = folder.join(path.file_name().unwrap_or_default());
            std::fs::copy(&path, &copy)?;
            if copy.to_string_lossy().ends_with(ending) {
                tests.push(copy);
            }
        }
    }
    tests.sort();
    Ok(tests)
}
