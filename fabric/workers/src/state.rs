use parking_lot::Mutex;
use tidegate_env::{Activity, Report};
use tidegate_types::Timestamp;

use crate::Hint;

/// What a worker is doing, as the idle barrier sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Running,
    /// It failed and will try again: its work is still to be done.
    Pausing,
    SleepingUntil(Timestamp),
    Idle,
}

#[derive(Debug)]
pub(crate) struct State {
    name: &'static str,
    pub(crate) hint: Hint,
    doing: Mutex<Doing>,
}

impl State {
    pub(crate) fn new(name: &'static str, hint: Hint) -> State {
        // Running from the start: between spawning and the first run the worker is not idle.
        State { name, hint, doing: Mutex::new(Doing::Running) }
    }

    pub(crate) fn set(&self, doing: Doing) {
        *self.doing.lock() = doing;
    }
}

impl Activity for State {
    fn report(&self, now: Timestamp, report: &mut Report) {
        // The hint is read before the state: a run marks itself as running before it clears the hint,
        // so one of the two is seen.
        let hinted = self.hint.is_pending();
        let doing = *self.doing.lock();
        match doing {
            Doing::Idle if !hinted => {}
            Doing::SleepingUntil(due) if !hinted && due > now => report.waiting(self.name, due),
            Doing::Pausing => report.busy(format!("{} (failed, will try again)", self.name), 1),
            Doing::Idle | Doing::SleepingUntil(_) | Doing::Running => report.busy(self.name, 1),
        }
    }
}
