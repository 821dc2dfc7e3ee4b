//! The application's own Terraform, where Terraform and the provider are to be had.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::provider;
use super::server::Server;
use crate::process::{self, installed, quiet};

/// Applies `infrastructure`; answers `false` where that cannot be done on this machine.
pub fn applied(folder: &Path, server: &Server) -> Result<bool> {
    if !installed("terraform") {
        println!("\nTerraform is not installed: the application is deployed through the API.");
        return Ok(false);
    }
    quiet(Command::new("node").arg("build.js").env("NODE_NO_WARNINGS", "1").current_dir(folder))?;
    let infrastructure = folder.join("infrastructure");
    forget_state(&infrastructure)?;
    // Without a network, or with a provider at hand, it need not be fetched.
    let settings = tempfile::NamedTempFile::new()?;
    if let Some(mirror) = provider::provider_folder() {
        std::fs::write(settings.path(), provider::configuration(&mirror))?;
    }
    let command = || command(server, &infrastructure, settings.path());
    println!("\n$ terraform init && terraform apply");
    let initialised = command().args(["init", "-input=false", "-no-color"]).output()?;
    if !initialised.status.success() {
        println!("Terraform cannot get its provider: the application is deployed through the API.");
        return Ok(false);
    }
    process::run(command().args(["apply", "-auto-approve", "-input=false", "-compact-warnings"]))?;
    Ok(true)
}

fn command(server: &Server, infrastructure: &Path, settings: &Path) -> Command {
    let mut command = server.command("terraform", infrastructure);
    command.env("CHECKPOINT_DISABLE", "1").env("TF_CLI_CONFIG_FILE", settings);
    command
}

/// An earlier demonstration's server is gone, and all that it had.
fn forget_state(infrastructure: &Path) -> Result<()> {
    for name in ["terraform.tfstate", "terraform.tfstate.backup"] {
        let state = infrastructure.join(name);
        if state.exists() {
            std::fs::remove_file(state)?;
        }
    }
    Ok(())
}
