//! The command line, as clap reads it. Every setting of `up` can also come from an environment
//! variable; what neither gives comes from `tidegate.toml`, and then from the defaults.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};
use serde::Deserialize;

/// Durable AWS-compatible services in one program.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, about, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server
    Up(Box<UpArgs>),
    /// Print what a shell must export to use the server
    Env(EnvArgs),
    /// Say whether the server runs and what it does
    Status(TargetArgs),
    /// Say what is missing on this machine, and how to get it
    Doctor(TargetArgs),
    /// Verify a whole data folder (the server must not be running on it)
    Check(FolderArg),
    /// Write a data folder to one file, also while the server runs
    Backup(BackupArgs),
    /// Make a data folder from a backup
    Restore(RestoreArgs),
    /// Access keys for `--auth enforce`
    Keys(KeysArgs),
    /// What functions find on this machine
    Runtime(RuntimeArgs),
}

/// The settings of `up`, from flags and environment variables. Absent ones are asked of the file.
#[derive(Debug, Default, Args)]
pub struct UpArgs {
    /// Settings file [default: tidegate.toml in this folder, if there is one]
    #[arg(long, env = "TIDEGATE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Open the data folder although acknowledged commits are missing, and go on without them
    // No variable and no file: it is a decision about one start.
    #[arg(long)]
    pub accept_loss: bool,
    /// The settings themselves.
    #[command(flatten)]
    pub settings: Settings,
}

/// The settings of a server. One type for flags, environment and file, so that none can lack one.
#[derive(Debug, Default, Clone, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Address to listen on, or localhost [default: 127.0.0.1]
    #[arg(long, env = "TIDEGATE_HOST", value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port to listen on; 0 takes a free one [default: 4566]
    #[arg(long, env = "TIDEGATE_PORT")]
    pub port: Option<u16>,
    /// Data folder [default: ./tidegate-data]
    #[arg(long, env = "TIDEGATE_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Keep everything in memory and forget it at the end; time can be moved
    #[arg(
        long,
        env = "TIDEGATE_EPHEMERAL",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub ephemeral: Option<bool>,
    /// Allow `POST /_tidegate/clock` to move time, and `POST /_tidegate/reset`
    #[arg(
        long,
        env = "TIDEGATE_VIRTUAL_CLOCK",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub virtual_clock: Option<bool>,
    /// `local`: any credentials, on loopback only; `observe`: the same, and what policies would deny is
    /// listed; `enforce`: signatures are verified, policies decide [default: local]
    #[arg(long, env = "TIDEGATE_AUTH", value_enum)]
    pub auth: Option<Auth>,
    /// Listen beyond loopback without checking anybody's signature
    #[arg(
        long,
        env = "TIDEGATE_UNSAFE_NO_AUTH",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub unsafe_no_auth: Option<bool>,
    /// Also answer HTTPS on the same port, with a certificate from a local authority
    #[arg(
        long,
        env = "TIDEGATE_TLS",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub tls: Option<bool>,
    /// Folder of scripts to run once the server is ready
    #[arg(long, env = "TIDEGATE_INIT", value_name = "DIR")]
    pub init: Option<PathBuf>,
    /// `always`: on disk before it is acknowledged; `interval=50ms`: at most that later [default: always]
    #[arg(long, env = "TIDEGATE_DURABILITY")]
    pub durability: Option<String>,
    /// Web page origin that may use the server, such as https://app.example.com (repeatable)
    #[arg(long, env = "TIDEGATE_ALLOW_ORIGIN", value_delimiter = ',', value_name = "ORIGIN")]
    pub allow_origin: Option<Vec<String>>,
    /// Host name under which the server may be reached, besides its own (repeatable)
    #[arg(long, env = "TIDEGATE_ALLOW_HOST", value_delimiter = ',', value_name = "HOST")]
    pub allow_host: Option<Vec<String>>,
    /// Believe X-Forwarded-Proto and X-Forwarded-Host: a proxy in front sets them
    #[arg(
        long,
        env = "TIDEGATE_TRUST_PROXY",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub trust_proxy: Option<bool>,
    /// Refuse requests beyond a DynamoDB table's throughput, as AWS does
    #[arg(
        long,
        env = "TIDEGATE_ENFORCE_THROUGHPUT",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub enforce_throughput: Option<bool>,
    /// Refuse a queue's name for a minute after its queue was deleted, as AWS does
    #[arg(
        long,
        env = "TIDEGATE_REST_QUEUE_NAMES",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub rest_queue_names: Option<bool>,
    /// Program that speaks to a container engine, for functions that are images or need one; `none` for no containers
    /// [default: docker or podman, if either is there]
    #[arg(long, env = "TIDEGATE_DOCKER", value_name = "PROGRAM")]
    pub docker: Option<String>,
    /// SMTP relay that mail leaves by, such as smtp://user:password@mail.example.com:587 or smtps://…; without
    /// one, mail stays in the mailbox at /_tidegate/mail.html
    #[arg(long, env = "TIDEGATE_SMTP", hide_env_values = true, value_name = "URL")]
    pub smtp: Option<String>,
    /// How SES's identities become verified: at once, or by the link in the mail that asks for it [default: auto]
    #[arg(long, env = "TIDEGATE_MAIL_VERIFY", value_name = "MODE")]
    pub mail_verify: Option<MailVerify>,
    /// Put accounts into SES's sandbox: verified recipients only, 200 a day
    #[arg(
        long,
        env = "TIDEGATE_MAIL_SANDBOX",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub mail_sandbox: Option<bool>,
    /// Where to take mail by SMTP, such as 1025 or 127.0.0.1:1025 [default: nowhere]
    #[arg(long, env = "TIDEGATE_SMTP_LISTEN", value_name = "[HOST:]PORT")]
    pub smtp_listen: Option<String>,
    /// How many mails the mailbox keeps [default: 100000]
    #[arg(long, env = "TIDEGATE_MAIL_KEEP", value_name = "N")]
    pub mail_keep: Option<usize>,
    /// What to log, such as `info` or `tidegate_sqs=debug` [default: warn]
    #[arg(long, env = "TIDEGATE_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How to log [default: text]
    #[arg(long, env = "TIDEGATE_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// File to write the server's URL to once it is ready
    #[arg(long, env = "TIDEGATE_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// Whether signatures are verified and permissions evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Any credentials are accepted.
    Local,
    /// Any credentials are accepted; what `enforce` would refuse is listed at `/_tidegate/auth/denied`.
    Observe,
    /// Signatures are verified; policies decide.
    Enforce,
}

