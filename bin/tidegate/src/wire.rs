//! The composition: the only place that knows every service. Readable from top to bottom: what a
//! server is made of, in the order in which it comes to life, and how it ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tidegate_blob::Blobs;
use tidegate_delivery::{DeliveryPermission, Dispatcher};
use tidegate_dynamodb::DynamoDb;
use tidegate_env::{Env, OsRandom, ShiftedClock, TaskHandle};
use tidegate_gateway::{
    Access, AccessKeys, Admin, Auth, BackupHook, BodyBudget, BodyReader, ClockControl, Gateway, InitBoard, Mode,
    Parted, Patience, ResetHook, Server, Sources, Stage, Stop, Stopper,
};
use tidegate_iam::Iam;
use tidegate_lambda::Lambda;
use tidegate_log::Logs;
use tidegate_logs::CloudWatchLogs;
use tidegate_mail::{Incoming, Mail, Submission};
use tidegate_ports::{Credentials, Sink};
use tidegate_protocol::{Coverage, Service};
use tidegate_queue::Queues;
use tidegate_s3::S3;
use tidegate_ses::Ses;
use tidegate_sqs::Sqs;
use tidegate_store::{EmbeddedStore, Options, Store};
use tidegate_sts::Sts;
use tidegate_telemetry::{Metrics, UPKEEP_EVERY};
use tidegate_types::limits;
use tidegate_workers::Supervisor;
use tokio::net::TcpListener;

use crate::cli::{Auth as AuthMode, MailVerify};
use crate::commands::backup::blobs_beside;
use crate::config::{Config, DEFAULT_DATA, Durability};
use crate::init::InitScripts;
use crate::running::{BLOBS, Note, admin_key_path};
use crate::{folder, secret_file, tls};

/// How often leftovers of queues are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// How long background work may take to end.
const WORKERS_PATIENCE: Duration = Duration::from_secs(5);

/// A server that answers requests.
pub struct Running {
    /// Where it is reached.
    pub url: String,
    /// Operations that are served and cannot say what they need: under `--auth enforce` nobody has them.
    pub unguarded: Vec<String>,
    env: Env,
    config: Config,
    store: Arc<EmbeddedStore>,
    stopper: Stopper,
    serving: TaskHandle<()>,
    scripts: InitScripts,
    /// Dropped, and with them the tasks they own, before the store is closed.
    background: Background,
}

/// What runs beside the requests.
struct Background {
    supervisor: Supervisor,
    lambda: Arc<Lambda>,
    mail: Arc<Mail>,
    /// Where functions' code lies while nothing is kept.
    _scratch: Option<tempfile::TempDir>,
    /// What services send to each other through does not keep its targets alive.
    _sinks: Vec<Arc<dyn Sink>>,
    _timers: TaskHandle<()>,
    _sweep: TaskHandle<()>,
    _uses: TaskHandle<()>,
    _upkeep: TaskHandle<()>,
    _smtp: Option<TaskHandle<()>>,
    _incoming: Arc<dyn Incoming>,
    _submission: Arc<dyn Submission>,
}

