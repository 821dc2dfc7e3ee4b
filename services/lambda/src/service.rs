use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tidegate_effects::Effects;
use tidegate_env::{Activity, Env};
use tidegate_ports::{
    HostedHttp, LogLines, Objects, Post, QueueSource, ResourcePolicies, ServiceRoles, Sink, StreamSource,
};
use tidegate_protocol::{
    Call, Coverage, Operation, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel,
};
use tidegate_queue::Queues;
use tidegate_runtime::{Runtimes, Settings};
use tidegate_store::{LatchKey, Store, Transacted, Tx, transact};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Supervisor};

use crate::code::Codes;
use crate::domain::FunctionRef;
use crate::error::Error;
use crate::invoke::{BucketRecords, Credentials, Events, Gate, Provisioned, Pulling, Pulls, Specs, Warming};
use crate::ops::Following;
use crate::permits::Permits;
use crate::ports;
use crate::store::{Address, Directory, Function, LayerUse, Layers, VersionRecord};
use crate::wire;

/// How long running invocations have to end when the server stops.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many invocations of the background go on at once, unless the options say otherwise: workers of 64 MB
/// each fill 4 GB.
const BACKGROUND: usize = 64;

/// What the service stands on.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Where events wait.
    pub queues: Arc<Queues>,
    /// Time, chance and tasks.
    pub env: Env,
    /// Where destinations and dead letters are reached.
    pub post: Arc<dyn Post>,
    /// Who gives functions their credentials.
    pub roles: Arc<dyn ServiceRoles>,
    /// Where output goes.
    pub lines: Arc<dyn LogLines>,
    /// Where code lies in buckets, and records of what failed.
    pub objects: Arc<dyn Objects>,
}

/// How a server runs functions.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder. What is Lambda's in it lies under `functions`.
    pub folder: PathBuf,
    /// Where `tidegate runtime install` puts the SDKs.
    pub installed: PathBuf,
    /// Where functions find AWS: the server's own address.
    pub endpoint_url: String,
    /// Whether a role must exist: without permissions being checked, many name roles that were never made.
    pub strict_roles: bool,
    /// How many invocations of the background may go on at once.
    pub background: usize,
    /// The program that speaks to the container engine, if one is named.
    pub engine: Option<PathBuf>,
}

impl Options {
    /// The usual options over a data folder.
    pub fn new(folder: PathBuf, endpoint_url: String) -> Options {
        let installed = folder.join("runtime");
        Options { folder, installed, endpoint_url, strict_roles: false, background: BACKGROUND, engine: None }
    }
}

/// The service. One of it serves all accounts and regions.
pub struct Lambda {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) env: Env,
    pub(crate) post: Arc<dyn Post>,
    pub(crate) roles: Arc<dyn ServiceRoles>,
    pub(crate) strict_roles: bool,
    pub(crate) directory: Arc<Directory>,
    pub(crate) layers: Arc<Layers>,
    pub(crate) codes: Codes,
    pub(crate) following: Following,
    pub(crate) runtimes: Arc<Runtimes>,
    pub(crate) gate: Gate,
    pub(crate) specs: Specs,
    pub(crate) provisioned: Provisioned,
    pub(crate) pulls: Arc<Pulls>,
    _pulls_activity: Arc<dyn Activity>,
    pub(crate) events: Arc<Effects<Events>>,
    pub(crate) bucket_records: Arc<Effects<BucketRecords>>,
    pub(crate) objects: Arc<dyn Objects>,
    router: Router<Lambda>,
    pub(crate) me: Weak<Lambda>,
}

impl Lambda {
    /// The service over a store.
    ///
    /// # Errors
    /// What reading the store, or making its folders, answers.
    pub async fn open(parts: Parts, options: Options) -> Result<Arc<Lambda>, Error> {
        let Parts { store, queues, env, post, roles, lines, objects } = parts;
        let own = options.folder.join("functions");
        let (changed, image_wanted) = (Hint::new(), Hint::new());
        let directory = Arc::new(Directory::new([changed.clone(), image_wanted.clone()]));
        store.attach(directory.clone()).await?;
        let layers = Arc::new(Layers::default());
        store.attach(layers.clone()).await?;
        let following = Following::open(&*store).await?;
        let codes = Codes::open(env.clone(), store.clone(), &own.join("code")).await?;
        let mut settings = Settings::new(own.join("scratch"), options.installed, options.endpoint_url);
        settings.engine = options.engine;
        let credentials = Credentials { env: env.clone(), roles: roles.clone(), strict: options.strict_roles };
        let runtimes = Runtimes::new(env.clone(), settings, lines, Arc::new(credentials))
            .await
            .map_err(|fault| Error::Disk(fault.to_string()))?;
        let kind = Events::default();
        let service = kind.service();
        let strict = options.strict_roles;
        let records = BucketRecords { env: env.clone(), objects: objects.clone(), roles: roles.clone(), strict };
        let bucket_records = Effects::open(store.clone(), queues.clone(), env.clone(), records).await?;
        let events = Effects::open(store.clone(), queues, env.clone(), kind).await?;
        let pulls = Pulls::new(image_wanted);
        let pulls_activity: Arc<dyn Activity> = pulls.clone();
        env.activity().register(&pulls_activity);
        let lambda = Arc::new_cyclic(|me| Lambda {
            store,
            env,
            post,
            roles,
            strict_roles: options.strict_roles,
            directory,
            layers,
            codes,
            following,
            runtimes,
            gate: Gate::new(options.background),
            specs: Specs::default(),
            provisioned: Provisioned::new(changed),
            pulls,
            _pulls_activity: pulls_activity,
            events,
            bucket_records,
            objects,
            router: wire::router(),
            me: me.clone(),
        });
        service.set(lambda.me.clone()).expect("it is set here and nowhere else");
        // Now, while nobody can begin to use them.
        crate::ops::remove_unused_layers(&lambda, false).await?;
        lambda.codes.sweep(lambda.sums()).await?;
        Ok(lambda)
    }

