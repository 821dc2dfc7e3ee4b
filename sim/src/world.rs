//! One seed: a disk, a clock, chance, and the machines that live and die on them.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tidegate_env::{Env, SeededRandom};
use tidegate_store::engine::Disk;
use tidegate_store::engine::memory::{Fault, MemoryDisk};
use tidegate_store::{Status, Step, Stepper};
use tidegate_types::Timestamp;
use tokio::task::LocalSet;

use crate::audit;
use crate::chance::Chance;
use crate::clients::Clients;
use crate::clock::SimClock;
use crate::history::History;
use crate::lies::LyingDisk;
use crate::machine::{Failure, Machine, Steps, drive};
use crate::queues::Queue;
use crate::tables;

/// When machines are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Crashes {
    /// Never.
    #[default]
    Never,
    /// Once, right after this step of the committer, counted from the beginning of the world.
    Once(u64),
    /// Again and again; the disk fails as well.
    AtRandom,
}

/// What happens in a world.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// All of its chance.
    pub seed: u64,
    /// How much happens before the last audit.
    pub events: u64,
    /// When machines are killed.
    pub crashes: Crashes,
    /// Whether to print what happens.
    pub verbose: bool,
    /// Whether the disk says that it has synced and has not: to see whether anybody notices.
    pub disk_lies: bool,
}

impl Plan {
    /// Enough for several crashes.
    pub const DEFAULT_EVENTS: u64 = 6000;
}

/// What happened in a world in which everything held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Of everything that happened.
    pub digest: u64,
    /// Steps of the committer.
    pub steps: u64,
    /// Machines that were killed.
    pub crashes: u64,
    /// Failures of the disk.
    pub faults: u64,
    /// Requests made.
    pub operations: u64,
    /// Requests acknowledged.
    pub acknowledged: u64,
    /// Messages and items that were there at the end.
    pub audited: u64,
}

/// Something that cannot be has happened.
#[derive(Debug)]
pub struct Failed {
    plan: Plan,
    what: String,
    tail: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let crash = match self.plan.crashes {
            Crashes::Once(step) => format!(" --crash-at {step}"),
            Crashes::Never => format!(" --crash-at {}", u64::MAX),
            Crashes::AtRandom => String::new(),
        };
        write!(
            f,
            "{}\nseed {} failed: {}\nrepeat it with: cargo run -p tidegate-sim -- --seeds 1 --start {} --events {}{crash} --verbose",
            self.tail, self.plan.seed, self.what, self.plan.seed, self.plan.events
        )
    }
}

/// How a machine's life ended.
enum End {
    /// It was killed.
    Crash,
    /// All that was to happen has happened, and was audited.
    Done { audited: u64 },
}

/// A world.
pub struct World {
    plan: Plan,
    disk: MemoryDisk,
    clock: Arc<SimClock>,
    random: Arc<SeededRandom>,
    chance: Rc<Chance>,
    clients: Clients,
    steps: Steps,
    events_left: u64,
    crashes: u64,
}

impl World {
    /// Lives through a plan.
    ///
    /// # Errors
    /// Something happened that cannot be.
    pub fn run(plan: &Plan) -> Result<Summary, Box<Failed>> {
        let mut world = World::new(plan);
        let outcome = world.live();
        let violation = world.clients.model.borrow().violation.clone();
        let (what, audited) = match (violation, outcome) {
            (Some(violation), _) => (violation, 0),
            (None, Err(error)) => (format!("{error:#}"), 0),
            (None, Ok(audited)) => (String::new(), audited),
        };
        if !what.is_empty() {
            return Err(Box::new(Failed { plan: plan.clone(), what, tail: world.clients.history.tail() }));
        }
        let (operations, acknowledged) = world.clients.counts.get();
        Ok(Summary {
            digest: world.clients.history.digest(),
            steps: world.steps.made,
            crashes: world.crashes,
            faults: world.steps.failures,
            operations,
            acknowledged,
            audited,
        })
    }

    fn new(plan: &Plan) -> World {
        let clock = Arc::new(SimClock::new(Timestamp::from_secs(1_700_000_000)));
        let random = Arc::new(SeededRandom::new(plan.seed));
        let chance = Rc::new(Chance::new(plan.seed));
        let env = Env::new(clock.clone(), random.clone());
        let clients = Clients::new(chance.clone(), Rc::new(History::new(plan.verbose)), env);
        let crash_at = if let Crashes::Once(step) = plan.crashes { Some(step) } else { None };
        World {
            disk: MemoryDisk::seeded(plan.seed),
            clock,
            random,
            chance,
            clients,
            steps: Steps { crash_at, ..Steps::default() },
            events_left: plan.events,
            crashes: 0,
            plan: plan.clone(),
        }
    }

    fn live(&mut self) -> anyhow::Result<u64> {
        loop {
            // A runtime for each machine: dropping it kills every task where it stands.
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            let end = LocalSet::new().block_on(&runtime, self.one_life())?;
            drop(runtime);
            match end {
                End::Done { audited } => return Ok(audited),
                End::Crash => {
                    self.crashes += 1;
                    self.clients.history.note(|| "the machine is killed".to_owned());
                    self.disk.set_full(false);
                    self.disk.crash();
                    self.clients.model.borrow_mut().crashed(self.clock_now());
                }
            }
        }
    }

    fn disk(&self) -> Box<dyn Disk> {
        if self.plan.disk_lies { Box::new(LyingDisk(self.disk.clone())) } else { Box::new(self.disk.clone()) }
    }

    fn clock_now(&self) -> Timestamp {
        self.clients.env.now()
    }

