//! The sample applications, each as its README says to run it, with a `kill -9` in the middle.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use super::server::Server;
use super::{Options, terraform};
use crate::process::{quiet, root, target};

const DEVICES: &str = "200";
const ORDERS: &str = "500";
/// How much of the import is done when the server is killed.
const KILLED_AT_PERCENT: &str = "30";
const FILE: &str = "users.csv";

/// A folder of `examples/`, and what is shown of it.
pub struct Application {
    pub name: &'static str,
    show: fn(&Path, &mut Server, &Options) -> Result<()>,
    /// What to try next; `ENDPOINT` stands for the server.
    next: &'static str,
}

/// The first is what a newcomer sees.
pub const APPLICATIONS: &[Application] = &[
    Application {
        name: "csv-import",
        show: import,
        next: "
  aws s3 cp more-users.csv s3://csv-import-uploads-000000000000/      # two columns: name,email
  aws dynamodb get-item --table-name csv-import-users --key '{\"email\":{\"S\":\"user1@example.com\"}}'
  aws --endpoint-url ENDPOINT logs tail /aws/lambda/csv-import-process-csv

  The mails, in a browser:  ENDPOINT/_tidegate/mail.html
  … and as JSON:            curl 'ENDPOINT/_tidegate/mail?to=user1@example.com'
",
    },
    Application {
        name: "device-metadata",
        show: devices,
        next: "
  aws --endpoint-url ENDPOINT sqs send-message --queue-url ENDPOINT/000000000000/device-metadata \\
      --message-body '{\"user_id\":\"me\",\"device\":\"laptop\",\"location\":\"here\"}'
  aws dynamodb get-item --table-name device-metadata --key '{\"user_id\":{\"S\":\"me\"}}'
  aws --endpoint-url ENDPOINT logs tail /aws/lambda/device-metadata
",
    },
    Application {
        name: "order-workers",
        show: orders,
        next: "
  aws --endpoint-url ENDPOINT sqs receive-message --queue-url ENDPOINT/000000000000/orders-dead
",
    },
];

impl Application {
    /// Copies it to where it may be written into, and installs its packages.
    pub fn install(&self) -> Result<()> {
        println!("Installing the packages of examples/{} …", self.name);
        let folder = self.folder();
        copy(&root().join("examples").join(self.name), &folder)?;
        quiet(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
    }

    pub fn show(&self, server: &mut Server, options: &Options) -> Result<()> {
        println!("\n--- examples/{}", self.name);
        (self.show)(&self.folder(), server, options)
    }

    pub fn what_next(&self, endpoint: &str) -> String {
        self.next.replace("ENDPOINT", endpoint)
    }

    fn folder(&self) -> PathBuf {
        target().join("demo").join(self.name)
    }
}

/// Bucket, function, queue, function, table, stream, function, mail.
fn import(folder: &Path, server: &mut Server, options: &Options) -> Result<()> {
    if options.no_terraform || !terraform::applied(folder, server)? {
        server.step(folder, &["deploy"])?;
    }
    let rows = options.rows.to_string();
    generate(folder, &rows)?;
    server.step(folder, &["upload", FILE])?;
    server.step(folder, &["watch", &rows, "--until", KILLED_AT_PERCENT])?;
    server.kill()?;
    server.step(folder, &["watch", &rows])
}

fn generate(folder: &Path, rows: &str) -> Result<()> {
    println!("\n$ node generate.js {rows} > {FILE}");
    let file = File::create(folder.join(FILE))?;
    let status = Command::new("node")
        .args(["generate.js", rows])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(file)
        .status()?;
    ensure!(status.success(), "generate.js ended with {status}");
    Ok(())
}

/// Queue, function, table.
fn devices(folder: &Path, server: &mut Server, _: &Options) -> Result<()> {
    server.step(folder, &["deploy"])?;
    server.step(folder, &["send", DEVICES])?;
    server.kill()?;
    server.step(folder, &["show", DEVICES])
}

/// Queue, and workers of one's own.
fn orders(folder: &Path, server: &mut Server, _: &Options) -> Result<()> {
    server.step(folder, &["place", ORDERS])?;
    server.kill()?;
    server.step(folder, &["work", ORDERS])
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true if entry.file_name() == "node_modules" || entry.file_name() == ".terraform" => {}
            true => copy(&entry.path(), &place)?,
            false => drop(std::fs::copy(entry.path(), place)?),
        }
    }
    Ok(())
}
