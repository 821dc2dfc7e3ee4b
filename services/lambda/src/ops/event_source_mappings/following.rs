//! The engine, and what it is told.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_mapping::{Engine, Filter, Kind, Mapping, Parts, Phase, QueueOptions, Standing, StreamOptions};
use tidegate_pattern::{Dialect, Pattern};
use tidegate_ports::{
    FunctionAnswer, FunctionCall, Functions, InvokeRefusal, QueueSource, StartingPosition, StreamSource,
};
use tidegate_store::{Store, StoreError};
use tidegate_types::Arn;
use tidegate_workers::{Hint, Next, Supervisor, Worker};
use uuid::Uuid;

use crate::domain::{FunctionRef, MappingKind};
use crate::service::Lambda;
use crate::store::{Address, MappingRecord, Mappings};

/// Mappings, what they may follow, and who follows it.
pub(crate) struct Following {
    pub(crate) mappings: Arc<Mappings>,
    /// Those that were deleted, until nothing goes on for them.
    ending: Mutex<HashMap<Uuid, Arc<MappingRecord>>>,
    changed: Hint,
    sources: OnceLock<Sources>,
}

/// Where sources are, once the server has told.
struct Sources {
    queues: Vec<Arc<dyn QueueSource>>,
    streams: Vec<Arc<dyn StreamSource>>,
    engine: Arc<Engine>,
}

impl Following {
    /// Knows all mappings. Nothing is followed before [`Following::start`].
    pub(crate) async fn open(store: &dyn Store) -> Result<Following, StoreError> {
        let changed = Hint::new();
        let mappings = Arc::new(Mappings::new(changed.clone()));
        store.attach(mappings.clone()).await?;
        Ok(Following { mappings, ending: Mutex::default(), changed, sources: OnceLock::new() })
    }

    pub(crate) fn queues(&self, source: &Arn) -> Option<&Arc<dyn QueueSource>> {
        self.sources.get()?.queues.iter().find(|queues| queues.service() == source.service)
    }

    pub(crate) fn streams(&self, source: &Arn) -> Option<&Arc<dyn StreamSource>> {
        self.sources.get()?.streams.iter().find(|streams| streams.service() == source.service)
    }

    pub(crate) fn standing(&self, id: Uuid) -> Option<Standing> {
        self.sources.get()?.engine.standing(id)
    }

    /// A mapping is deleted: it is shown for as long as something goes on for it.
    pub(crate) fn end(&self, id: Uuid, record: Arc<MappingRecord>) {
        self.ending.lock().insert(id, record);
    }

    /// A mapping that was deleted, and for which something still goes on.
    pub(crate) fn ending(&self, id: Uuid) -> Option<Arc<MappingRecord>> {
        let mut ending = self.ending.lock();
        ending.retain(|id, _| self.standing(*id).is_some_and(|standing| standing.phase != Phase::Stopped));
        ending.get(&id).cloned()
    }

    /// Begins to follow. The first call counts.
    pub(crate) fn start(
        &self,
        lambda: &Arc<Lambda>,
        queues: Vec<Arc<dyn QueueSource>>,
        streams: Vec<Arc<dyn StreamSource>>,
        supervisor: &Supervisor,
    ) {
        let sources = self.sources.get_or_init(|| {
            let engine = Engine::new(Parts {
                store: lambda.store.clone(),
                env: lambda.env.clone(),
                functions: Arc::new(Own(Arc::downgrade(lambda))),
                post: lambda.post.clone(),
                queues: queues.clone(),
                streams: streams.clone(),
            });
            Sources { queues, streams, engine }
        });
        supervisor.start(Tell { lambda: Arc::downgrade(lambda), engine: sources.engine.clone() }, &self.changed);
    }

    /// Reads nothing more, and waits a little for calls that go on.
    pub(crate) async fn stop(&self, patience: Duration) {
        if let Some(sources) = self.sources.get() {
            sources.engine.stop(patience).await;
        }
    }
}

