//! Terraform: apply, an empty plan, a change, an empty plan, destroy.
//!
//! The provider is 600 MB and does not come from a package index, so it is used where it is
//! installed: as a filesystem mirror or plugin folder in one of the places where people and
//! Terraform put one. An empty second plan is the strictest reader of `GetQueueAttributes` there is.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tidegate_harness::{Options, Server, Sqs};

use crate::folders::{copy, program, quietly, source};
use crate::provider::{PROVIDER, configuration, provider_folder};
use crate::suites::Outcome;

/// Applies, plans and destroys `terraform/*.tf`.
///
/// # Errors
/// Terraform is there, and fails or plans a change where there is none.
pub fn run() -> Result<Outcome> {
    with_terraform(|user| {
        for file in ["queues.tf", "tables.tf", "logs.tf", "identities.tf", "functions.tf", "buckets.tf", "mail.tf"] {
            std::fs::copy(source("terraform").join(file), user.folder.join(file))?;
        }
        std::fs::write(user.folder.join("index.py"), "def handler(event, context):\n    return event\n")?;
        zipped(user.folder, &["index.py"], Path::new("function.zip"))?;
        user.story(7, &["visibility=45", "stage=later", "days=30", "capacity=7", "seconds=6", "expire_days=40"])?;
        Ok("applied, planned nothing, changed in place, planned nothing, destroyed".to_owned())
    })
}

/// Applies, plans and destroys the Terraform of `examples/csv-import`, as it is.
///
/// # Errors
/// Terraform is there, and fails or plans a change where there is none.
pub fn run_example() -> Result<Outcome> {
    with_terraform(|user| {
        let example = source("../../examples/csv-import");
        let infrastructure = user.folder.join("infrastructure");
        copy(&example.join("infrastructure"), &infrastructure)?;
        std::fs::create_dir(user.folder.join("dist"))?;
        for function in std::fs::read_dir(example.join("functions"))? {
            let folder = function?.path();
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            zipped(&folder, &["."], &user.folder.join("dist").join(format!("{name}.zip")))?;
        }
        User { folder: &infrastructure, ..*user }.story(2, &[])?;
        Ok("applied, planned nothing, destroyed".to_owned())
    })
}

/// Tells a user's story in an empty folder, on a server of its own.
fn with_terraform(story: impl FnOnce(&User<'_>) -> Result<String>) -> Result<Outcome> {
    let Some(terraform) = program("terraform") else {
        return Ok(Outcome::Skipped("terraform is not on the PATH".to_owned()));
    };
    let Some(mirror) = provider_folder() else {
        return Ok(Outcome::Skipped(format!("no folder with {PROVIDER}")));
    };
    let server = Options::new().start()?;
    let settings = tempfile::NamedTempFile::new()?;
    std::fs::write(settings.path(), configuration(&mirror))?;
    let folder = tempfile::tempdir()?;
    let user = User { terraform: &terraform, settings: settings.path(), folder: folder.path(), server: &server };
    story(&user).map(Outcome::Passed).with_context(|| format!("the server's log:\n{}", server.log()))
}

/// Makes a zip file of some of a folder.
fn zipped(folder: &Path, what: &[&str], zip: &Path) -> Result<()> {
    quietly(Command::new("python3").args(["-m", "zipfile", "-c"]).arg(zip).args(what).current_dir(folder))?;
    Ok(())
}

/// Somebody with a configuration in a folder.
#[derive(Clone, Copy)]
struct User<'a> {
    terraform: &'a Path,
    /// Terraform's own configuration file.
    settings: &'a Path,
    folder: &'a Path,
    server: &'a Server,
}

impl User<'_> {
    /// From nothing to nothing, with a change in between where there are `variables` to change.
    fn story(&self, queues: usize, variables: &[&str]) -> Result<()> {
        let apply = ["apply", "-auto-approve", "-input=false", "-no-color"];
        self.terraform(&["init", "-input=false", "-no-color"])?;
        self.terraform(&apply)?;
        self.plans_nothing(&[])?;
        ensure!(self.queues()? == queues, "{queues} queues are configured, {} are there", self.queues()?);
        let changed: Vec<&str> = variables.iter().flat_map(|variable| ["-var", variable]).collect();
        if !changed.is_empty() {
            self.terraform(&[&apply[..], &changed].concat())?;
            self.plans_nothing(&changed)?;
        }
        self.terraform(&[&["destroy", "-auto-approve", "-input=false", "-no-color"], &changed[..]].concat())?;
        ensure!(self.queues()? == 0, "{} queues are left after destroy", self.queues()?);
        Ok(())
    }

    fn terraform(&self, arguments: &[&str]) -> Result<String> {
        quietly(&mut self.command(arguments))
    }

    /// As users do: the endpoint in the environment and nowhere else.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.terraform);
        command.args(arguments).current_dir(self.folder).envs([
            ("TF_CLI_CONFIG_FILE", self.settings.to_string_lossy().as_ref()),
            ("AWS_ENDPOINT_URL", &self.server.endpoint()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("CHECKPOINT_DISABLE", "1"),
            // Whatever does not go to the endpoint must go nowhere.
            ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ]);
        command
    }

    /// `-detailed-exitcode` ends with 2 where something would change.
    fn plans_nothing(&self, variables: &[&str]) -> Result<()> {
        let plan = ["plan", "-detailed-exitcode", "-input=false", "-no-color"];
        let output = self.command(&[&plan, variables].concat()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.code() == Some(0),
            "the plan is not empty:\n{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    fn queues(&self) -> Result<usize> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let output =
            runtime.block_on(Sqs::new(self.server.client()).call("ListQueues", Value::Object(Default::default())))?;
        Ok(output["QueueUrls"].as_array().map_or(0, Vec::len))
    }
}