/// Starts a server. When this returns, it answers.
///
/// # Errors
/// Whatever keeps it from starting, with what mends it.
pub async fn start(config: Config, metrics: Metrics) -> anyhow::Result<Running> {
    // 1. Init scripts that want to run before everything else.
    let board = Arc::new(InitBoard::default());
    let scripts = InitScripts::new(config.init.clone(), board.clone())?;
    scripts.run(Stage::Boot, None).await?;
    scripts.run(Stage::Start, None).await?;

    // 2. The port, before the data: a second server on the same port must not touch anything.
    let listener = bind(&config).await?;
    let smtp =
        match config.smtp_listen {
            Some(address) => Some(TcpListener::bind(address).await.with_context(|| {
                format!("cannot take mail on {address}; choose another address with --smtp-listen")
            })?),
            None => None,
        };
    let address = listener.local_addr().context("cannot tell the bound address")?;
    let url = format!("http://{}", reachable(address));

    // 3. Time, chance, spawning.
    let clock = config.virtual_clock.then(|| Arc::new(ShiftedClock::new(Duration::ZERO)));
    let env = match &clock {
        Some(clock) => Env::new(clock.clone(), Arc::new(OsRandom)),
        None => Env::real(),
    };

    // 4. The store, and the time that it has seen.
    let embedded = open_store(&config, &env).await?;
    let store: Arc<dyn Store> = embedded.clone();
    restore_clock(&*store, clock.as_deref()).await?;
    let admin_key = admin_key(&config, &env)?;
    let keys = Arc::new(AccessKeys::open(store.clone(), env.clone()).await.context("cannot read the access keys")?);

    let scratch =
        config.data.is_none().then(tempfile::tempdir).transpose().context("cannot make a temporary folder")?;
    let folder = config.data.as_deref().or(scratch.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new("."));
    let blobs = Blobs::open(folder.join(BLOBS), env.clone()).await.context("cannot open the folder of blobs")?;
    let kept = blobs.clone();

    // 5. Queues, and the services on them.
    let queues = Queues::open(store.clone(), env.clone()).await.context("cannot read the queues")?;
    let supervisor = Supervisor::new(env.clone());
    let options = tidegate_sqs::Options { names_rest_after_deletion: config.rest_queue_names, ..Default::default() };
    let sqs = Sqs::open(store.clone(), queues.clone(), env.clone(), options).await.context("cannot start SQS")?;
    sqs.start_workers(&supervisor);
    let logs = Arc::new(Logs::open(store.clone()).await.context("cannot read the logs")?);
    let options = tidegate_dynamodb::Options { enforce_throughput: config.enforce_throughput, ..Default::default() };
    let dynamodb = DynamoDb::open_with(store.clone(), logs.clone(), env.clone(), options)
        .await
        .context("cannot start DynamoDB")?;
    dynamodb.start_workers(&supervisor);
    let post = Arc::new(Dispatcher::new());
    let cloudwatch_logs = CloudWatchLogs::open(store.clone(), logs, env.clone(), post.clone())
        .await
        .context("cannot start CloudWatch Logs")?;
    cloudwatch_logs.start_workers(&supervisor);
    let parts = tidegate_mail::Parts { store: store.clone(), queues: queues.clone(), env: env.clone() };
    let options = tidegate_mail::Options { keep: config.mail_keep, relay: config.smtp.clone() };
    let mail = Mail::open(parts, options).await.context("cannot start mail")?;
    let iam = Iam::open(store.clone(), env.clone()).await.context("cannot read users, roles and policies")?;
    let sts = Sts::open(store.clone(), env.clone(), iam.clone(), vec![keys.clone(), iam.clone()])
        .await
        .context("cannot read the sessions")?;
    let parts = tidegate_s3::Parts { store: store.clone(), blobs, env: env.clone(), post: post.clone() };
    let s3 = S3::open(parts).await.context("cannot start S3")?;
    s3.start_workers(&supervisor);
    let functions = lambda_options(&config, scratch.as_ref().map(tempfile::TempDir::path), &url)?;
    let parts = tidegate_lambda::Parts {
        store: store.clone(),
        queues: queues.clone(),
        env: env.clone(),
        post: post.clone(),
        roles: sts.clone(),
        lines: cloudwatch_logs.lines(),
        objects: s3.objects(),
    };
    let lambda = Lambda::open(parts, functions).await.context("cannot start Lambda")?;
    let sinks: Vec<Arc<dyn Sink>> = vec![sqs.sink(), cloudwatch_logs.sink(), lambda.sink(), lambda.bucket_sink()];
    sinks.iter().try_for_each(|sink| post.register(sink))?;
    let (followed_queues, followed_streams) = (vec![sqs.followed()], vec![dynamodb.stream_source()]);
    let parts = tidegate_ses::Parts { store: store.clone(), env: env.clone(), mail: mail.clone(), post: post.clone() };
    let ses = Ses::open(parts, ses_options(&config)).await.context("cannot start SES")?;
    ses.know(lambda.functions(), s3.objects());
    cloudwatch_logs.know(s3.objects());
    ses.start_workers(&supervisor);
    let mut served: Vec<Arc<dyn Service>> = vec![
        sqs.clone(),
        dynamodb.clone(),
        dynamodb.streams(),
        cloudwatch_logs.clone(),
        iam.clone(),
        sts.clone(),
        lambda.clone(),
        s3.clone(),
    ];
    served.extend(ses.apis());
    let mut pages = sqs.admin_routes();
    pages.extend(ses.admin_routes());
    let resets = vec![
        reset_by(&sqs, |sqs| async move { sqs.reset().await }),
        reset_by(&dynamodb, |dynamodb| async move { dynamodb.reset().await }),
        reset_by(&cloudwatch_logs, |logs| async move { logs.reset().await }),
        reset_by(&iam, |iam| async move { iam.reset().await }),
        reset_by(&sts, |sts| async move { sts.reset().await }),
        reset_by(&lambda, |lambda| async move { lambda.reset().await }),
        reset_by(&mail, |mail| async move { mail.reset().await }),
        reset_by(&s3, |s3| async move { s3.reset().await }),
        reset_by(&ses, |ses| async move { ses.reset().await }),
    ];

    // 6. The gateway in front of them.
    let mode = match config.auth {
        AuthMode::Local => Mode::Local,
        AuthMode::Observe => Mode::Observe,
        AuthMode::Enforce => Mode::Enforce,
    };
    let uses = env.spawn("last uses", iam.clone().keep_uses());
    let issuers: Vec<Arc<dyn Credentials>> = vec![keys.clone(), iam.clone(), sts.clone()];
    let sources = Sources {
        credentials: issuers.clone(),
        principals: Some(iam.clone()),
        resources: vec![
            sqs.resource_policies(),
            dynamodb.resource_policies(),
            lambda.resource_policies(),
            s3.resource_policies(),
            ses.resource_policies(),
            iam,
        ],
    };
    sts.know_resources(sources.resources.iter().map(Arc::downgrade).collect());
    if mode == Mode::Enforce {
        post.enforce(DeliveryPermission {
            principals: sources.principals.as_ref().map(Arc::downgrade),
            resources: sources.resources.iter().map(Arc::downgrade).collect(),
        });
    }
    let auth = Auth::new(mode, sources);
    let unguarded = unguarded(&served);
    pages.push(auth.denied_page());
    let patience = Patience::default();
    let gateway = Gateway::new(Parted {
        env: env.clone(),
        served,
        access: Access {
            bound: Some(address),
            allowed_hosts: config.allow_host.clone(),
            allowed_origins: config.allow_origin.clone(),
        },
        auth,
        bodies: BodyReader {
            budget: Arc::new(BodyBudget::default()),
            limit: limits::MAX_REQUEST_BODY,
            stall: patience.body,
        },
        trust_proxy: config.trust_proxy,
        admin: Admin {
            version: env!("CARGO_PKG_VERSION"),
            store: store.clone(),
            pages,
            clock: clock.map(|clock| ClockControl::new(clock, store.clone())),
            resets: config.virtual_clock.then_some(resets),
            backup: backup_of(&config, &embedded, &kept, &env),
            keys,
            init: board,
            metrics: Some(metrics.clone()),
            admin_key,
        },
    });
    let gateway = gateway.showing(mail.site()).showing(ses.site());
    let gateway = lambda.hosted().into_iter().fold(gateway, Gateway::hosting).hosting(s3.websites());
    let tls = config.tls.then(|| tls::server_config(config.data.as_deref(), &env)).transpose()?;
    let incoming = ses.incoming();
    mail.receive_by(Arc::downgrade(&incoming));
    let submission = ses.smtp_interface(issuers, mode == Mode::Enforce);
    mail.submit_to(Arc::downgrade(&submission));
    let smtp = smtp.map(|socket| mail.listen(socket, tls.as_deref().map(tls::without_protocols)));
    let server = Server::new(Arc::new(gateway), env.clone(), listener, tls, patience);
    let (stopper, stop) = Stopper::new();
    let serving = serve(&env, server, stop);
    // Functions call the server, from their first line on: nothing starts them before it answers.
    mail.start(&supervisor);
    lambda.start_workers(&supervisor);
    lambda.follow(followed_queues, followed_streams, &supervisor);
    let background = Background {
        supervisor,
        lambda,
        mail,
        _scratch: scratch,
        _sinks: sinks,
        _timers: env.spawn("queue timers", queues.clone().run_timers()),
        _sweep: env.spawn("queue sweep", sweep(env.clone(), queues)),
        _uses: uses,
        _upkeep: env.spawn("metrics upkeep", upkeep(env.clone(), metrics)),
        _smtp: smtp,
        _incoming: incoming,
        _submission: submission,
    };

    // 7. A note for the other commands.
    if let Some(data) = &config.data {
        let note = Note { pid: std::process::id(), url: url.clone(), enforce: config.auth == AuthMode::Enforce };
        note.leave(data).with_context(|| format!("cannot write to the data folder {}", data.display()))?;
    }
    Ok(Running { url, unguarded, env, config, store: embedded, stopper, serving, scripts, background })
}

