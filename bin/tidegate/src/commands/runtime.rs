//! `tidegate runtime`: what functions find on this machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tidegate_env::Env;

use crate::cli::{RuntimeAction, RuntimeArgs};

/// Where a data folder keeps the SDKs of functions.
pub fn sdks(data: &Path) -> PathBuf {
    data.join("runtime")
}

/// Installs SDKs.
///
/// # Errors
/// Neither npm nor Python is there, or one of them failed.
pub async fn run(args: &RuntimeArgs) -> anyhow::Result<ExitCode> {
    let RuntimeAction::Install { data, packages } = &args.action;
    let folder = std::path::absolute(sdks(data))?;
    let installed =
        tidegate_runtime::install(&Env::real(), &folder, packages, |what| println!("installing {what}")).await?;
    let v2 = installed.aws_sdk_v2.as_deref().unwrap_or("missing");
    println!(
        "in {}: aws-sdk {v2}, {} packages of @aws-sdk, boto3 {}",
        folder.display(),
        installed.aws_sdk_v3,
        if installed.boto3 { "there" } else { "missing" }
    );
    Ok(ExitCode::SUCCESS)
}
