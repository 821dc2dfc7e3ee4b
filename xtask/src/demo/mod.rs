//! `cargo xtask demo`: build, start, run a sample application, leave the server running.
//!
//! Without a name it is `csv-import`: a file becomes users, and each of them gets a mail. In the middle of each
//! application the server is killed with `kill -9` and started again: the one thing that a newcomer should see
//! first is that nothing was lost.

mod applications;
#[path = "../../../testing/conformance/src/provider.rs"]
mod provider;
mod server;
mod terraform;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use self::applications::{APPLICATIONS, Application};
use self::server::Server;
use crate::process::installed;
use crate::suite::build_server;

#[derive(clap::Args)]
pub struct Options {
    /// The applications to run: csv-import (if none is named), device-metadata, order-workers, all.
    applications: Vec<String>,
    /// Stop the server at the end instead of leaving it running.
    #[arg(long)]
    stop: bool,
    /// How to build the server: `release` takes longer to build, for a quicker server.
    #[arg(long, default_value = "quick")]
    profile: String,
    /// How many rows csv-import's file has.
    #[arg(long, default_value_t = 10_000)]
    rows: u32,
    /// Use the API even where Terraform is installed.
    #[arg(long)]
    no_terraform: bool,
    /// The server, if it is built already.
    #[arg(skip)]
    server: Option<PathBuf>,
}

impl Options {
    /// What the tests run: the same steps, on a port of its own, with nothing left behind.
    pub fn checked(server: PathBuf) -> Options {
        Options {
            applications: vec!["all".to_owned()],
            stop: true,
            profile: "quick".to_owned(),
            rows: 2_000,
            no_terraform: false,
            server: Some(server),
        }
    }

    fn chosen(&self) -> Result<Vec<&'static Application>> {
        let names: Vec<&str> = self.applications.iter().map(String::as_str).collect();
        match names[..] {
            [] => Ok(APPLICATIONS.iter().take(1).collect()),
            ["all"] => Ok(APPLICATIONS.iter().collect()),
            _ => names.into_iter().map(named).collect(),
        }
    }
}

fn named(name: &str) -> Result<&'static Application> {
    let Some(found) = APPLICATIONS.iter().find(|application| application.name == name) else {
        let names: Vec<&str> = APPLICATIONS.iter().map(|application| application.name).collect();
        bail!("there is no application {name:?}; there are {}, and all", names.join(", "));
    };
    Ok(found)
}

pub fn run(options: &Options) -> Result<()> {
    let chosen = options.chosen()?;
    ensure!(
        installed("node") && installed("npm"),
        "the sample applications need Node.js 20 or newer with npm: install them first"
    );
    let binary = match &options.server {
        Some(server) => server.clone(),
        None => {
            println!("Building the server (the first time takes some minutes) …");
            build_server(&options.profile)?
        }
    };
    for application in &chosen {
        application.install()?;
    }
    let port = if options.stop { 0 } else { server::free_usual_port()? };
    let mut server = Server::start(binary, port)?;
    let shown = chosen.iter().try_for_each(|application| {
        application.show(&mut server, options).with_context(|| format!("examples/{}", application.name))
    });
    if options.stop || shown.is_err() {
        server.throw_away()?;
        return shown;
    }
    server.print_where();
    for application in &chosen {
        println!("{}", application.what_next(server.endpoint()));
    }
    println!("Stop the server with: kill {}", server.id());
    Ok(())
}
