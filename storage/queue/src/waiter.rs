//! Waiting for a message.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::futures::OwnedNotified;

use crate::state::QueueState;

/// A place in line for the next ready message of a queue.
///
/// A hint, not a promise: a waiter may be woken in vain, but a message that can be had never lies
/// while everybody in line sleeps.
pub struct Waiter {
    /// `None`: there was no such queue.
    line: Option<Line>,
}

struct Line {
    state: Arc<QueueState>,
    place: Pin<Box<OwnedNotified>>,
    /// Woken, and perhaps dropped before it looked.
    woken: bool,
}

impl Waiter {
    pub(crate) fn new(state: Option<Arc<QueueState>>) -> Waiter {
        let line = state.map(|state| {
            state.joined();
            Line { place: state.join(), state, woken: false }
        });
        Waiter { line }
    }

    /// Resolves when a message may be ready. Each message that becomes ready wakes one waiter, in
    /// order of arrival; a woken waiter that is dropped before it looked passes the wake-up on.
    /// Resolves also when the queue is deleted, and at once if it did not exist.
    pub async fn woken(&mut self) {
        let Some(line) = &mut self.line else { return };
        line.woken = false;
        line.place.as_mut().await;
        line.woken = true;
        // At the end of the line again before the caller looks, so that nothing falls in between.
        line.place = line.state.join();
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let Some(Line { state, place, woken }) = self.line.take() else { return };
        // A wake-up that came since goes to the next in line by itself.
        drop(place);
        state.left(woken);
    }
}
