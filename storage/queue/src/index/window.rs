//! The ready messages of one lane: all of them counted, the lowest of them by position.
//!
//! A lane may hold millions. Only the lowest few are kept here; where they end, *unread* ones begin,
//! which lie on disk and are read from there when the window runs low. Messages that become ready
//! again (a lease ran out, a reservation was given back) are usually below that point and take their
//! place in the window; the highest then goes back to being unread.
//!
//! The window of a lane that was found on disk is *uncounted*: how many unread messages it has is not
//! known before they have been read to their end. Until then they count as unlisted; see `lanes.rs`.

use std::collections::VecDeque;

use tidegate_types::Timestamp;

/// Senders draw `sent_at` before their commit is ordered, so neighbours may be out of order by as
/// much as a commit takes. Within this they count as ordered.
const SENT_AT_SLACK_MS: u64 = 1_000;

/// A ready message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub position: u64,
    pub sent_at: Timestamp,
}

/// *Invariant*: the places are in order of position. While [`Window::is_complete`] does not hold,
/// every ready message below `unread_from` has a place and none at or above it has one.
#[derive(Debug, Default)]
pub(crate) struct Window {
    places: VecDeque<Place>,
    ready: u64,
    unread_from: u64,
    unread: Unread,
    /// Whether `ready` leaves out what is unread.
    uncounted: bool,
}

/// What is known of when the unread messages were sent.
#[derive(Debug, Default, Clone, Copy)]
struct Unread {
    /// None of them was sent before.
    oldest: Timestamp,
    newest: Timestamp,
    /// The same for those that became unread since a pass over them began.
    oldest_in_pass: Timestamp,
    /// Whether a later position may have been sent earlier, by more than the slack.
    disordered: bool,
}

impl Window {
    /// The window of a lane of which nothing is known but that no ready message lies below `unread_from`.
    pub(crate) fn uncounted(unread_from: u64) -> Window {
        Window { unread_from, uncounted: true, ..Window::default() }
    }

    pub(crate) fn is_uncounted(&self) -> bool {
        self.uncounted
    }

    /// Everything has been read: from now on everything is counted.
    pub(crate) fn count(&mut self) {
        self.uncounted = false;
    }

    /// How many messages are ready, unread ones included if they are counted.
    pub(crate) fn ready(&self) -> u64 {
        self.ready
    }

    /// How many have a place.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is unread.
    pub(crate) fn is_complete(&self) -> bool {
        !self.uncounted && self.ready == self.places.len() as u64
    }

    /// The first position that may be unread.
    pub(crate) fn unread_from(&self) -> u64 {
        self.unread_from
    }

    /// No ready message lies below this position. `None` if none is ready.
    pub(crate) fn head(&self) -> Option<u64> {
        let first = self.places.front().map(|place| place.position);
        first.or((!self.is_complete()).then_some(self.unread_from))
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    /// The lowest place of a message sent at or after `time`.
    pub(crate) fn first_sent_from(&self, time: Timestamp) -> Option<usize> {
        self.places.iter().position(|place| place.sent_at >= time)
    }

    /// No ready message was sent before this.
    pub(crate) fn oldest_sent_at(&self) -> Option<Timestamp> {
        let windowed = self.places.iter().map(|place| place.sent_at).min();
        windowed.into_iter().chain(self.unread_oldest()).min()
    }

    /// No unread message was sent before this.
    pub(crate) fn unread_oldest(&self) -> Option<Timestamp> {
        (!self.uncounted && !self.is_complete()).then_some(self.unread.oldest)
    }

    /// Takes in a message that is ready now, in its place if that is below what is unread. Without
    /// `room` the window does not grow. Returns when the message was sent that is unread by this.
    pub(crate) fn add(&mut self, place: Place, room: bool) -> Option<Timestamp> {
        let was_complete = self.is_complete();
        if !was_complete && place.position >= self.unread_from {
            self.ready += u64::from(!self.uncounted);
            self.unread.note(place.sent_at);
            return Some(place.sent_at);
        }
        self.ready += 1;
        let at = self.places.partition_point(|other| other.position < place.position);
        self.places.insert(at, place);
        if room {
            return None;
        }
        let highest = self.places.pop_back()?;
        self.unread_from = highest.position;
        self.ready -= u64::from(self.uncounted);
        if was_complete {
            self.unread = Unread::starting_with(highest.sent_at);
        } else {
            self.unread.note(highest.sent_at);
        }
        Some(highest.sent_at)
    }

    /// A ready message is ready no more.
    pub(crate) fn remove(&mut self, position: u64) {
        let place = self.places.binary_search_by_key(&position, |place| place.position).ok();
        if place.is_some() || !self.uncounted {
            self.ready = self.ready.checked_sub(1).expect("a message that was ready was counted");
        }
        place.map(|at| self.places.remove(at));
        self.assert_counted();
    }

    /// Takes the message of place `at` out.
    pub(crate) fn take(&mut self, at: usize) -> Place {
        self.ready -= 1;
        self.places.remove(at).expect("the caller found a place there")
    }

    /// Gives places to messages that were unread, in order of position, while there is `room` for
    /// one more beside that many; all unread ones below `read_to` are among them.
    /// Whether all of them got one.
    pub(crate) fn read(
        &mut self,
        found: impl Iterator<Item = Place>,
        read_to: u64,
        room: impl Fn(usize) -> bool,
    ) -> bool {
        for place in found {
            if !room(self.places.len()) {
                self.unread_from = place.position;
                return false;
            }
            self.unread.passed(place.sent_at);
            self.places.push_back(place);
            self.ready += u64::from(self.uncounted);
            self.assert_counted();
        }
        self.unread_from = read_to;
        true
    }

    /// Whatever has a place is counted.
    fn assert_counted(&self) {
        assert!(
            self.ready >= self.places.len() as u64,
            "{} ready, {} places, from {}",
            self.ready,
            self.places.len(),
            self.unread_from
        );
    }

    /// A pass over all that is unread begins.
    pub(crate) fn begin_pass(&mut self) {
        self.unread.oldest_in_pass = Timestamp::MAX;
    }

    /// The pass found nothing sent before `oldest`.
    pub(crate) fn end_pass(&mut self, oldest: Timestamp) {
        self.unread.oldest = oldest.min(self.unread.oldest_in_pass);
    }
}

impl Unread {
    fn starting_with(sent_at: Timestamp) -> Unread {
        Unread { oldest: sent_at, newest: sent_at, oldest_in_pass: sent_at, disordered: false }
    }

    fn note(&mut self, sent_at: Timestamp) {
        self.disordered |= sent_at.plus_millis(SENT_AT_SLACK_MS) < self.newest;
        self.oldest = self.oldest.min(sent_at);
        self.oldest_in_pass = self.oldest_in_pass.min(sent_at);
        self.newest = self.newest.max(sent_at);
    }

    fn passed(&mut self, sent_at: Timestamp) {
        if !self.disordered {
            self.oldest = self.oldest.max(sent_at.minus_millis(SENT_AT_SLACK_MS));
        }
    }
}
