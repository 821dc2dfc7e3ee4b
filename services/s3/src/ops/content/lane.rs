use std::future::Future;

use tidegate_env::{Env, TaskHandle};

/// Something that is worked on beside what goes on here: a hash in the making, a file that is written. One piece of
/// work at a time; the next one waits for it.
///
/// Each piece of work takes a thread of its own only for as long as it lasts. A thread for the whole of a body would
/// be quicker to hand work to, but a few hundred slow clients would hold them all.
pub(super) struct Lane<T> {
    env: Env,
    state: State<T>,
}

enum State<T> {
    Resting(T),
    Working(TaskHandle<T>),
    Lost,
}

impl<T: Send + 'static> Lane<T> {
    pub(super) fn new(env: Env, thing: T) -> Lane<T> {
        Lane { env, state: State::Resting(thing) }
    }

    /// Begins with `work`, on a thread where it may take its time, once what was begun before is done.
    pub(super) async fn start(&mut self, work: impl FnOnce(&mut T) + Send + 'static) {
        let mut thing = self.take().await;
        let env = self.env.clone();
        self.give(async move {
            let worked = env.run_blocking(move || {
                work(&mut thing);
                thing
            });
            worked.await
        });
    }

    /// Begins with what gives the thing back that was taken.
    pub(super) fn give(&mut self, work: impl Future<Output = T> + Send + 'static) {
        self.state = State::Working(self.env.spawn("receiving a body", work));
    }

    /// What is worked on, as the work leaves it.
    pub(super) async fn take(&mut self) -> T {
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Resting(thing) => thing,
            State::Working(task) => {
                let done = task.await;
                done.unwrap_or_else(|| panic!("what worked on a body panicked, and has said why"))
            }
            State::Lost => unreachable!("whoever takes it gives it back, or is done"),
        }
    }
}
