//! What a supervisor does with workers that succeed, fail, panic, sleep and are stopped.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tidegate_env::{Env, ManualClock, Report};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Next, Supervisor, Worker};
use tokio::sync::{Semaphore, mpsc};

const START: Timestamp = Timestamp::from_secs(1_000);
/// Longer than any pause after a failure.
const LONG: Duration = Duration::from_secs(31);

/// What one run of the scripted worker does.
enum Step {
    Next(Next),
    Fail,
    Panic,
    /// Waits until the test lets it go on.
    Block,
}

/// Follows a script, reports each run as it begins, and wants a hint once the script is over.
struct Scripted {
    steps: Mutex<VecDeque<Step>>,
    began: mpsc::UnboundedSender<()>,
    gate: Arc<Semaphore>,
}

impl Worker for Scripted {
    type Error = &'static str;

    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn run_once(&self) -> Result<Next, &'static str> {
        self.began.send(()).expect("the test listens");
        let step = self.steps.lock().pop_front();
        match step {
            None => Ok(Next::OnHint),
            Some(Step::Next(next)) => Ok(next),
            Some(Step::Fail) => Err("as the script says"),
            Some(Step::Panic) => panic!("as the script says"),
            Some(Step::Block) => {
                self.gate.acquire().await.expect("never closed").forget();
                Ok(Next::OnHint)
            }
        }
    }
}

struct Stage {
    env: Env,
    clock: Arc<ManualClock>,
    supervisor: Supervisor,
    hint: Hint,
    began: mpsc::UnboundedReceiver<()>,
    gate: Arc<Semaphore>,
}

impl Stage {
    fn with(steps: impl IntoIterator<Item = Step>) -> Stage {
        let (env, clock) = Env::manual(1, START);
        let (sender, began) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let steps = Mutex::new(steps.into_iter().collect());
        let (supervisor, hint) = (Supervisor::new(env.clone()), Hint::new());
        supervisor.start(Scripted { steps, began: sender, gate: gate.clone() }, &hint);
        Stage { env, clock, supervisor, hint, began, gate }
    }

    async fn runs(&mut self, times: usize) {
        for _ in 0..times {
            self.began.recv().await.expect("the worker lives");
        }
    }

    fn report(&self) -> Report {
        self.env.activity().report(self.env.now())
    }

