//! `tidegate runtime install`: the SDKs that AWS's runtimes provide, put into the data folder once.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tidegate_env::Env;
use tokio::process::Command;

use crate::{Fault, Finding};

/// What Node functions find without bringing it: both SDKs. AWS's runtimes have every client of version 3;
/// these are the ones of services that Tidegate serves or will serve, and the libraries that go with them. Any
/// other is installed by `tidegate runtime install @aws-sdk/client-…`.
const NODE_PACKAGES: [&str; 31] = [
    "aws-sdk@2",
    "@aws-sdk/client-api-gateway",
    "@aws-sdk/client-apigatewaymanagementapi",
    "@aws-sdk/client-cloudformation",
    "@aws-sdk/client-cloudwatch",
    "@aws-sdk/client-cloudwatch-logs",
    "@aws-sdk/client-cognito-identity-provider",
    "@aws-sdk/client-dynamodb",
    "@aws-sdk/client-dynamodb-streams",
    "@aws-sdk/client-ecs",
    "@aws-sdk/client-eventbridge",
    "@aws-sdk/client-firehose",
    "@aws-sdk/client-iam",
    "@aws-sdk/client-kinesis",
    "@aws-sdk/client-kms",
    "@aws-sdk/client-lambda",
    "@aws-sdk/client-s3",
    "@aws-sdk/client-scheduler",
    "@aws-sdk/client-secrets-manager",
    "@aws-sdk/client-ses",
    "@aws-sdk/client-sesv2",
    "@aws-sdk/client-sfn",
    "@aws-sdk/client-sns",
    "@aws-sdk/client-sqs",
    "@aws-sdk/client-ssm",
    "@aws-sdk/client-sts",
    "@aws-sdk/credential-providers",
    "@aws-sdk/lib-dynamodb",
    "@aws-sdk/lib-storage",
    "@aws-sdk/s3-request-presigner",
    "@aws-sdk/util-dynamodb",
];
/// What Python functions find without bringing it.
const PYTHON_PACKAGES: [&str; 1] = ["boto3"];

/// What is in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The version of `aws-sdk`, if it is there.
    pub aws_sdk_v2: Option<String>,
    /// How many packages of `@aws-sdk` are there.
    pub aws_sdk_v3: usize,
    /// Whether boto3 is there.
    pub boto3: bool,
}

impl Installed {
    pub(crate) fn finding(&self) -> Finding {
        let mut there = Vec::new();
        if let Some(version) = &self.aws_sdk_v2 {
            there.push(format!("aws-sdk {version}"));
        }
        if self.aws_sdk_v3 > 0 {
            there.push(format!("{} packages of @aws-sdk", self.aws_sdk_v3));
        }
        if self.boto3 {
            there.push("boto3".to_owned());
        }
        let good = self.aws_sdk_v2.is_some() && self.aws_sdk_v3 > 0 && self.boto3;
        let text = match (there.is_empty(), good) {
            (true, _) => {
                "none; functions that do not bring their own need them: run `tidegate runtime install`".to_owned()
            }
            (false, true) => there.join(", "),
            (false, false) => format!("only {}; run `tidegate runtime install`", there.join(", ")),
        };
        Finding { subject: "SDKs for functions".to_owned(), text, good }
    }
}

/// What is in the folder now.
pub fn installed(folder: &Path) -> Installed {
    let modules = folder.join("nodejs/node_modules");
    let package = std::fs::read(modules.join("aws-sdk/package.json")).ok();
    let package = package.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let version = package.and_then(|package| package.get("version")?.as_str().map(str::to_owned));
    let scoped = std::fs::read_dir(modules.join("@aws-sdk")).map_or(0, Iterator::count);
    Installed { aws_sdk_v2: version, aws_sdk_v3: scoped, boto3: folder.join("python/boto3").is_dir() }
}

/// Installs the SDKs, for each language whose installer is there. `more` names other packages for Node. Says
/// what it does through `say`.
///
/// # Errors
/// [`Fault::Missing`] if there is neither npm nor Python, [`Fault::Invalid`] with what an installer said when it
/// failed.
pub async fn install(env: &Env, folder: &Path, more: &[String], say: impl Fn(&str)) -> Result<Installed, Fault> {
    let node = folder.join("nodejs");
    let python = folder.join("python");
    let made = (std::fs::create_dir_all(&node), std::fs::create_dir_all(&python));
    made.0.and(made.1).map_err(Fault::system("making the folder for SDKs"))?;
    say("Node: aws-sdk (version 2) and clients of @aws-sdk (version 3), through npm");
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--omit=dev", "--loglevel=error", "--prefix"]);
    npm.arg(&node).args(NODE_PACKAGES).args(more);
    let with_node = finish(npm, "npm").await?;
    say("Python: boto3, through pip");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target"]);
    pip.arg(&python).args(PYTHON_PACKAGES);
    let with_python = finish(pip, "pip").await?;
    if !with_node && !with_python {
        return Err(Fault::Missing("neither npm nor python3 was found: install Node.js or Python 3 first".to_owned()));
    }
    for (there, name) in [(with_node, "npm"), (with_python, "python3")] {
        if !there {
            say(&format!("{name} was not found: its packages are left out"));
        }
    }
    let folder: PathBuf = folder.to_owned();
    Ok(env.run_blocking(move || installed(&folder)).await)
}

/// Whether the program was there. Its failure is an error.
async fn finish(mut command: Command, name: &str) -> Result<bool, Fault> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    match command.output().await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Fault::System { doing: "starting an installer", reason: format!("{name}: {error}") }),
        Ok(output) if output.status.success() => Ok(true),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(Fault::Invalid(format!("{name} failed with {}: {}", output.status, said.trim())))
        }
    }
}
