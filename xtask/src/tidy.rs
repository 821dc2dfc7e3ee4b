//! The layer rule and its kin, checked from `cargo metadata`.
//!
//! A rule that only a document states is broken within a month; one that fails the build on the
//! first commit holds. What is checked here is cheap and has no exceptions.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The layers from the ground up. A crate may depend on its own layer and on those below it,
/// except where [`SAME_LAYER_FORBIDDEN`] says otherwise.
const LAYERS: [&str; 8] = ["base", "storage", "wire", "lang", "fabric", "services", "edge", "bin"];

/// Layers whose crates must not name each other: services meet through the fabric only.
const SAME_LAYER_FORBIDDEN: [&str; 2] = ["services", "edge"];

/// Folders outside the layers: they may depend on anything, and no product crate on them.
const TOOLS: [&str; 6] = ["testing", "bench", "sim", "fuzz", "xtask", "examples"];

/// The most lines a source file may have; generated files are exempt.
const MAX_LINES: usize = 900;

pub fn run() -> Result<()> {
    let metadata = MetadataCommand::new().exec().context("cargo metadata")?;
    let mut faults = layer_faults(&metadata)?;
    faults.extend(feature_faults(&metadata));
    faults.extend(text_faults(metadata.workspace_root.as_std_path())?);
    for fault in &faults {
        eprintln!("tidy: {fault}");
    }
    if !faults.is_empty() {
        bail!("{} things to tidy", faults.len());
    }
    println!("tidy: {} crates keep to their layers", metadata.workspace_packages().len());
    Ok(())
}

fn folder<'a>(metadata: &Metadata, package: &'a Package) -> Result<&'a str> {
    let path =
        package.manifest_path.strip_prefix(&metadata.workspace_root).context("a package outside the workspace")?;
    path.components().next().map(|first| first.as_str()).context("a package at the root")
}

fn rank(folder: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == folder)
}

fn layer_faults(metadata: &Metadata) -> Result<Vec<String>> {
    let packages = metadata.workspace_packages();
    let mut folders = BTreeMap::new();
    for package in &packages {
        folders.insert(package.name.as_str(), folder(metadata, package)?);
    }
    let mut faults = Vec::new();
    for package in &packages {
        let from = folders[package.name.as_str()];
        if rank(from).is_none() && !TOOLS.contains(&from) {
            faults.push(format!("{} lies in {from}/, which is not a layer", package.name));
        }
        let product_dependencies = package.dependencies.iter().filter(|dep| dep.kind != DependencyKind::Development);
        for dependency in product_dependencies {
            let Some(to) = folders.get(dependency.name.as_str()) else { continue };
            if let Some(why) = forbidden(from, to) {
                faults.push(format!("{} must not depend on {}: {why}", package.name, dependency.name));
            }
        }
    }
    Ok(faults)
}

fn forbidden(from: &str, to: &str) -> Option<String> {
    let from_rank = rank(from)?;
    let Some(to_rank) = rank(to) else {
        return Some(format!("{to}/ is not part of the product"));
    };
    if to_rank > from_rank {
        return Some(format!("{to}/ is above {from}/"));
    }
    if from == to && SAME_LAYER_FORBIDDEN.contains(&from) {
        return Some(format!("crates of {from}/ meet through fabric/ only"));
    }
    if from == "edge" && to == "services" {
        return Some("the edge knows no service; bin/ composes".to_owned());
    }
    None
}

/// Product crates have no features except `test-util`: a feature doubles what must be tested.
fn feature_faults(metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        for feature in package.features.keys().filter(|feature| *feature != "test-util") {
            faults.push(format!("{} has the feature {feature}; only test-util is allowed", package.name));
        }
    }
    faults
}

fn text_faults(root: &Path) -> Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    let mut faults = Vec::new();
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| name.ends_with(".rs")) {
        let Ok(text) = std::fs::read_to_string(root.join(name)) else { continue };
        faults.extend(file_faults(name, &text));
    }
    Ok(faults)
}

fn file_faults(name: &str, text: &str) -> Vec<String> {
    if text.starts_with("// @generated") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        faults.push(format!("{name} has {lines} lines; over {MAX_LINES} it holds more than one thing"));
    }
    let is_crate_root = name.ends_with("src/lib.rs") || name.ends_with("src/main.rs");
    if is_crate_root && !text.starts_with("//!") {
        faults.push(format!("{name} does not open by saying what the crate is"));
    }
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("#[ignore") {
            faults.push(format!("{name}:{} ignores a test", index + 1));
        }
        if line.trim_start().starts_with("matches!(") && line.trim_end().ends_with(");") {
            faults.push(format!("{name}:{} has a bare matches!, which asserts nothing", index + 1));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_point_downwards_only() {
        assert_eq!(forbidden("services", "fabric"), None);
        assert_eq!(forbidden("bin", "services"), None);
        assert_eq!(forbidden("testing", "services"), None);
        for (from, to) in [
            ("base", "storage"),
            ("services", "services"),
            ("edge", "services"),
            ("storage", "wire"),
            ("bin", "testing"),
        ] {
            assert!(forbidden(from, to).is_some(), "{from} -> {to} must be refused");
        }
    }

    #[test]
    fn a_bare_matches_and_an_ignored_test_are_found() {
        let text = ["//! A crate.", "#[ignore]", "    matches!(a, b);"].join("\n");
        assert_eq!(file_faults("x/src/lib.rs", &text).len(), 2);
        assert_eq!(file_faults("x/src/lib.rs", "fn a() {}").len(), 1);
    }
}