/// How SES's identities become verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailVerify {
    /// At once.
    #[default]
    Auto,
    /// By the link in the mail that asks for it.
    Manual,
}

/// The shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where a running server is.
#[derive(Debug, Clone, Args)]
pub struct TargetArgs {
    /// The server's URL [default: that of the server on the data folder, else http://127.0.0.1:4566]
    #[arg(long, env = "TIDEGATE_URL", global = true)]
    pub url: Option<String>,
    /// Data folder [default: ./tidegate-data]
    #[arg(long, env = "TIDEGATE_DATA", value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
}

/// `tidegate env`
#[derive(Debug, Args)]
pub struct EnvArgs {
    /// Which server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The shell to write for [default: by $SHELL]
    #[arg(long, value_enum)]
    pub shell: Option<Shell>,
    /// The region to set
    #[arg(long, default_value = "us-east-1")]
    pub region: String,
}

/// Shells that write exports differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// sh, bash, zsh and their kin
    Sh,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
    /// `NAME=value` lines, as Docker's --env-file reads them
    Dotenv,
}

/// A data folder.
#[derive(Debug, Args)]
pub struct FolderArg {
    /// The data folder
    #[arg(value_name = "DIR", default_value = crate::config::DEFAULT_DATA)]
    pub folder: PathBuf,
}

/// `tidegate backup`
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Data folder
    #[arg(long, env = "TIDEGATE_DATA", default_value = crate::config::DEFAULT_DATA, value_name = "DIR")]
    pub data: PathBuf,
    /// File to write; must not exist
    pub to: PathBuf,
}

/// `tidegate restore`
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup
    pub from: PathBuf,
    /// Data folder to make; must not exist or be empty
    #[arg(long, env = "TIDEGATE_DATA", default_value = crate::config::DEFAULT_DATA, value_name = "DIR")]
    pub data: PathBuf,
}

/// `tidegate keys`
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Which server, or which folder while none runs.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What to do.
    #[command(subcommand)]
    pub action: KeysAction,
}

/// What to do with access keys.
#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Make a key for the root of an account; the secret is shown once
    Create {
        /// The account
        #[arg(long, default_value = "000000000000")]
        account: String,
    },
    /// List keys, without their secrets
    List,
    /// Delete a key
    Delete {
        /// The access key id
        id: String,
    },
}

/// `tidegate runtime`
#[derive(Debug, Args)]
pub struct RuntimeArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: RuntimeAction,
}

/// What to do about functions' surroundings.
#[derive(Debug, Subcommand)]
pub enum RuntimeAction {
    /// Install the SDKs that AWS's runtimes provide (aws-sdk, @aws-sdk, boto3) into the data folder
    Install {
        /// Data folder
        #[arg(long, env = "TIDEGATE_DATA", default_value = crate::config::DEFAULT_DATA, value_name = "DIR")]
        data: PathBuf,
        /// Further packages for Node, such as @aws-sdk/client-athena
        packages: Vec<String>,
    },
}