impl Running {
    /// Runs the scripts for a server that is ready.
    ///
    /// # Errors
    /// If their folder cannot be read.
    pub async fn run_ready_scripts(&self) -> anyhow::Result<()> {
        self.scripts.run(Stage::Ready, Some(&self.url)).await
    }

    /// Ends it in order: open requests end, then what runs beside them, then the store.
    pub async fn stop(self) {
        self.scripts.run_last(&self.env, &self.url).await;
        self.background.lambda.rest().await;
        self.stopper.stop();
        if self.serving.await.is_none() {
            tracing::error!("the listener had ended before it was stopped");
        }
        let late = self.background.supervisor.stop(WORKERS_PATIENCE).await;
        if !late.is_empty() {
            tracing::warn!(workers = ?late, "background work was cut off");
        }
        self.background.lambda.stop().await;
        self.background.mail.stop(WORKERS_PATIENCE).await;
        drop(self.background);
        if let Some(data) = &self.config.data {
            Note::take_away(data);
        }
        let store = self.store;
        self.env.run_blocking(move || store.close()).await;
    }
}

/// The operations that are served but not in their service's table of accesses.
fn unguarded(served: &[Arc<dyn Service>]) -> Vec<String> {
    let operations = served.iter().flat_map(|service| {
        let implemented = service.coverage().iter().filter(|(_, state)| *state != Coverage::NotImplemented);
        let unknown = implemented.filter(|(operation, _)| !service.knows_needs_of(operation));
        unknown.map(|(operation, _)| format!("{}:{operation}", service.model().name))
    });
    operations.collect()
}

