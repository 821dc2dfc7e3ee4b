//! The variables that a function's processes get, and no others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tidegate_ports::RoleCredentials;

use crate::machine::Interpreter;
use crate::process::View;
use crate::{FunctionSpec, LogFormat, Runtime};

/// Where things appear to the function.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    pub task: PathBuf,
    pub opt: PathBuf,
    pub runtime: PathBuf,
    pub node_modules: PathBuf,
    pub python_modules: PathBuf,
    pub tmp: PathBuf,
    pub interpreter: Option<PathBuf>,
}

impl Paths {
    pub(super) fn of(view: &View, real: bool, interpreter: Option<&Interpreter>) -> Paths {
        let executable = interpreter.map(|interpreter| interpreter.executable.clone());
        if !real {
            return Paths {
                task: view.code.clone(),
                opt: view.layers.clone().unwrap_or_else(|| view.stage.join("opt")),
                runtime: view.bootstrap.clone(),
                node_modules: view.installed.join("nodejs/node_modules"),
                python_modules: view.installed.join("python"),
                tmp: view.tmp.clone(),
                interpreter: executable,
            };
        }
        let runtime = PathBuf::from("/var/runtime");
        let moved = |path: PathBuf| match view.moved_interpreter().and_then(|home| path.strip_prefix(home).ok()) {
            Some(within) => Path::new("/var/lang").join(within),
            None => path.clone(),
        };
        Paths {
            task: PathBuf::from("/var/task"),
            opt: PathBuf::from("/opt"),
            node_modules: runtime.join("node_modules"),
            python_modules: runtime.join("python_modules"),
            runtime,
            tmp: PathBuf::from("/tmp"),
            interpreter: executable.map(moved),
        }
    }
}

/// What changes from one environment of a function to the next.
pub(super) struct Own<'a> {
    pub api: &'a str,
    pub stream: &'a str,
    pub endpoint_url: &'a str,
    pub credentials: &'a RoleCredentials,
    pub events: bool,
}

