//! Where Terraform's AWS provider is installed on this machine. The demonstration compiles this file too.

use std::path::{Path, PathBuf};

/// What a folder of plugins holds if it holds the provider.
pub const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";
/// How deep below a root such a folder is looked for.
const DEPTH: usize = 3;

/// The configuration file by which Terraform takes its providers from `mirror` and from nowhere else.
pub fn configuration(mirror: &Path) -> String {
    let path = mirror.to_string_lossy();
    format!("provider_installation {{\n  filesystem_mirror {{\n    path = {path:?}\n  }}\n}}\n")
}

/// The folder that holds [`PROVIDER`]: named by the environment, one of Terraform's own places, or a
/// folder near the root of an image.
pub fn provider_folder() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let named = std::env::var_os("TF_PLUGIN_CACHE_DIR").map(PathBuf::from);
    let roots = named.into_iter().chain([
        home.join(".terraform.d"),
        home.join(".local/share/terraform"),
        PathBuf::from("/usr/local/share/terraform"),
        PathBuf::from("/usr/share/terraform"),
        PathBuf::from("/opt"),
    ]);
    roots.into_iter().find_map(|root| find_below(&root, DEPTH))
}

fn find_below(folder: &Path, depth: usize) -> Option<PathBuf> {
    if folder.join(PROVIDER).is_dir() {
        return Some(folder.to_owned());
    }
    let deeper = depth.checked_sub(1)?;
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .find_map(|entry| find_below(&entry.path(), deeper))
}
