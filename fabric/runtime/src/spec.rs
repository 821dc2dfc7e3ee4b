//! What is run: one version of a function at one revision of its code and configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tidegate_types::{AccountId, Region};

use crate::Image;

/// What a function's identifier of a runtime means to this crate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// `nodejs`, `nodejs4.3`, `nodejs22.x` and so on: the machine's Node, through our bootstrap.
    Node {
        /// The identifier, such as `nodejs20.x`.
        id: String,
    },
    /// `python3.12` and so on: the machine's Python 3, through our bootstrap.
    Python {
        /// The identifier, such as `python3.12`.
        id: String,
    },
    /// `provided`, `provided.al2`, `provided.al2023`: the executable `bootstrap` of the code or of a layer.
    Provided {
        /// The identifier.
        id: String,
    },
    /// `go1.x`: the executable that the handler names.
    Go,
    /// One that a process worker cannot run: Java, Ruby, .NET, Python 2. It runs in a container.
    Other {
        /// The identifier.
        id: String,
    },
    /// None: the function is a container image.
    Image(Image),
}

impl Runtime {
    /// Reads an identifier. What is not known is [`Runtime::Other`].
    pub fn parse(id: &str) -> Runtime {
        let owned = id.to_owned();
        match id {
            _ if id.starts_with("nodejs") => Runtime::Node { id: owned },
            _ if id.starts_with("python3") => Runtime::Python { id: owned },
            "provided" | "provided.al2" | "provided.al2023" => Runtime::Provided { id: owned },
            "go1.x" => Runtime::Go,
            _ => Runtime::Other { id: owned },
        }
    }

    /// The identifier; none for an image.
    pub fn id(&self) -> &str {
        match self {
            Runtime::Image(_) => "",
            Runtime::Node { id } | Runtime::Python { id } | Runtime::Provided { id } | Runtime::Other { id } => id,
            Runtime::Go => "go1.x",
        }
    }

    /// The version within the identifier: `20` of `nodejs20.x`, `3.12` of `python3.12`.
    pub(crate) fn version(&self) -> Option<&str> {
        let version = match self {
            Runtime::Node { id } => id.strip_prefix("nodejs")?.trim_end_matches(".x"),
            Runtime::Python { id } => id.strip_prefix("python")?,
            Runtime::Provided { .. } | Runtime::Go | Runtime::Other { .. } | Runtime::Image(_) => return None,
        };
        (!version.is_empty()).then_some(version)
    }
}

/// How important a line of a log is, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names of AWS's levels say all that there is")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl LogLevel {
    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Trace => "TRACE",
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warn => "WARN",
            LogLevel::Error => "ERROR",
            LogLevel::Fatal => "FATAL",
        }
    }

    /// Reads one, in any case.
    pub fn parse(text: &str) -> Option<LogLevel> {
        let all = [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error, LogLevel::Fatal];
        all.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text))
    }
}

/// The form of a function's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines as they are, `START`, `END` and `REPORT` among them.
    Text,
    /// One JSON object for each line; those below a level are left out.
    Json {
        /// The least level of the function's own lines.
        application: LogLevel,
        /// The least level of the platform's lines.
        system: LogLevel,
    },
}

/// Why an environment is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitType {
    /// Because of an invocation.
    OnDemand,
    /// Ahead of any.
    ProvisionedConcurrency,
}

impl InitType {
    /// As `AWS_LAMBDA_INITIALIZATION_TYPE` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            InitType::OnDemand => "on-demand",
            InitType::ProvisionedConcurrency => "provisioned-concurrency",
        }
    }
}

/// One version of a function at one revision. Whatever changes about it makes another `id`, so that warm
/// workers never run old code or old configuration.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// Unique for each function, version and revision.
    pub id: String,
    /// The function's ARN, without a version.
    pub arn: String,
    /// The function's name.
    pub name: String,
    /// The version: a number or `$LATEST`.
    pub version: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
    /// What runs it.
    pub runtime: Runtime,
    /// The entry point, such as `index.handler`; the executable's name for `go1.x`.
    pub handler: String,
    /// The folder with the unpacked code; unused for an image.
    pub code: PathBuf,
    /// Folders of the unpacked layers, in the order in which they were listed: later ones win.
    pub layers: Vec<PathBuf>,
    /// `x86_64` or `arm64`: which of an image's kinds is run. A process is of this machine's.
    pub architecture: String,
    /// The variables that the function's owner set.
    pub environment: BTreeMap<String, String>,
    /// The ARN of the role that it acts by.
    pub role: String,
    /// How long one invocation may take, in milliseconds.
    pub timeout_ms: u64,
    /// How much memory it may take, in megabytes of 1024 × 1024 bytes.
    pub memory_mb: u32,
    /// How much it may keep in `/tmp`, in megabytes.
    pub ephemeral_storage_mb: u32,
    /// The log group that it writes to, such as `/aws/lambda/NAME`.
    pub log_group: String,
    /// The form of its log.
    pub log_format: LogFormat,
    /// Whether traces are recorded (`TracingConfig` is `Active`).
    pub tracing: bool,
    /// Why its environments start when [`crate::Runtimes::run`] finds none.
    pub init: InitType,
}