    async fn one_life(&mut self) -> anyhow::Result<End> {
        // The clock and the chance go on; who was registered with the old environment is dead.
        let env = Env::new(self.clock.clone(), self.random.clone());
        let Some((mut machine, mut stepper)) = Machine::start(&env, self.disk(), &mut self.steps).await? else {
            return Ok(End::Crash);
        };
        self.clients.history.note(|| format!("a machine starts: {:?}", machine.store.status()));
        let clients = self.clients.clone();
        let prepared = drive(prepare(&mut machine, &clients), &mut stepper, &mut self.steps).await;
        if prepared.is_none() {
            return Ok(End::Crash);
        }
        let tasks = clients.start(&machine);
        if self.turmoil(&mut stepper).await.is_none() {
            return Ok(End::Crash);
        }
        self.clients.stopping.set(true);
        if self.calm_down(&machine, &mut stepper, &tasks).await.is_none() {
            return Ok(End::Crash);
        }
        let clock = self.clock.clone();
        let audited = drive(audit::everything(&machine, &clients, &clock), &mut stepper, &mut self.steps).await;
        Ok(audited.map_or(End::Crash, |audited| End::Done { audited }))
    }

    /// Lets things happen. `None` if the machine was killed.
    async fn turmoil(&mut self, stepper: &mut Stepper) -> Option<()> {
        // The last planned faults are waited for: they must not strike the audit.
        while (self.events_left > 0 || !self.disk.is_past_faults()) && self.clients.model.borrow().violation.is_none() {
            self.events_left = self.events_left.saturating_sub(1);
            match self.chance.within(0..1000) {
                0..560 => {
                    for _ in 0..self.chance.within(1..4) {
                        tokio::task::yield_now().await;
                    }
                }
                560..900 => self.step(stepper)?,
                900..985 => self.clock.advance(Duration::from_millis(self.chance.within(1..1500))),
                985..990 => {
                    let far = self.chance.within(10..90);
                    self.clients.history.note(|| format!("{far} seconds pass"));
                    self.clock.advance(Duration::from_secs(far));
                }
                _ if self.events_left == 0 => self.disk.set_full(false),
                _ if self.plan.crashes == Crashes::AtRandom => self.misfortune()?,
                _ => {}
            }
        }
        Some(())
    }

    fn step(&mut self, stepper: &mut Stepper) -> Option<()> {
        let step = self.steps.step(stepper)?;
        if step != Step::Idle {
            self.clients.history.note(|| format!("the committer: {step:?}"));
        }
        Some(())
    }

    /// The disk fails or fills up, or the machine is killed (`None`).
    fn misfortune(&mut self) -> Option<()> {
        match self.chance.within(0..10) {
            0..2 => return None,
            2..6 if self.disk.is_past_faults() => {
                let faults = [Fault::FailedWrite, Fault::PartialWrite, Fault::FailedSync, Fault::DiskFull];
                let (fault, good) = (*self.chance.pick(&faults), self.chance.within(0..6) as u32);
                self.clients.history.note(|| format!("{fault:?} after {good} good ones"));
                self.disk.plan(fault, good);
            }
            6 => {
                self.clients.history.note(|| "the disk is full".to_owned());
                self.disk.set_full(true);
            }
            7..10 => self.disk.set_full(false),
            _ => {}
        }
        Some(())
    }

    /// Lets the clients finish, and waits until the store is well and nothing moves.
    async fn calm_down(
        &mut self,
        machine: &Machine,
        stepper: &mut Stepper,
        tasks: &[tokio::task::JoinHandle<()>],
    ) -> Option<()> {
        self.disk.set_full(false);
        let (mut rounds, mut quiet) = (0, 0);
        while quiet < 50 {
            rounds += 1;
            if rounds > 100_000 {
                self.clients.model.borrow_mut().violate("the clients are not answered".to_owned());
                break;
            }
            tokio::task::yield_now().await;
            let step = self.steps.step(stepper)?;
            let finished = tasks.iter().all(tokio::task::JoinHandle::is_finished);
            let well = machine.store.status() == Status::Healthy;
            quiet = if finished && well && step == Step::Idle { quiet + 1 } else { 0 };
            // Long polls end by the clock.
            self.clock.advance(Duration::from_millis(if finished { 0 } else { 20 }));
        }
        Some(())
    }
}

/// Checks what a restart has made of the store, and makes the queues and the table that are not there
/// yet.
async fn prepare(machine: &mut Machine, clients: &Clients) {
    audit::invariants(machine, clients).await;
    for queue in Queue::ALL {
        // A failed disk is met again and again until the queue is there.
        while let (_, Err(failure)) = clients.call(&machine.sqs, "CreateQueue", &queue.creation()).await {
            if failure != Failure::InDoubt {
                return clients.model.borrow_mut().violate(format!("{queue:?} could not be made: {failure:?}"));
            }
        }
    }
    loop {
        let made = clients.call_service(&*machine.dynamodb, "CreateTable", &tables::creation()).await.1;
        let there = Failure::Refused("ResourceInUseException".to_owned());
        match made {
            Err(Failure::InDoubt) => continue,
            Err(failure) if failure != there => {
                return clients.model.borrow_mut().violate(format!("the table could not be made: {failure:?}"));
            }
            Ok(_) | Err(_) => {}
        }
        let input = serde_json::json!({ "TableName": tables::TABLE });
        let described = clients.call_service(&*machine.dynamodb, "DescribeTable", &input).await.1;
        let stream = described.ok().and_then(|table| table["Table"]["LatestStreamArn"].as_str()?.parse().ok());
        if let Some(stream) = stream {
            machine.stream = stream;
            return;
        }
    }
}