/// Tells the engine which mappings there are, whenever one has changed.
struct Tell {
    /// The service owns the engine, and must be dropped when the server ends.
    lambda: Weak<Lambda>,
    engine: Arc<Engine>,
}

impl Worker for Tell {
    type Error = Infallible;

    fn name(&self) -> &'static str {
        "event source mappings"
    }

    async fn run_once(&self) -> Result<Next, Infallible> {
        if let Some(lambda) = self.lambda.upgrade() {
            let all = lambda.following.mappings.all();
            let wanted = all.iter().filter(|(_, record)| record.settings.enabled);
            self.engine.apply(wanted.map(|(id, record)| Arc::new(mapping(&lambda, *id, record))));
        }
        Ok(Next::OnHint)
    }
}

fn mapping(lambda: &Lambda, id: Uuid, record: &MappingRecord) -> Mapping {
    let settings = &record.settings;
    Mapping {
        id,
        revision: record.revision,
        source: record.source.clone(),
        function: record.function.clone(),
        role: role(lambda, record),
        batch_size: settings.batch_size as usize,
        window: seconds(settings.window_seconds),
        filter: filter(&settings.filters),
        partial_failures: settings.partial_failures,
        kind: match &settings.kind {
            MappingKind::Queue(queue) => {
                Kind::Queue(QueueOptions { max_concurrency: queue.max_concurrency.map(|most| most as usize) })
            }
            MappingKind::Stream(stream) => Kind::Stream(StreamOptions {
                start: if stream.latest { StartingPosition::Latest } else { StartingPosition::TrimHorizon },
                parallelisation: stream.parallelisation.clamp(1, 10) as u8,
                bisect: stream.bisect,
                max_retries: stream.max_retries.try_into().ok(),
                max_age: stream.max_age_seconds.try_into().ok().map(seconds),
                on_failure: stream.on_failure.as_ref().and_then(|target| target.parse().ok()),
                tumbling: Some(stream.tumbling_seconds).filter(|length| *length > 0).map(seconds),
            }),
        },
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// The function's role, as it is now.
fn role(lambda: &Lambda, record: &MappingRecord) -> Option<Arn> {
    let named = FunctionRef::parse(&record.function.to_string(), None, record.account, &record.region).ok()?;
    let function = lambda.directory.get(&Address::of(&named))?;
    let (_, version) = function.version(&named.meant(), 0)?;
    version.role.parse().ok()
}

/// Patterns, of which one must match.
struct AnyOf(Vec<Pattern>);

impl Filter for AnyOf {
    fn admits(&self, record: &[u8]) -> bool {
        // What cannot be read as an event matches no pattern.
        self.0.iter().any(|pattern| pattern.matches_bytes(record).unwrap_or(false))
    }
}

fn filter(patterns: &[String]) -> Option<Arc<dyn Filter>> {
    if patterns.is_empty() {
        return None;
    }
    // They were checked before they were kept.
    let parsed = patterns.iter().filter_map(|pattern| Pattern::parse(pattern, Dialect::LambdaFilter).ok());
    Some(Arc::new(AnyOf(parsed.collect())))
}

/// The service itself as the engine calls it.
struct Own(Weak<Lambda>);

impl Functions for Own {
    fn exists(&self, function: &Arn) -> bool {
        self.0.upgrade().is_some_and(|lambda| lambda.functions().exists(function))
    }

    fn timeout_ms(&self, function: &Arn) -> Option<u64> {
        self.0.upgrade()?.functions().timeout_ms(function)
    }

    fn invoke(&self, call: FunctionCall) -> BoxFuture<'_, Result<FunctionAnswer, InvokeRefusal>> {
        async move {
            let Some(lambda) = self.0.upgrade() else { return Err(InvokeRefusal::Stopping) };
            lambda.functions().invoke(call).await
        }
        .boxed()
    }
}
