//! A server's worth of environments for one test, and functions made of a few lines.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::Value;
use tidegate_env::Env;
use tidegate_ports::{FunctionError, LogBatch, LogLines, RoleCredentials};
use tidegate_runtime::{
    CredentialSource, FunctionSpec, InitType, Invocation, LogFormat, Outcome, Payload, Runtime, Runtimes, Settings,
};
use tidegate_store::StoreError;
use tidegate_types::{AccountId, Region};

/// Keeps what was written, stream by stream.
#[derive(Default)]
pub struct Lines(Mutex<Vec<LogBatch>>);

impl LogLines for Lines {
    fn write(&self, batch: LogBatch) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.lock().push(batch);
        Box::pin(async { Ok(()) })
    }
}

struct Issuer {
    env: Env,
    lasting: Duration,
}

impl CredentialSource for Issuer {
    fn issue<'a>(&'a self, function: &'a FunctionSpec) -> BoxFuture<'a, Result<RoleCredentials, String>> {
        let credentials = RoleCredentials {
            access_key: "ASIATESTKEY".to_owned(),
            secret: "a secret".to_owned(),
            session_token: format!("token of {}", function.role),
            expires_at: self.env.real_now().plus(self.lasting),
        };
        Box::pin(async { Ok(credentials) })
    }
}

pub struct World {
    pub env: Env,
    pub runtimes: Arc<Runtimes>,
    pub lines: Arc<Lines>,
    pub folder: tempfile::TempDir,
}

/// What a test may want to be otherwise.
pub struct Wishes {
    pub idle: Duration,
    pub endpoint_url: String,
    pub credentials_last: Duration,
    pub installed: Option<PathBuf>,
    pub confinement: tidegate_runtime::Confinement,
}

impl Default for Wishes {
    fn default() -> Wishes {
        Wishes {
            idle: Duration::from_secs(300),
            endpoint_url: "http://127.0.0.1:1".to_owned(),
            credentials_last: Duration::from_secs(12 * 3600),
            installed: None,
            confinement: tidegate_runtime::Confinement::Strict,
        }
    }
}

impl World {
    pub async fn new() -> World {
        World::with(Wishes::default()).await
    }

    pub async fn with(wishes: Wishes) -> World {
        let env = Env::real();
        let folder = tempfile::tempdir().expect("a folder");
        let lines = Arc::new(Lines::default());
        let mut settings = Settings::new(
            folder.path().join("scratch"),
            wishes.installed.unwrap_or_else(|| folder.path().join("installed")),
            wishes.endpoint_url,
        );
        settings.idle = wishes.idle;
        settings.confinement = wishes.confinement;
        settings.provisioned_limit = 3;
        let issuer = Arc::new(Issuer { env: env.clone(), lasting: wishes.credentials_last });
        let runtimes = Runtimes::new(env.clone(), settings, lines.clone(), issuer).await.expect("runtimes");
        World { env, runtimes, lines, folder }
    }

    /// A function made of these files.
    pub fn function(&self, runtime: &str, handler: &str, files: &[(&str, &str)]) -> FunctionSpec {
        let id = self.env.uuid().to_string();
        let code = self.folder.path().join("code").join(&id);
        write(&code, files);
        FunctionSpec {
            arn: "arn:aws:lambda:eu-west-1:123456789012:function:tried".to_owned(),
            id,
            name: "tried".to_owned(),
            version: "$LATEST".to_owned(),
            account: "123456789012".parse::<AccountId>().expect("an account"),
            region: "eu-west-1".parse::<Region>().expect("a region"),
            runtime: Runtime::parse(runtime),
            handler: handler.to_owned(),
            code,
            layers: Vec::new(),
            architecture: "x86_64".to_owned(),
            environment: BTreeMap::new(),
            role: "arn:aws:iam::123456789012:role/tried".to_owned(),
            timeout_ms: 20_000,
            memory_mb: 512,
            ephemeral_storage_mb: 512,
            log_group: "/aws/lambda/tried".to_owned(),
            log_format: LogFormat::Text,
            tracing: false,
            init: InitType::OnDemand,
        }
    }

    pub fn node(&self, text: &str) -> FunctionSpec {
        self.function("nodejs20.x", "index.handler", &[("index.js", text)])
    }

    pub fn python(&self, text: &str) -> FunctionSpec {
        self.function("python3.12", "index.handler", &[("index.py", text)])
    }

    /// A custom runtime in shell: `$API` is its endpoint.
    pub fn shell(&self, text: &str) -> FunctionSpec {
        let text = format!("#!/bin/sh\nAPI=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime\n{text}");
        self.function("provided.al2023", "any.thing", &[("bootstrap", &text)])
    }

    pub fn layer(&self, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.folder.path().join("layers").join(self.env.uuid().to_string());
        write(&folder, files);
        folder
    }

    pub fn event(&self, payload: &str) -> Invocation {
        Invocation {
            request_id: self.env.uuid().to_string(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            invoked_arn: "arn:aws:lambda:eu-west-1:123456789012:function:tried".to_owned(),
            tail: true,
            ..Invocation::default()
        }
    }

    pub async fn run(&self, spec: &Arc<FunctionSpec>, payload: &str) -> Answer {
        let event = self.event(payload);
        Answer::of(self.runtimes.run(spec, event).await.expect("it runs"))
    }

    /// All that was logged, once the environments are stopped.
    pub async fn stop(self) -> Vec<String> {
        self.runtimes.stop().await;
        let batches = self.lines.0.lock();
        batches
            .iter()
            .flat_map(|batch| batch.lines.iter().map(|(_, line)| line.trim_end_matches('\n').to_owned()))
            .collect()
    }

    pub async fn stop_with_streams(self) -> Vec<LogBatch> {
        self.runtimes.stop().await;
        std::mem::take(&mut *self.lines.0.lock())
    }
}

pub fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        if text.starts_with("#!") {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
        }
    }
}

/// An outcome, easier to look at.
#[derive(Debug)]
pub struct Answer {
    pub json: Value,
    pub error: Option<FunctionError>,
    pub tail: String,
    pub usage: tidegate_runtime::Usage,
}

impl Answer {
    pub fn of(outcome: Outcome) -> Answer {
        let Payload::Whole(payload) = outcome.payload else { panic!("a stream") };
        let json = serde_json::from_slice(&payload)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&payload)));
        let tail = outcome.log_tail.map(|tail| String::from_utf8(tail.to_vec()).expect("text")).unwrap_or_default();
        Answer { json, error: outcome.error, tail, usage: outcome.usage }
    }

    /// The type and the message of an error.
    #[track_caller]
    pub fn failure(&self) -> (&str, &str) {
        assert_eq!(self.error, Some(FunctionError::Unhandled), "{self:?}");
        let text = |name: &str| self.json.get(name).and_then(Value::as_str).unwrap_or_default();
        (text("errorType"), text("errorMessage"))
    }
}

/// Whether an interpreter is there; says so if it is not.
pub fn has(program: &str) -> bool {
    let there =
        std::process::Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("SKIPPED: {program} is not on this machine");
    }
    there
}

/// Leaves the test where an interpreter is missing.
#[macro_export]
macro_rules! needs {
    ($program:literal) => {
        if !$crate::support::has($program) {
            return;
        }
    };
}
