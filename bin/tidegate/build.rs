//! How the program is linked: with packed relocations, where the C library understands them.
//!
//! The models are tables full of pointers, each of which is relocated at the start. Written out one by one the
//! relocations take 2.3 MiB, which are read then and stay resident; packed they take some tens of KiB.

use std::process::Command;

/// The first release of glibc that reads them.
const SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Of another machine's C library nothing is known here.
    let is_native = std::env::var("HOST").ok() == std::env::var("TARGET").ok();
    let has_glibc = std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu");
    if is_native && has_glibc && glibc().is_some_and(|version| version >= SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
