//! Everything that happened in a world.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many of the last events a failure shows.
const SHOWN: usize = 120;

/// The number of an event: what has a lower one happened before.
pub type Moment = u64;

/// The events, of which only the last and a digest of all are kept.
#[derive(Debug)]
pub struct History {
    digest: RefCell<DefaultHasher>,
    last: RefCell<VecDeque<String>>,
    count: Cell<Moment>,
    verbose: bool,
}

impl History {
    /// An empty history; `verbose` prints it as it grows.
    pub fn new(verbose: bool) -> History {
        // `DefaultHasher::new` has fixed keys: digests of two runs can be compared.
        let digest = RefCell::new(DefaultHasher::new());
        History { digest, last: RefCell::default(), count: Cell::new(0), verbose }
    }

    /// Notes an event.
    pub fn note(&self, event: impl FnOnce() -> String) -> Moment {
        let (moment, event) = (self.count.get() + 1, event());
        self.count.set(moment);
        event.hash(&mut *self.digest.borrow_mut());
        if self.verbose {
            println!("{moment:>6} {event}");
        }
        let mut last = self.last.borrow_mut();
        if last.len() == SHOWN {
            last.pop_front();
        }
        last.push_back(format!("{moment:>6} {event}"));
        moment
    }

    /// The number of the last event.
    pub fn now(&self) -> Moment {
        self.count.get()
    }

    /// A digest of all events.
    pub fn digest(&self) -> u64 {
        self.digest.borrow().finish()
    }

    /// The last events, one a line.
    pub fn tail(&self) -> String {
        self.last.borrow().iter().map(|event| format!("{event}\n")).collect()
    }
}
