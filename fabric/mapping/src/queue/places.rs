use std::time::Duration;

use crate::limits::{FIRST_CALLS, GROWTH_EVERY, MOST_CALLS};

/// How many calls of a mapping may go on at once: few at first, one more for each while in which all of them
/// were busy, and few again once none is.
#[derive(Debug)]
pub(super) struct Places {
    limit: usize,
    most: usize,
    /// When the limit may grow next; `None` until all places were first taken.
    grows_at: Option<Duration>,
}

impl Places {
    pub(super) fn new(most: Option<usize>) -> Places {
        let most = most.unwrap_or(MOST_CALLS);
        Places { limit: FIRST_CALLS.min(most), most, grows_at: None }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// In how long it grows if all places stay taken; `None` if it does not.
    pub(super) fn grows_in(&mut self, taken: usize, now: Duration) -> Option<Duration> {
        self.look(taken, now);
        let grows_at = self.grows_at?;
        (taken >= self.limit && self.limit < self.most).then(|| grows_at.saturating_sub(now))
    }

    /// Looks at how many are taken: a time since some start.
    pub(super) fn look(&mut self, taken: usize, now: Duration) {
        if taken == 0 {
            self.limit = FIRST_CALLS.min(self.most);
            self.grows_at = None;
        } else if taken >= self.limit {
            let grows_at = *self.grows_at.get_or_insert(now + GROWTH_EVERY);
            if now >= grows_at && self.limit < self.most {
                self.limit += 1;
                self.grows_at = Some(now + GROWTH_EVERY);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_lasting_backlog_gets_more_places_up_to_the_most() {
        let mut places = Places::new(Some(7));
        assert_eq!(places.grows_in(5, at(0)), Some(at(200)));
        assert_eq!(places.grows_in(4, at(100)), None);
        assert_eq!(places.grows_in(5, at(150)), Some(at(50)));
        places.look(5, at(200));
        assert_eq!(places.limit(), 6);
        places.look(6, at(400));
        places.look(7, at(900));
        assert_eq!((places.limit(), places.grows_in(7, at(2000))), (7, None));
        places.look(0, at(3000));
        assert_eq!(places.limit(), 5);
    }

    #[test]
    fn fewer_than_the_first_are_never_exceeded() {
        let mut places = Places::new(Some(2));
        places.look(2, at(0));
        places.look(2, at(9000));
        assert_eq!(places.limit(), 2);
    }
}
