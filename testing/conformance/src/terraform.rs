//! Terraform: apply, an empty plan, a change, an empty plan, destroy.
//!
//! The provider is 600 MB and does not come from a package index, so it is used where it is
//! installed: as a filesystem mirror or plugin folder in one of the places where people and
//! Terraform put one. An empty second plan is the strictest reader of `GetQueueAttributes` there is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tidegate_harness::{Options, Server, Sqs};

use crate::folders::{program, quietly, source};
use crate::provider::{PROVIDER, configuration, provider_folder};
use crate::suites::Outcome;

/// Applies, plans and destroys `terraform/*.tf`.
///
/// # Errors
/// Terraform is there, and fails or plans a change where there is none.
pub fn run() -> Result<Outcome> {
    let Some(terraform) = program("terraform") else {
        return Ok(Outcome::Skipped("terraform is not on the PATH".to_owned()));
    };
    let Some(mirror) = provider_folder() else {
        return Ok(Outcome::Skipped(format!("no folder with {PROVIDER}")));
    };
    let server = Options::new().start()?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("terraform.rc"), configuration(&mirror))?;
    for file in ["queues.tf", "tables.tf", "logs.tf", "identities.tf", "functions.tf", "buckets.tf"] {
        std::fs::copy(source("terraform").join(file), folder.path().join(file))?;
    }
    zipped_function(folder.path())?;
    let user = User { terraform, folder: folder.path(), server: &server };
    user.story().with_context(|| format!("the server's log:\n{}", server.log()))?;
    Ok(Outcome::Passed("applied, planned nothing, changed in place, planned nothing, destroyed".to_owned()))
}

/// Makes the zip file that `functions.tf` names.
fn zipped_function(folder: &Path) -> Result<()> {
    std::fs::write(folder.join("index.py"), "def handler(event, context):\n    return event\n")?;
    quietly(Command::new("python3").args(["-m", "zipfile", "-c", "function.zip", "index.py"]).current_dir(folder))?;
    Ok(())
}

/// Somebody with a configuration in a folder.
struct User<'a> {
    terraform: PathBuf,
    folder: &'a Path,
    server: &'a Server,
}

impl User<'_> {
    fn story(&self) -> Result<()> {
        self.terraform(&["init", "-input=false", "-no-color"])?;
        self.terraform(&["apply", "-auto-approve", "-input=false", "-no-color"])?;
        self.plans_nothing(&[])?;
        ensure!(self.queues()? == 7, "7 queues are configured, {} are there", self.queues()?);
        let variables = ["visibility=45", "stage=later", "days=30", "capacity=7", "seconds=6", "expire_days=40"];
        let changed: Vec<&str> = variables.into_iter().flat_map(|variable| ["-var", variable]).collect();
        self.terraform(&[&["apply", "-auto-approve", "-input=false", "-no-color"], &changed[..]].concat())?;
        self.plans_nothing(&changed)?;
        self.terraform(&[&["destroy", "-auto-approve", "-input=false", "-no-color"], &changed[..]].concat())?;
        ensure!(self.queues()? == 0, "{} queues are left after destroy", self.queues()?);
        Ok(())
    }

    fn terraform(&self, arguments: &[&str]) -> Result<String> {
        quietly(&mut self.command(arguments))
    }

    /// As users do: the endpoint in the environment and nowhere else.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.terraform);
        command.args(arguments).current_dir(self.folder).envs([
            ("TF_CLI_CONFIG_FILE", self.folder.join("terraform.rc").to_string_lossy().as_ref()),
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
