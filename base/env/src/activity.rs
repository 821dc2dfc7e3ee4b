use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tidegate_types::Timestamp;

/// A part of the server that can hold work: open requests, accepted batches, queues, workers.
///
/// A report must be cheap and must not await: the idle barrier asks all parts again and again.
pub trait Activity: Send + Sync {
    /// What moves now and what waits for a later time.
    fn report(&self, now: Timestamp, report: &mut Report);
}

/// What one round of asking found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What still moves. Empty means idle.
    pub busy: Vec<Busy>,
    /// What will move by itself later.
    pub waiting: Vec<Waiting>,
}

/// Work that is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// What it is, such as `request` or `queue orders`.
    pub what: String,
    /// How many of it.
    pub count: u64,
}

/// Work that a later time will start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What it is, such as `delayed message in orders`.
    pub what: String,
    /// When the earliest of it is due, in product time.
    pub due: Timestamp,
}

impl Report {
    /// Notes that `count` of `what` are moving; nothing if `count` is zero.
    pub fn busy(&mut self, what: impl Into<String>, count: u64) {
        if count > 0 {
            self.busy.push(Busy { what: what.into(), count });
        }
    }

    /// Notes that `what` becomes due at `due`.
    pub fn waiting(&mut self, what: impl Into<String>, due: Timestamp) {
        self.waiting.push(Waiting { what: what.into(), due });
    }

    /// When the next waiting work becomes due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|waiting| waiting.due).min()
    }
}

/// All parts that can hold work. A part leaves the board when it is dropped.
#[derive(Default)]
pub struct ActivityBoard {
    parts: Mutex<Vec<Weak<dyn Activity>>>,
}

impl ActivityBoard {
    /// Adds a part; the board does not keep it alive.
    pub fn register(&self, part: &Arc<dyn Activity>) {
        let mut parts = self.parts.lock();
        parts.retain(|part| part.strong_count() > 0);
        parts.push(Arc::downgrade(part));
    }

    /// Asks every part.
    pub fn report(&self, now: Timestamp) -> Report {
        let parts: Vec<_> = self.parts.lock().iter().filter_map(Weak::upgrade).collect();
        let mut report = Report::default();
        for part in parts {
            part.report(now, &mut report);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Activity for Fixed {
        fn report(&self, now: Timestamp, report: &mut Report) {
            report.busy("nothing", 0);
            report.busy("request", 2);
            report.waiting("message", now.plus_millis(5));
        }
    }

    #[test]
    fn a_dropped_part_no_longer_reports() {
        let board = ActivityBoard::default();
        let part: Arc<dyn Activity> = Arc::new(Fixed);
        board.register(&part);
        let report = board.report(Timestamp::EPOCH);
        assert_eq!(report.busy, [Busy { what: "request".to_owned(), count: 2 }]);
        assert_eq!(report.next_due(), Some(Timestamp::from_millis(5)));
        drop(part);
        assert_eq!(board.report(Timestamp::EPOCH), Report::default());
    }
}