async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.listen).await.map_err(|error| {
        let mend = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program has it: `tidegate status` says whether it is Tidegate; choose another with --port"
            }
            std::io::ErrorKind::PermissionDenied => "ports below 1024 need privileges; choose another with --port",
            std::io::ErrorKind::AddrNotAvailable => "this machine has no such address; choose another with --host",
            _ => "choose another with --host and --port",
        };
        anyhow::Error::new(error).context(format!("cannot listen on {} ({mend})", config.listen))
    })
}

/// The address by which programs on this machine reach a server that listens on all of them.
fn reachable(mut address: std::net::SocketAddr) -> std::net::SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

async fn open_store(config: &Config, env: &Env) -> anyhow::Result<Arc<EmbeddedStore>> {
    let Some(data) = config.data.clone() else { return Ok(EmbeddedStore::ephemeral(env.clone())?) };
    let mut options = Options::new(data);
    options.durability = match config.durability {
        Durability::Always => tidegate_store::Durability::Always,
        Durability::Interval(interval) => tidegate_store::Durability::Interval(interval),
    };
    options.accept_loss = config.accept_loss;
    folder::open(env, options).await
}

/// Takes product time up where it was: it never runs backwards.
async fn restore_clock(store: &dyn Store, clock: Option<&ShiftedClock>) -> anyhow::Result<()> {
    let offset = ClockControl::stored_offset(store).await.context("cannot read the clock's offset")?;
    match clock {
        Some(clock) => clock.advance(offset),
        None if offset.is_zero() => {}
        None => bail!(
            "time was moved {} s ahead in this data folder and cannot run backwards; start with --virtual-clock, or \
             with another --data folder",
            offset.as_secs()
        ),
    }
    Ok(())
}

/// The key that opens the admin pages under `--auth enforce`; made at the first start.
fn admin_key(config: &Config, env: &Env) -> anyhow::Result<Option<String>> {
    let draw = || format!("{}{}", env.uuid().simple(), env.uuid().simple());
    let Some(data) = &config.data else {
        let chosen = std::env::var("TIDEGATE_ADMIN_KEY").ok().filter(|key| !key.is_empty());
        if chosen.is_none() && config.auth == AuthMode::Enforce {
            bail!(
                "nobody could make an access key for a server in memory that wants them: set TIDEGATE_ADMIN_KEY to a \
                 secret of your choice, for it and for `tidegate keys --url … create`, or give it a folder (--data)"
            );
        }
        return Ok(chosen);
    };
    let path = admin_key_path(data);
    let key = secret_file::read_or_create(&path, draw)
        .with_context(|| format!("cannot keep the admin key in {}", path.display()))?;
    let key = key.trim();
    if key.is_empty() {
        bail!("the admin key in {} is empty: put one there, or remove the file and a new one is made", path.display());
    }
    Ok(Some(key.to_owned()))
}

