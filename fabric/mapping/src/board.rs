//! What a mapping is doing, for the idle barrier and for whoever asks how it stands.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use parking_lot::Mutex;
use tidegate_env::{Activity, Report};
use tidegate_ports::{StreamPosition, StreamSource};
use tidegate_types::{Arn, Timestamp};

use crate::mapping::{LastResult, Phase, Standing};

/// What one part of a mapping is doing: its poller, a batch, a lane of a shard.
pub(crate) enum Doing {
    /// Something that ends by itself.
    Working,
    /// Nothing before this time.
    Until(Timestamp),
    /// It waits for its source, which reports by itself what could be had.
    Resting,
    /// It waits for a record behind this place in a shard. Whether there is one is looked up, since the
    /// commit that brings it wakes the lane only a moment later.
    /// At the time, if there is one, it goes on in any case.
    Following(Arc<Place>, StreamPosition, Option<Timestamp>),
}

/// A shard that is followed.
pub(crate) struct Place {
    pub source: Arc<dyn StreamSource>,
    pub stream: Arn,
    pub shard: String,
}

/// Everything that one mapping is doing.
pub(crate) struct Board {
    name: String,
    inner: Mutex<Inner>,
}

struct Inner {
    next: u64,
    parts: HashMap<u64, Doing>,
    standing: Standing,
}

impl Board {
    pub(crate) fn new(name: String) -> Arc<Board> {
        let standing = Standing { phase: Phase::Starting, last: LastResult::Nothing };
        Arc::new(Board { name, inner: Mutex::new(Inner { next: 0, parts: HashMap::new(), standing }) })
    }

    /// A part that works, until it says otherwise or is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Part {
        let mut inner = self.inner.lock();
        let number = inner.next;
        inner.next += 1;
        inner.parts.insert(number, Doing::Working);
        Part { board: self.clone(), number }
    }

    pub(crate) fn standing(&self) -> Standing {
        self.inner.lock().standing
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.inner.lock().standing.phase = phase;
    }

    pub(crate) fn result(&self, last: LastResult) {
        self.inner.lock().standing.last = last;
    }
}

impl Activity for Board {
    fn report(&self, now: Timestamp, report: &mut Report) {
        let inner = self.inner.lock();
        let mut busy = 0;
        let mut next: Option<Timestamp> = None;
        for part in inner.parts.values() {
            let (moves, due) = match part {
                Doing::Working => (true, None),
                Doing::Until(at) => (false, Some(*at)),
                Doing::Resting => (false, None),
                Doing::Following(place, from, due) => {
                    let found = place.source.wait(&place.stream, &place.shard, *from).now_or_never();
                    (found.is_some(), *due)
                }
            };
            busy += u64::from(moves || due.is_some_and(|due| due <= now));
            next = due.into_iter().chain(next).min();
        }
        report.busy(&*self.name, busy);
        if let Some(due) = next.filter(|due| *due > now) {
            report.waiting(&*self.name, due);
        }
    }
}

/// One part of what a mapping is doing.
pub(crate) struct Part {
    board: Arc<Board>,
    number: u64,
}

impl Part {
    pub(crate) fn set(&self, doing: Doing) {
        self.board.inner.lock().parts.insert(self.number, doing);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.board.inner.lock().parts.remove(&self.number);
    }
}
