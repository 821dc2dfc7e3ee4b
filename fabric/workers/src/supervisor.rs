use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use tidegate_env::{Activity, Env, TaskHandle};
use tokio::sync::watch;

use crate::backoff;
use crate::state::{Doing, State};
use crate::{Hint, Next, Worker};

/// Owns workers. Dropping it aborts them at their next await; [`Supervisor::stop`] lets each finish
/// its run.
pub struct Supervisor {
    env: Env,
    stopping: watch::Sender<bool>,
    workers: Mutex<Vec<Supervised>>,
}

struct Supervised {
    name: &'static str,
    task: TaskHandle<()>,
    /// Keeps the worker on the activity board.
    _state: Arc<dyn Activity>,
}

impl Supervisor {
    /// A supervisor of nobody yet.
    pub fn new(env: Env) -> Supervisor {
        metrics::describe_counter!("tidegate_worker_runs_total", "Runs of background workers.");
        metrics::describe_counter!("tidegate_worker_failures_total", "Runs that failed and were tried again.");
        Supervisor { env, stopping: watch::Sender::new(false), workers: Mutex::default() }
    }

    /// Starts a worker: it runs at once, on `hint`, and at the times it names. After
    /// [`Supervisor::stop`] nothing starts any more.
    pub fn start(&self, worker: impl Worker, hint: &Hint) {
        let name = worker.name();
        let state = Arc::new(State::new(name, hint.clone()));
        let part: Arc<dyn Activity> = state.clone();
        // Under the lock, so that a stop either sees this worker or comes first.
        let mut workers = self.workers.lock();
        if *self.stopping.borrow() {
            return;
        }
        self.env.activity().register(&part);
        let life = Life { env: self.env.clone(), state, stopping: self.stopping.subscribe(), failures: 0 };
        let task = self.env.spawn(name, life.run(worker));
        workers.push(Supervised { name, task, _state: part });
    }

    /// Lets each worker finish the run it is in, and waits for that, at most `patience` of real time.
    /// Returns the names of those that had to be aborted.
    pub async fn stop(&self, patience: Duration) -> Vec<&'static str> {
        let mut workers = {
            let mut workers = self.workers.lock();
            self.stopping.send_replace(true);
            std::mem::take(&mut *workers)
        };
        let all = futures::future::join_all(workers.iter_mut().map(|worker| &mut worker.task));
        if self.env.timeout_real(patience, all).await.is_ok() {
            return Vec::new();
        }
        let late: Vec<_> = workers.iter().filter(|worker| !worker.task.is_finished()).map(|w| w.name).collect();
        tracing::warn!(workers = ?late, "aborted workers that did not stop in time");
        late
    }
}

/// One worker's task, from start to stop.
struct Life {
    env: Env,
    state: Arc<State>,
    stopping: watch::Receiver<bool>,
    failures: u32,
}

impl Life {
    async fn run(mut self, worker: impl Worker) {
        while !is_stopped(&self.stopping) {
            self.state.set(Doing::Running);
            self.state.hint.clear();
            match self.attempt(&worker).await {
                Ok(next) => {
                    self.failures = 0;
                    self.rest(next).await;
                }
                Err(Failed) => {
                    self.failures = self.failures.saturating_add(1);
                    self.pause().await;
                }
            }
        }
        self.state.set(Doing::Idle);
        self.state.hint.clear();
    }

    async fn attempt<W: Worker>(&self, worker: &W) -> Result<Next, Failed> {
        let name = worker.name();
        metrics::counter!("tidegate_worker_runs_total", "worker" => name).increment(1);
        // The future is dropped after a panic, and what it shares is the worker's to keep sound: it
        // must bear being dropped at any await anyway.
        let outcome = AssertUnwindSafe(worker.run_once()).catch_unwind().await;
        let reason = match outcome {
            Ok(Ok(next)) => return Ok(next),
            Ok(Err(error)) => {
                tracing::warn!(worker = name, %error, failures = self.failures + 1, "a worker failed");
                "error"
            }
            Err(panic) => {
                let message = panic_message(&*panic);
                tracing::error!(worker = name, message, failures = self.failures + 1, "a worker panicked");
                "panic"
            }
        };
        metrics::counter!("tidegate_worker_failures_total", "worker" => name, "reason" => reason).increment(1);
        Err(Failed)
    }

    async fn rest(&mut self, next: Next) {
        let Life { env, state, stopping, .. } = self;
        match next {
            // Others get a turn, also if the worker never has to wait.
            Next::Again => tokio::task::yield_now().await,
            Next::At(due) => {
                state.set(Doing::SleepingUntil(due));
                tokio::select! {
                    biased;
                    () = stopped(stopping) => {}
                    () = state.hint.given() => {}
                    () = env.sleep_until(due) => {}
                }
            }
            Next::OnHint => {
                state.set(Doing::Idle);
                tokio::select! {
                    biased;
                    () = stopped(stopping) => {}
                    () = state.hint.given() => {}
                }
            }
        }
    }

    /// Hints do not shorten it: a failing worker that is hinted by every commit would spin.
    async fn pause(&mut self) {
        self.state.set(Doing::Pausing);
        let pause = backoff::pause(self.failures, self.env.random_u64());
        tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => {}
            () = self.env.sleep_real(pause) => {}
        }
    }
}

/// A run failed, and that was counted and logged.
struct Failed;

/// Whether the supervisor stops, or is gone: dropped without having been stopped.
fn is_stopped(stopping: &watch::Receiver<bool>) -> bool {
    *stopping.borrow() || stopping.has_changed().is_err()
}

/// Resolves when the supervisor stops, or is gone.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _told_or_gone = stopping.wait_for(|stopping| *stopping).await.is_ok();
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}