/// What empties a part of the server.
fn reset_by<P, F, E>(part: &Arc<P>, reset: impl Fn(Arc<P>) -> F + Send + Sync + 'static) -> ResetHook
where
    P: Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: std::fmt::Display,
{
    let part = part.clone();
    Arc::new(move || {
        let emptied = reset(part.clone());
        Box::pin(async move { emptied.await.map_err(|error| error.to_string()) })
    })
}

/// How identities become verified, and whether accounts are in the sandbox.
fn ses_options(config: &Config) -> tidegate_ses::Options {
    let verification = match config.mail_verify {
        MailVerify::Auto => tidegate_ses::Verification::Auto,
        MailVerify::Manual => tidegate_ses::Verification::Manual,
    };
    tidegate_ses::Options { verification, sandbox: config.mail_sandbox }
}

/// How functions run: in the data folder, or in one that goes when the server does. Without a data folder the
/// SDKs are those of the usual one.
fn lambda_options(config: &Config, scratch: Option<&Path>, url: &str) -> anyhow::Result<tidegate_lambda::Options> {
    let data = config.data.as_deref().unwrap_or(Path::new(DEFAULT_DATA));
    let installed = crate::commands::runtime::sdks(&std::path::absolute(data)?);
    let folder = std::path::absolute(scratch.unwrap_or(data))?;
    let mut options = tidegate_lambda::Options::new(folder, url.to_owned());
    (options.installed, options.strict_roles) = (installed, config.auth == AuthMode::Enforce);
    options.engine = config.docker.as_ref().map(Into::into);
    Ok(options)
}

/// Backs up while the server goes on; only a store on disk is worth it.
fn backup_of(config: &Config, store: &Arc<EmbeddedStore>, blobs: &Blobs, env: &Env) -> Option<BackupHook> {
    config.data.as_ref()?;
    let (store, blobs, env) = (store.clone(), blobs.clone(), env.clone());
    Some(Arc::new(move |target| {
        let (store, blobs, env) = (store.clone(), blobs.clone(), env.clone());
        Box::pin(async move {
            // What the backup refers to must still be there when its turn comes.
            let pin = blobs.pin();
            let backed_up = env.run_blocking(move || {
                let report = store.backup(&target).map_err(|error| error.to_string())?;
                let files = tidegate_blob::copy_all(blobs.root(), &blobs_beside(&target));
                Ok::<_, String>((report, files.map_err(|error| format!("cannot back up the larger bodies: {error}"))?))
            });
            let backed_up = backed_up.await;
            pin.release().await.map_err(|error| error.to_string())?;
            let (report, files) = backed_up?;
            Ok(serde_json::json!({ "records": report.records, "commit": report.sequence.0, "files": files }))
        })
    }))
}

fn serve(env: &Env, server: Server, stop: Stop) -> TaskHandle<()> {
    env.spawn("listener", server.run(stop))
}

/// Reclaims what purged, deleted and deduplicating queues left behind. In real time and not as a
/// worker: nobody can see its effect, so moving the clock by a day must not stop at each of its runs.
async fn sweep(env: Env, queues: Arc<Queues>) {
    loop {
        match queues.sweep().await {
            Ok(true) => {}
            Ok(false) => env.sleep_real(SWEEP_EVERY).await,
            Err(error) => {
                tracing::warn!(%error, "what queues left behind was not reclaimed; trying again");
                env.sleep_real(SWEEP_EVERY).await;
            }
        }
    }
}

async fn upkeep(env: Env, metrics: Metrics) {
    loop {
        env.sleep_real(UPKEEP_EVERY).await;
        metrics.upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Settings, UpArgs};

    #[tokio::test]
    async fn every_operation_that_is_served_says_what_it_needs() {
        let settings = Settings { ephemeral: Some(true), port: Some(0), ..Settings::default() };
        let config = Config::resolve(UpArgs { settings, ..UpArgs::default() }).unwrap();
        let running = start(config, Metrics::install().unwrap()).await.unwrap();
        assert!(running.unguarded.is_empty(), "nobody could call these under --auth enforce: {:?}", running.unguarded);
        running.stop().await;
    }
}