    /// Starts what runs beside the requests: asynchronous invocations, environments that are kept ready, and images.
    pub fn start_workers(self: &Arc<Self>, supervisor: &Supervisor) {
        self.events.start(supervisor);
        self.bucket_records.start(supervisor);
        supervisor.start(Warming(self.me.clone()), &self.provisioned.hint);
        supervisor.start(Pulling(self.me.clone()), &self.pulls.hint);
    }

    /// Follows queues and streams, as event source mappings say.
    pub fn follow(
        self: &Arc<Self>,
        queues: Vec<Arc<dyn QueueSource>>,
        streams: Vec<Arc<dyn StreamSource>>,
        supervisor: &Supervisor,
    ) {
        self.following.start(self, queues, streams, supervisor);
    }

    /// Takes up no more events or records, and waits a little for what goes on. Functions still reach the
    /// server, so it comes before the server stops to listen.
    pub async fn rest(&self) {
        tokio::join!(self.following.stop(PATIENCE), self.events.stop(PATIENCE), self.bucket_records.stop(PATIENCE));
    }

    /// Ends all functions, those that are running after a little patience.
    pub async fn stop(&self) {
        if self.env.timeout_real(PATIENCE, self.runtimes.stop()).await.is_err() {
            tracing::info!("functions that were still running were cut off");
        }
    }

    /// What other services send events to functions through.
    pub fn sink(self: &Arc<Self>) -> Arc<dyn Sink> {
        Arc::new(ports::FunctionSink::new(self.clone()))
    }

    /// What functions' records reach buckets through.
    pub fn bucket_sink(&self) -> Arc<dyn Sink> {
        Arc::new(ports::BucketSink { env: self.env.clone() })
    }

    /// What other services call functions through.
    pub fn functions(self: &Arc<Self>) -> Arc<dyn tidegate_ports::Functions> {
        Arc::new(ports::Invoker::new(self.clone()))
    }

    /// The policies of functions.
    pub fn resource_policies(self: &Arc<Self>) -> Arc<dyn ResourcePolicies> {
        Arc::new(ports::FunctionPolicies::new(self.clone()))
    }

    /// What answers at functions' URLs, and where their code is downloaded.
    pub fn hosted(self: &Arc<Self>) -> Vec<Arc<dyn HostedHttp>> {
        vec![Arc::new(ports::Urls::new(self.clone())), Arc::new(ports::Zips::new(self.clone()))]
    }

    /// Removes every function, layer and code signing configuration.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn reset(&self) -> Result<(), Error> {
        for (id, _) in self.following.mappings.all() {
            crate::ops::delete_mapping(self, id).await?;
        }
        for function in self.directory.all() {
            crate::ops::delete_whole(self, &function).await?;
        }
        crate::ops::remove_unused_layers(self, true).await?;
        crate::ops::delete_code_signing_configs(self).await
    }

    /// The SHA-256 of every file that a function or a layer has.
    fn sums(&self) -> Vec<[u8; 32]> {
        let functions = self.directory.all();
        let versions = functions.iter().flat_map(|function| function.versions.values());
        let layers = self.layers.all().into_iter().map(|(_, _, layer)| layer.sha256);
        versions.map(|version| version.sha256()).chain(layers).collect()
    }

    /// What roles may do.
    pub(crate) fn permits(&self) -> Permits<'_> {
        Permits { roles: &*self.roles, strict: self.strict_roles }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// What a request names.
    pub(crate) fn named(
        &self,
        call: &Call,
        name: Option<String>,
        qualifier: Option<&str>,
    ) -> Result<FunctionRef, Error> {
        Ok(FunctionRef::parse(&name.unwrap_or_default(), qualifier, call.account, &call.region)?)
    }

    /// The function that a request means, which must exist.
    pub(crate) fn known(&self, named: &FunctionRef) -> Result<Arc<Function>, Error> {
        let found = self.directory.get(&Address::of(named));
        found.ok_or_else(|| Error::NoFunction(named.qualified_arn()))
    }

    /// The layers that a request names, and the bytes of their files.
    pub(crate) async fn layers(&self, call: &Call, arns: Vec<String>) -> Result<(Vec<LayerUse>, u64), Error> {
        crate::ops::used_layers(self, call, &arns)
    }

    /// The folders of a version's layers.
    pub(crate) async fn layer_folders(&self, version: &VersionRecord) -> Result<Vec<PathBuf>, Error> {
        crate::ops::folders(self, version).await
    }

    /// Runs a transaction; see [`transact`].
    pub(crate) async fn transact<T>(
        &self,
        latches: &[LatchKey],
        body: impl AsyncFnOnce(&mut Tx) -> Result<T, Error> + Clone,
    ) -> Result<Transacted<T>, Error> {
        Ok(transact(&*self.store, latches, body).await?)
    }
}

impl Service for Lambda {
    fn model(&self) -> &'static ServiceModel {
        self.router.model()
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        wire::COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        self.router.dispatch(self, call, input)
    }

    fn body_limit(&self, operation: &Operation) -> Option<usize> {
        wire::body_limit(operation.name)
    }

    fn too_large(&self, operation: &Operation, limit: usize) -> ServiceError {
        wire::too_large(operation.name, limit)
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}