    /// Lets tasks run until the worker rests: these tests have one thread, so a few turns suffice.
    async fn settle(&mut self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    async fn assert_no_run(&mut self) {
        self.settle().await;
        assert!(self.began.try_recv().is_err(), "the worker ran");
    }
}

#[tokio::test]
async fn it_runs_at_the_start_again_when_it_asks_and_on_hints() {
    let mut stage = Stage::with([Step::Next(Next::Again), Step::Next(Next::Again)]);
    assert_eq!(stage.report().busy.len(), 1, "a worker that has not run yet is busy");
    stage.runs(3).await;
    stage.assert_no_run().await;
    assert_eq!(stage.report(), Report::default());

    stage.hint.give();
    stage.hint.give();
    assert_eq!(stage.report().busy.len(), 1, "a hint that was not taken is work");
    stage.runs(1).await;
    stage.settle().await;
    assert_eq!(stage.report(), Report::default());
}

#[tokio::test]
async fn it_runs_when_product_time_reaches_the_time_it_named() {
    let due = START.plus_millis(500);
    let mut stage = Stage::with([Step::Next(Next::At(due))]);
    stage.runs(1).await;
    stage.settle().await;
    assert_eq!(stage.report().next_due(), Some(due));
    assert!(stage.report().busy.is_empty());

    stage.clock.advance(Duration::from_millis(499));
    stage.assert_no_run().await;
    stage.clock.advance(Duration::from_millis(1));
    assert_eq!(stage.report().busy.len(), 1, "due is busy, before the task has woken up");
    stage.runs(1).await;
}

#[tokio::test]
async fn a_hint_comes_before_the_time_it_named() {
    let mut stage = Stage::with([Step::Next(Next::At(START.plus_millis(500)))]);
    stage.runs(1).await;
    stage.settle().await;
    stage.hint.give();
    stage.runs(1).await;
}

#[tokio::test]
async fn failures_and_panics_are_tried_again_after_a_pause_that_hints_do_not_shorten() {
    let mut stage = Stage::with([Step::Fail, Step::Panic, Step::Fail]);
    for _ in 0..3 {
        stage.runs(1).await;
        stage.settle().await;
        assert!(stage.report().busy[0].what.contains("will try again"), "{:?}", stage.report());
        stage.hint.give();
        stage.assert_no_run().await;
        stage.clock.advance(LONG);
    }
    // The run that succeeds, and one more for the hints given meanwhile.
    stage.runs(2).await;
    stage.settle().await;
    assert_eq!(stage.report(), Report::default());
}

#[tokio::test]
async fn stopping_waits_for_the_run_but_not_for_sleepers() {
    let mut stage = Stage::with([Step::Block]);
    stage.runs(1).await;
    let stop = stage.supervisor.stop(LONG);
    let mut stop = Box::pin(stop);
    assert!(futures::poll!(&mut stop).is_pending());
    stage.gate.add_permits(1);
    assert!(stop.await.is_empty());

    for steps in [vec![], vec![Step::Next(Next::At(Timestamp::MAX))], vec![Step::Fail]] {
        let mut stage = Stage::with(steps);
        stage.runs(1).await;
        stage.settle().await;
        assert!(stage.supervisor.stop(LONG).await.is_empty());
        assert!(stage.began.recv().await.is_none(), "the worker is gone");
        assert_eq!(stage.report(), Report::default());
    }
}

#[tokio::test]
async fn a_worker_that_does_not_stop_in_time_is_aborted_and_named() {
    let mut stage = Stage::with([Step::Block]);
    stage.runs(1).await;
    {
        let mut stop = Box::pin(stage.supervisor.stop(Duration::from_secs(5)));
        assert!(futures::poll!(&mut stop).is_pending());
        stage.clock.advance(Duration::from_secs(5));
        assert_eq!(stop.await, ["scripted"]);
    }
    assert!(stage.began.recv().await.is_none(), "the worker is gone");
    stage.supervisor.start(
        Scripted { steps: Mutex::default(), began: mpsc::unbounded_channel().0, gate: stage.gate.clone() },
        &stage.hint,
    );
    assert_eq!(stage.report(), Report::default(), "nothing starts after a stop");
}

/// Drops its own supervisor in its run, as the last owner of a service does in a panic.
struct Orphan {
    supervisor: Arc<Mutex<Option<Supervisor>>>,
    began: mpsc::UnboundedSender<()>,
}

impl Worker for Orphan {
    type Error = &'static str;

    fn name(&self) -> &'static str {
        "orphan"
    }

    async fn run_once(&self) -> Result<Next, &'static str> {
        self.began.send(()).expect("the test listens");
        if self.supervisor.lock().take().is_some() {
            return Ok(Next::OnHint);
        }
        // Awaiting lets the abort strike: a worker that came here without would never end.
        futures::future::pending().await
    }
}

/// Nothing the worker waits for comes any more, so it never awaits, and an abort never strikes.
#[tokio::test]
async fn a_worker_whose_supervisor_is_dropped_does_not_run_again() {
    let (env, _clock) = Env::manual(1, START);
    let (sender, mut began) = mpsc::unbounded_channel();
    let supervisor = Arc::new(Mutex::new(Some(Supervisor::new(env.clone()))));
    let orphan = Orphan { supervisor: supervisor.clone(), began: sender };
    supervisor.lock().as_ref().expect("it is there").start(orphan, &Hint::new());
    assert_eq!(began.recv().await, Some(()));
    assert_eq!(began.recv().await, None, "it ran again");
    assert_eq!(env.activity().report(env.now()), Report::default());
}
