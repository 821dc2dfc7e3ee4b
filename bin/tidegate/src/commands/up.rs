//! `tidegate up`

use std::process::ExitCode;

use anyhow::Context;
use tidegate_telemetry::{Metrics, install_logs};

use crate::cli::{Auth, LogFormat, UpArgs};
use crate::config::Config;
use crate::{platform, wire};

/// Serves until the process is asked to end.
///
/// # Errors
/// Whatever keeps the server from starting.
pub async fn run(args: UpArgs) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(args)?;
    let format = match config.log_format {
        LogFormat::Text => tidegate_telemetry::LogFormat::Text,
        LogFormat::Json => tidegate_telemetry::LogFormat::Json,
    };
    install_logs(&config.log, format)?;
    log_panics();
    platform::raise_file_limit();
    // Before the server is up: a Ctrl-C while it starts must not go unheard.
    let asked_to_end = platform::asked_to_end();
    tokio::pin!(asked_to_end);
    let metrics = Metrics::install()?;
    let running = tokio::select! {
        started = wire::start(config.clone(), metrics) => started?,
        ended = &mut asked_to_end => return ended.map(|()| ExitCode::SUCCESS).context("cannot listen to signals"),
    };
    if config.auth == Auth::Enforce && !running.unguarded.is_empty() {
        tracing::warn!(operations = ?running.unguarded, "nobody may call these under --auth enforce");
    }
    announce(&config, &running.url)?;
    tokio::select! {
        ended = &mut asked_to_end => ended.context("cannot listen to signals")?,
        scripts = run_scripts_then_wait(&running) => scripts?,
    }
    tokio::select! {
        () = running.stop() => Ok(ExitCode::SUCCESS),
        // Who asks twice does not want to wait. What was acknowledged is on the disk all the same.
        again = platform::asked_to_end() => again.map(|()| ExitCode::FAILURE).context("cannot listen to signals"),
    }
}

/// The ready scripts run beside the requests that they send.
async fn run_scripts_then_wait(running: &wire::Running) -> anyhow::Result<()> {
    running.run_ready_scripts().await?;
    std::future::pending().await
}

fn announce(config: &Config, url: &str) -> anyhow::Result<()> {
    if config.exposed {
        eprintln!(
            "tidegate: WARNING: listening on {} without checking signatures: whoever reaches this port can do anything",
            config.listen
        );
    }
    let data = config.data.as_ref().map_or_else(|| "in memory".to_owned(), |data| data.display().to_string());
    println!("Tidegate {} listening on {url} (data: {data})", env!("CARGO_PKG_VERSION"));
    if let Some(path) = &config.ready_file {
        // Written beside and renamed: who waits for the file never reads half of it.
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, format!("{url}\n"))
            .and_then(|()| std::fs::rename(&fresh, path))
            .with_context(|| format!("cannot write the ready file {}", path.display()))?;
    }
    Ok(())
}

/// Panics go where the other troubles go.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let trace = std::backtrace::Backtrace::capture();
        tracing::error!(%panic, %trace, "a panic: this is a bug in Tidegate");
    }));
}
