//! How the program is linked: with packed relocations, where the C library understands them.
//!
//! The models are tables full of pointers, each of which is relocated at the start. Written out one by one the
//! relocations take 2.3 MiB, which are read then and stay resident; packed they take some tens of KiB.
//!
//! A program that is linked so starts only where glibc is as new: `TIDEGATE_PORTABLE=1` builds one for older systems.

use std::env::{var, var_os};
use std::path::Path;
use std::process::Command;

/// The first release of glibc that reads them.
const SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TIDEGATE_PORTABLE");
    // Another system has another C library. A file that is not there would count as changed each time.
    if Path::new("/etc/os-release").exists() {
        println!("cargo::rerun-if-changed=/etc/os-release");
    }
    let is_native = var("HOST").ok() == var("TARGET").ok();
    let has_glibc = var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu");
    // What linkers of somebody's own choice understand is not known here.
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let has_own_linker = var_os("RUSTC_LINKER").is_some() || flags.contains("link");
    let is_portable = var_os("TIDEGATE_PORTABLE").is_some();
    if is_native && has_glibc && !has_own_linker && !is_portable && glibc().is_some_and(|version| version >= SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
