//! A store in memory whose commits a test drives step by step, and may cut off between any two.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tidegate_env::Env;
use tidegate_log::{LogError, Logs};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{EmbeddedStore, KeyRange, Order, Page, Space, Step, Stepper, Store, Transacted, Tx, transact};
use tidegate_types::Timestamp;

pub struct World {
    pub disk: MemoryDisk,
    env: Env,
    pub store: Arc<EmbeddedStore>,
    stepper: Stepper,
    pub logs: Logs,
}

impl World {
    pub fn new(seed: u64) -> World {
        let env = Env::manual(seed, Timestamp::from_secs(1)).0;
        World::on(MemoryDisk::seeded(seed), env)
    }

    fn on(disk: MemoryDisk, env: Env) -> World {
        let (store, mut stepper) = EmbeddedStore::open_stepped(env.clone(), Box::new(disk.clone())).unwrap();
        let logs = drive(&mut stepper, usize::MAX, Logs::open(store.clone())).unwrap().unwrap();
        World { disk, env, store, stepper, logs }
    }

    /// Runs a future to its end, letting the committer step whenever the future waits.
    pub fn run<T>(&mut self, what: impl AsyncFnOnce(&dyn Store, &Logs) -> T) -> T {
        self.run_at_most(usize::MAX, what).expect("without a limit it ends")
    }

    /// As [`World::run`], but gives up after so many steps of the committer.
    pub fn run_at_most<T>(&mut self, steps: usize, what: impl AsyncFnOnce(&dyn Store, &Logs) -> T) -> Option<T> {
        drive(&mut self.stepper, steps, what(&*self.store, &self.logs))
    }

    /// Commits a transaction.
    pub fn transact<T>(
        &mut self,
        body: impl AsyncFnOnce(&mut Tx) -> Result<T, LogError> + Clone,
    ) -> Result<Transacted<T>, LogError> {
        self.run(async |store, _| Ok(transact(store, &[], body).await?))
    }

    /// Cuts the power and starts again.
    pub fn crash(self) -> World {
        let World { disk, env, store, stepper, logs } = self;
        drop((stepper, logs, store));
        disk.crash();
        World::on(disk, env)
    }

    /// Lets the committer open a failed store again.
    pub fn recover(&mut self) {
        while self.stepper.step() != Step::Recovered {}
    }

    /// Stops in an orderly way, with everything accepted durable, and starts again.
    pub fn restart(self) -> World {
        let World { disk, env, store, stepper, logs } = self;
        drop((stepper, logs, store));
        World::on(disk, env)
    }

    /// How many records of any kind the store holds.
    pub fn records(&mut self) -> usize {
        self.run(async |store, _| {
            let (view, everything) = (store.snapshot().unwrap(), KeyRange::prefix(&[]));
            let mut records = 0;
            for space in [Space::Map, Space::Log] {
                records += view.scan(space, &everything, Order::Ascending, Page::of(100_000)).await.unwrap().len();
            }
            records
        })
    }

    /// Asserts the numbered invariants.
    pub fn audit(&mut self) {
        let violations = self.run(async |store, _| tidegate_log::violations(&*store.snapshot().unwrap()).await);
        assert_eq!(violations.unwrap(), [] as [String; 0]);
    }
}

fn drive<T>(stepper: &mut Stepper, mut steps: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        steps = steps.checked_sub(1)?;
        stepper.step();
    }
}
