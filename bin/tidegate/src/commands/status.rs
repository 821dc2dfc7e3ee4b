//! `tidegate status`

use std::process::ExitCode;

use serde_json::Value;

use crate::cli::TargetArgs;
use crate::client;
use crate::running::Target;

/// Says whether a server answers, and what it serves. Fails if none does.
///
/// # Errors
/// None besides those that are printed.
pub async fn run(args: &TargetArgs) -> anyhow::Result<ExitCode> {
    let target = Target::find(args);
    // Whoever names a folder does not ask for the server on another one that has the default port.
    if args.data.is_some() && args.url.is_none() && target.note.is_none() {
        println!("not running: no server runs on {}", target.data.display());
        return Ok(ExitCode::FAILURE);
    }
    let health = match client::ask(&target.url, "GET", "/_tidegate/health", None, None).await {
        Ok(health) if health.body.get("status").is_some() => health.body,
        Ok(other) => {
            println!("{} is another program (HTTP {})", target.url, other.status);
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => {
            println!("not running: {error:#}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let text = |name: &str| health.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    println!("{} Tidegate {} on {}", text("status"), text("version"), target.url);
    if let Some(note) = &target.note {
        println!("process {}, data {}", note.pid, target.data.display());
    }
    if let Some(message) = health.get("message").and_then(Value::as_str) {
        println!("{message}");
    }
    let services = health.get("services").and_then(Value::as_object);
    let served = services.into_iter().flatten().filter(|(_, state)| *state != "disabled");
    println!("services: {}", served.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "));
    Ok(if text("status") == "running" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
