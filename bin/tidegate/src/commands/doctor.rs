//! `tidegate doctor`: what is missing on this machine, and how to get it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use tidegate_env::Env;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::cli::TargetArgs;
use crate::config::DEFAULT_PORT;
use crate::running::Target;
use crate::{client, platform, tls};

/// How many syncs are timed.
const SYNCS: usize = 21;
/// A median above this makes every durable write feel slow.
const SLOW_SYNC: Duration = Duration::from_millis(20);
/// How long a program may take to tell its version.
const VERSION_PATIENCE: Duration = Duration::from_secs(10);

/// A program that is useful beside the server.
struct Program {
    name: &'static str,
    /// What makes it tell its version.
    argument: &'static str,
    /// What it is for.
    purpose: &'static str,
    source: Source,
}

/// Where a program comes from.
enum Source {
    /// A package of the system, called so by most of them.
    System(&'static str),
    /// Its maker: most systems do not have it.
    Maker(&'static str),
}

const PROGRAMS: [Program; 4] = [
    Program {
        name: "node",
        argument: "--version",
        purpose: "JavaScript functions, conformance tests",
        source: Source::System(if cfg!(target_os = "macos") { "node" } else { "nodejs" }),
    },
    Program {
        name: "python3",
        argument: "--version",
        purpose: "Python functions, init scripts, conformance tests",
        source: Source::System("python3"),
    },
    Program {
        name: "aws",
        argument: "--version",
        purpose: "the AWS command line, used by most init scripts",
        source: Source::System("awscli"),
    },
    Program {
        name: "terraform",
        argument: "version",
        purpose: "infrastructure as code",
        source: Source::Maker("https://developer.hashicorp.com/terraform/install"),
    },
];

/// What a check came to.
enum Verdict {
    Good(String),
    /// Nothing breaks, but the user should know.
    Note(String),
    /// The server will not work.
    Bad(String),
}

/// Looks at everything and prints what it found. Fails if the server could not work here.
///
/// # Errors
/// None besides those that are printed.
pub async fn run(args: &TargetArgs) -> anyhow::Result<ExitCode> {
    let env = Env::real();
    let target = Target::find(args);
    let mut bad = false;
    let mut show = |name: &str, verdict: Verdict| {
        let (mark, text) = match verdict {
            Verdict::Good(text) => ("ok     ", text),
            Verdict::Note(text) => ("note   ", text),
            Verdict::Bad(text) => {
                bad = true;
                ("PROBLEM", text)
            }
        };
        println!("{mark} {name}: {text}");
    };
    show("port", port(&target).await);
    show("data folder", folder(&target.data));
    show("disk", disk(&env, &target.data));
    show("open files", open_files());
    show("https", https(&target.data));
    for wanted in &PROGRAMS {
        show(wanted.name, program(&env, wanted).await);
    }
    for finding in functions(&env, &target.data).await {
        let verdict = if finding.good { Verdict::Good(finding.text) } else { Verdict::Note(finding.text) };
        show(&finding.subject, verdict);
    }
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What functions would find here.
async fn functions(env: &Env, data: &Path) -> Vec<tidegate_runtime::Finding> {
    let scratch = std::env::temp_dir();
    let mut settings = tidegate_runtime::Settings::new(scratch, super::runtime::sdks(data), String::new());
    settings.engine = std::env::var_os("TIDEGATE_DOCKER").map(PathBuf::from);
    tidegate_runtime::findings(env, &settings).await
}

async fn port(target: &Target) -> Verdict {
    let health = client::ask(&target.url, "GET", "/_tidegate/health", None, None).await;
    match health {
        Ok(answer) if answer.body.get("edition").is_some() => {
            Verdict::Good(format!("a server answers on {}", target.url))
        }
        Ok(_) => Verdict::Bad(format!("another program answers on {}; start with --port", target.url)),
        Err(_) => match TcpListener::bind(("127.0.0.1", DEFAULT_PORT)).await {
            Ok(_free) => Verdict::Good(format!("{DEFAULT_PORT} is free")),
            Err(error) => Verdict::Bad(format!("{DEFAULT_PORT} cannot be used ({error}); start with --port")),
        },
    }
}

/// The folder, or the nearest one above it that exists.
fn nearest(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.ancestors().find(|folder| folder.is_dir()).map_or(absolute.clone(), Path::to_owned)
}

fn folder(data: &Path) -> Verdict {
    let existing = nearest(data);
    match tempfile::NamedTempFile::new_in(&existing) {
        Ok(_) if existing.ends_with(data) || data.is_dir() => {
            Verdict::Good(format!("{} can be written", data.display()))
        }
        Ok(_) => Verdict::Good(format!("{} can be made", data.display())),
        Err(error) => Verdict::Bad(format!(
            "{} cannot be written ({error}); change its owner or choose another with --data",
            existing.display()
        )),
    }
}

fn disk(env: &Env, data: &Path) -> Verdict {
    match median_sync(env, &nearest(data)) {
        Err(error) => Verdict::Bad(format!("a file could not be synced: {error}")),
        Ok(median) if median > SLOW_SYNC => Verdict::Note(format!(
            "a sync takes {median:.1?}, which bounds every durable write; a local SSD is faster, and where a power cut \
             may cost the last moments, `--durability interval=50ms` does not wait"
        )),
        Ok(median) => Verdict::Good(format!("a sync takes {median:.1?}")),
    }
}

fn median_sync(env: &Env, folder: &Path) -> std::io::Result<Duration> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let start = env.monotonic();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        times.push(env.monotonic() - start);
    }
    times.sort();
    Ok(times[SYNCS / 2])
}

fn open_files() -> Verdict {
    match platform::file_limit() {
        None => Verdict::Note("the limit cannot be told here".to_owned()),
        Some(limit) if limit < 12_000 => Verdict::Note(format!(
            "at most {limit}; each waiting consumer takes one (`ulimit -n` raises it, up to what the system allows)"
        )),
        Some(limit) => Verdict::Good(format!("up to {limit}")),
    }
}

fn https(data: &Path) -> Verdict {
    let authority = tls::authority_path(data);
    if !authority.is_file() {
        return Verdict::Good("not used; `tidegate up --tls` makes a local authority".to_owned());
    }
    let path = std::path::absolute(&authority).unwrap_or(authority);
    let path = path.display();
    let system = if cfg!(target_os = "macos") {
        format!("sudo security add-trusted-cert -d -k /Library/Keychains/System.keychain {path}")
    } else {
        format!("sudo cp {path} /usr/local/share/ca-certificates/tidegate.crt && sudo update-ca-certificates")
    };
    Verdict::Note(format!(
        "to trust the local authority: for AWS clients `export AWS_CA_BUNDLE={path}`, for Node \
         `export NODE_EXTRA_CA_CERTS={path}`, for the whole system `{system}`"
    ))
}

async fn program(env: &Env, wanted: &Program) -> Verdict {
    let Program { name, argument, purpose, source } = wanted;
    if platform::find_program(name).is_none() {
        let hint = match source {
            Source::System(package) => platform::install_hint(package),
            Source::Maker(page) => format!("get it from {page}"),
        };
        return Verdict::Note(format!("not found ({purpose}); {hint}"));
    }
    let mut command = Command::new(name);
    command.arg(argument).kill_on_drop(true);
    match env.timeout_real(VERSION_PATIENCE, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            Verdict::Good(text.lines().next().unwrap_or("found").trim().to_owned())
        }
        Ok(Ok(output)) => {
            Verdict::Note(format!("found, but `{name} {argument}` fails with {} ({purpose})", output.status))
        }
        Ok(Err(error)) => Verdict::Note(format!("found, but cannot be run: {error} ({purpose})")),
        Err(late) => Verdict::Note(format!("found, but does not answer: {late} ({purpose})")),
    }
}
