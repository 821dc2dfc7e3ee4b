use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use tidegate_env::{Activity, Env, TaskHandle};
use tidegate_ports::{Functions, Post, QueueSource, StreamSource};
use tidegate_store::Store;
use tokio::sync::watch;
use uuid::Uuid;

use crate::board::Board;
use crate::limits::PAUSE;
use crate::mapping::{Kind, LastResult, Mapping, Phase, Standing};
use crate::{queue, stream};

/// What an engine works with.
#[derive(Clone)]
pub struct Parts {
    /// Where checkpoints are kept.
    pub store: Arc<dyn Store>,
    /// Time, chance and tasks.
    pub env: Env,
    /// What is called.
    pub functions: Arc<dyn Functions>,
    /// What tells destinations of records that were given up.
    pub post: Arc<dyn Post>,
    /// Whose queues can be followed.
    pub queues: Vec<Arc<dyn QueueSource>>,
    /// Whose streams can be followed.
    pub streams: Vec<Arc<dyn StreamSource>>,
}

impl Parts {
    pub(crate) fn queue_source(&self, mapping: &Mapping) -> Option<Arc<dyn QueueSource>> {
        self.queues.iter().find(|source| source.service() == mapping.source.service).cloned()
    }

    pub(crate) fn stream_source(&self, mapping: &Mapping) -> Option<Arc<dyn StreamSource>> {
        self.streams.iter().find(|source| source.service() == mapping.source.service).cloned()
    }
}

/// Follows sources and calls functions.
pub struct Engine {
    parts: Parts,
    runners: Mutex<Runners>,
}

#[derive(Default)]
struct Runners {
    stopped: bool,
    by_id: HashMap<Uuid, Runner>,
}

/// The task of one mapping.
struct Runner {
    wanted: watch::Sender<Option<Arc<Mapping>>>,
    board: Arc<Board>,
    task: TaskHandle<()>,
}

impl Engine {
    /// An engine that follows nothing yet.
    pub fn new(parts: Parts) -> Arc<Engine> {
        metrics::describe_counter!("tidegate_mapping_calls_total", "Calls of functions by event source mappings.");
        metrics::describe_counter!("tidegate_mapping_records_total", "What became of records of event sources.");
        metrics::describe_counter!("tidegate_mapping_panics_total", "Mappings that panicked and were started again.");
        Arc::new(Engine { parts, runners: Mutex::default() })
    }

    /// From now on these are followed and no others: call it with all enabled mappings whenever one of them
    /// has changed. Those that are gone read nothing more and end what goes on; one whose revision differs
    /// does the same, and is then taken up anew.
    pub fn apply(&self, mappings: impl IntoIterator<Item = Arc<Mapping>>) {
        let mut runners = self.runners.lock();
        if runners.stopped {
            return;
        }
        let mut present = HashSet::new();
        for mapping in mappings {
            present.insert(mapping.id);
            match runners.by_id.get(&mapping.id) {
                Some(runner) => runner.want(Some(mapping)),
                None => drop(runners.by_id.insert(mapping.id, self.start(mapping))),
            }
        }
        runners.by_id.retain(|id, runner| {
            if present.contains(id) {
                return true;
            }
            runner.want(None);
            runner.board.standing().phase != Phase::Stopped
        });
    }

    /// How a mapping stands. `None`: the engine has nothing to do with it.
    pub fn standing(&self, id: Uuid) -> Option<Standing> {
        Some(self.runners.lock().by_id.get(&id)?.board.standing())
    }

    /// Reads nothing more, and waits for the calls that go on, at most `patience` of real time. What had not
    /// ended then happens again after the next start.
    pub async fn stop(&self, patience: Duration) {
        let mut runners = {
            let mut runners = self.runners.lock();
            runners.stopped = true;
            std::mem::take(&mut runners.by_id)
        };
        // Without anybody who may want something, each task ends once it has nothing more to do.
        let tasks = runners.values_mut().map(|runner| {
            runner.want(None);
            let task = &mut runner.task;
            let (nobody, _) = watch::channel(None);
            drop(std::mem::replace(&mut runner.wanted, nobody));
            task
        });
        let all = futures::future::join_all(tasks);
        if self.parts.env.timeout_real(patience, all).await.is_err() {
            tracing::info!("calls of mappings were cut off; they are made again after the next start");
        }
    }

    fn start(&self, mapping: Arc<Mapping>) -> Runner {
        let board = Board::new(format!("event source mapping {} of {}", mapping.id, mapping.source));
        let part: Arc<dyn Activity> = board.clone();
        self.parts.env.activity().register(&part);
        let shared = Arc::new(Shared { parts: self.parts.clone(), board: board.clone() });
        let (wanted, receiver) = watch::channel(Some(mapping));
        let task = self.parts.env.spawn("event source mapping", run(shared, receiver));
        Runner { wanted, board, task }
    }
}

impl Runner {
    fn want(&self, mapping: Option<Arc<Mapping>>) {
        let revision = |mapping: &Option<Arc<Mapping>>| mapping.as_ref().map(|mapping| mapping.revision);
        self.wanted.send_if_modified(|wanted| {
            let is_new = revision(wanted) != revision(&mapping);
            if is_new {
                *wanted = mapping;
                // Before the task notices: whoever asks must not be told that the old one goes on.
                if self.board.standing().phase == Phase::Running {
                    self.board.phase(Phase::Stopping);
                }
            }
            is_new
        });
    }
}

/// What everything that belongs to one mapping shares.
pub(crate) struct Shared {
    pub parts: Parts,
    pub board: Arc<Board>,
}

/// Says when a mapping as it was taken up is no longer wanted.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<Option<Arc<Mapping>>>);

impl Stop {
    /// Whether it is over.
    pub(crate) fn is_set(&self) -> bool {
        // An error says that nobody can want anything any more.
        self.0.has_changed().unwrap_or(true)
    }

    /// Resolves when it is over.
    pub(crate) async fn set(&self) {
        let mut wanted = self.0.clone();
        // Either way it is over: something else is wanted, or nobody wants anything.
        let _changed_or_gone = wanted.changed().await.is_ok();
    }
}

/// One mapping, from its first revision to its last. A panic is a bug of ours; the mapping goes on from its
/// checkpoint rather than fall silent.
async fn run(shared: Arc<Shared>, mut wanted: watch::Receiver<Option<Arc<Mapping>>>) {
    loop {
        let mapping = wanted.borrow_and_update().clone();
        let Some(mapping) = mapping else {
            shared.board.phase(Phase::Stopped);
            if wanted.changed().await.is_err() {
                return;
            }
            continue;
        };
        shared.board.phase(Phase::Starting);
        let stop = Stop(wanted.clone());
        let life = async {
            match &mapping.kind {
                Kind::Queue(options) => queue::follow(&shared, &mapping, *options, &stop).await,
                Kind::Stream(options) => stream::follow(&shared, &mapping, options, &stop).await,
            }
        };
        if AssertUnwindSafe(life).catch_unwind().await.is_err() {
            metrics::counter!("tidegate_mapping_panics_total").increment(1);
            tracing::error!(mapping = %mapping.id, "a mapping panicked; it is started again");
            shared.board.result(LastResult::SourceFailed);
            let _working = shared.board.enter();
            shared.parts.env.sleep_real(PAUSE).await;
            continue;
        }
        // It ended by itself, because its records are gone: it rests until something else is wanted.
        if !stop.is_set() {
            shared.board.phase(Phase::Stopped);
            stop.set().await;
        }
        if wanted.has_changed().is_err() {
            return;
        }
    }
}