/// All variables of the runtime's process. What the function's owner set wins, except over what AWS reserves.
pub(super) fn runtime(spec: &FunctionSpec, paths: &Paths, own: &Own<'_>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut set = |name: &str, value: String| drop(all.insert(name.to_owned(), value));
    let text = |path: &Path| path.display().to_string();
    let opt = |below: &str| text(&paths.opt.join(below));
    let home = paths.interpreter.as_deref().and_then(Path::parent).map(|folder| format!("{}:", folder.display()));
    set("PATH", format!("{}/usr/local/bin:/usr/bin:/bin:{}", home.unwrap_or_default(), opt("bin")));
    let task = text(&paths.task);
    set("LD_LIBRARY_PATH", format!("{}:{task}:{task}/lib:{}", text(&paths.runtime), opt("lib")));
    set("LANG", "en_US.UTF-8".to_owned());
    set("TZ", ":UTC".to_owned());
    // AWS's environments have no home; here one keeps SDKs from reading the server's owner's settings.
    set("HOME", text(&paths.tmp));
    set("TMPDIR", text(&paths.tmp));
    set("AWS_ENDPOINT_URL", own.endpoint_url.to_owned());
    set("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned());
    set("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000".to_owned());
    language(spec, paths, &mut set);
    for (name, value) in &spec.environment {
        match name.as_str() {
            // Both are wanted: the owner's options, and ours, without which AWS is not found.
            "NODE_OPTIONS" => {
                let ours = all.get("NODE_OPTIONS").map(|ours| format!("{ours} ")).unwrap_or_default();
                all.insert(name.clone(), format!("{ours}{value}"));
            }
            "PYTHONPATH" => {
                let ours = all.get("PYTHONPATH").map(|ours| format!(":{ours}")).unwrap_or_default();
                all.insert(name.clone(), format!("{value}{ours}"));
            }
            _ => drop(all.insert(name.clone(), value.clone())),
        }
    }
    reserved(spec, own, &mut all);
    all.insert("LAMBDA_TASK_ROOT".to_owned(), text(&paths.task));
    all.insert("LAMBDA_RUNTIME_DIR".to_owned(), text(&paths.runtime));
    all
}

/// All variables of a container. Its image has those that say where things are in it.
pub(super) fn container(spec: &FunctionSpec, own: &Own<'_>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    all.insert("AWS_ENDPOINT_URL".to_owned(), own.endpoint_url.to_owned());
    all.insert("AWS_XRAY_CONTEXT_MISSING".to_owned(), "LOG_ERROR".to_owned());
    all.extend(spec.environment.iter().map(|(name, value)| (name.clone(), value.clone())));
    reserved(spec, own, &mut all);
    // An image's own entry point says what its handler is.
    if matches!(spec.runtime, Runtime::Image(_)) {
        all.remove("_HANDLER");
    }
    all
}

/// What only one language needs.
fn language(spec: &FunctionSpec, paths: &Paths, set: &mut impl FnMut(&str, String)) {
    let text = |path: &Path| path.display().to_string();
    let opt = |below: &str| text(&paths.opt.join(below));
    match &spec.runtime {
        Runtime::Node { .. } => {
            let line = spec.runtime.version().unwrap_or("20");
            let folders = [
                opt(&format!("nodejs/node{line}/node_modules")),
                opt("nodejs/node_modules"),
                text(&paths.node_modules),
                text(&paths.runtime),
                text(&paths.task),
            ];
            set("NODE_PATH", folders.join(":"));
            // Quoted, since a folder's name may hold a space.
            set(
                "NODE_OPTIONS",
                format!("--require \"{}\"", text(&paths.runtime.join("redirect.cjs")).replace('\\', "\\\\")),
            );
        }
        Runtime::Python { .. } => {
            let line = spec.runtime.version().unwrap_or("3");
            let folders = [
                text(&paths.task),
                opt("python"),
                opt(&format!("python/lib/python{line}/site-packages")),
                text(&paths.runtime),
                text(&paths.python_modules),
            ];
            set("PYTHONPATH", folders.join(":"));
            set("PYTHONDONTWRITEBYTECODE", "1".to_owned());
        }
        Runtime::Provided { .. } | Runtime::Go | Runtime::Other { .. } | Runtime::Image(_) => {}
    }
}

/// What a function's owner cannot set.
fn reserved(spec: &FunctionSpec, own: &Own<'_>, all: &mut BTreeMap<String, String>) {
    let mut set = |name: &str, value: String| drop(all.insert(name.to_owned(), value));
    let region = spec.region.as_str();
    set("AWS_REGION", region.to_owned());
    set("AWS_DEFAULT_REGION", region.to_owned());
    set("AWS_ACCESS_KEY_ID", own.credentials.access_key.clone());
    set("AWS_SECRET_ACCESS_KEY", own.credentials.secret.clone());
    if !own.credentials.session_token.is_empty() {
        set("AWS_SESSION_TOKEN", own.credentials.session_token.clone());
    }
    set("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone());
    set("AWS_LAMBDA_FUNCTION_VERSION", spec.version.clone());
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string());
    set("AWS_LAMBDA_LOG_GROUP_NAME", spec.log_group.clone());
    set("AWS_LAMBDA_LOG_STREAM_NAME", own.stream.to_owned());
    set("AWS_LAMBDA_INITIALIZATION_TYPE", spec.init.as_str().to_owned());
    set("AWS_LAMBDA_RUNTIME_API", own.api.to_owned());
    set("_HANDLER", spec.handler.clone());
    // Custom runtimes and images have none on AWS either.
    if !matches!(spec.runtime, Runtime::Provided { .. } | Runtime::Image(_)) {
        set("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", spec.runtime.id()));
    }
    if let LogFormat::Json { application, .. } = spec.log_format {
        set("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned());
        set("AWS_LAMBDA_LOG_LEVEL", application.as_str().to_owned());
    } else {
        set("AWS_LAMBDA_LOG_FORMAT", "Text".to_owned());
    }
    set("TIDEGATE_ENDPOINT_URL", own.endpoint_url.to_owned());
    if own.events {
        set("_LAMBDA_TELEMETRY_LOG_FD", "3".to_owned());
    }
}

/// What extensions do not get: they are not the function.
pub(super) fn extension(mut all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for name in [
        "_HANDLER",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "_LAMBDA_TELEMETRY_LOG_FD",
        "AWS_EXECUTION_ENV",
        "NODE_PATH",
        "PYTHONPATH",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
    ] {
        all.remove(name);
    }
    all
}
