//! Those who wait until something is durable.
//!
//! One list for all, woken by group: a channel for each commit would cost an allocation and a lock
//! each, and nobody waits for anything but a number to be reached.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::{CommitError, Sequence, StoreError};

#[derive(Default)]
pub(crate) struct Waits {
    durable: AtomicU64,
    any_lost: AtomicBool,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    wakers: Vec<(Sequence, Waker)>,
    /// Commits above the first and up to the second were given up, with the reason. One entry for
    /// each failure of the disk in the life of the process.
    lost: Vec<(Sequence, Sequence, StoreError)>,
}

impl List {
    fn outcome_of_lost(&self, sequence: Sequence) -> Option<CommitError> {
        let mut lost = self.lost.iter();
        lost.find(|(above, to, _)| *above < sequence && sequence <= *to).map(|(_, _, reason)| reason.clone().into())
    }

    fn wake(&mut self, mut whom: impl FnMut(Sequence) -> bool) -> Vec<Waker> {
        self.wakers.extract_if(.., |(sequence, _)| whom(*sequence)).map(|(_, waker)| waker).collect()
    }
}

impl Waits {
    pub(crate) fn starting_at(durable: Sequence) -> Waits {
        Waits { durable: AtomicU64::new(durable.0), ..Waits::default() }
    }

    pub(crate) fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Ordering::Acquire))
    }

    /// Wakes everybody up to `durable`.
    pub(crate) fn advance(&self, durable: Sequence) {
        self.durable.store(durable.0, Ordering::Release);
        let wakers = self.list.lock().wake(|sequence| sequence <= durable);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Tells those above `above` and up to `to` that their commits were given up.
    pub(crate) fn give_up(&self, above: Sequence, to: Sequence, reason: StoreError) {
        let wakers = {
            let mut list = self.list.lock();
            list.lost.push((above, to, reason));
            self.any_lost.store(true, Ordering::Release);
            list.wake(|sequence| above < sequence && sequence <= to)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    fn outcome(&self, sequence: Sequence) -> Option<Result<(), CommitError>> {
        // Numbers of lost commits are skipped over, so the durable one passes them too, but only
        // after they were listed: it is read first.
        let durable = self.durable();
        if self.any_lost.load(Ordering::Acquire)
            && let Some(lost) = self.list.lock().outcome_of_lost(sequence)
        {
            return Some(Err(lost));
        }
        (durable >= sequence).then_some(Ok(()))
    }
}

/// Resolves once `sequence` is durable or given up.
pub(crate) struct DurableWait {
    waits: Arc<Waits>,
    sequence: Sequence,
    registered: Option<Waker>,
}

impl DurableWait {
    pub(crate) fn new(waits: Arc<Waits>, sequence: Sequence) -> DurableWait {
        DurableWait { waits, sequence, registered: None }
    }
}

impl Future for DurableWait {
    type Output = Result<(), CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(outcome) = self.waits.outcome(self.sequence) {
            return Poll::Ready(outcome);
        }
        if self.registered.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            return Poll::Pending;
        }
        let waits = self.waits.clone();
        let mut list = waits.list.lock();
        // Again under the lock: whoever changes either of them takes it after or meanwhile.
        if let Some(lost) = list.outcome_of_lost(self.sequence) {
            return Poll::Ready(Err(lost));
        }
        if waits.durable() >= self.sequence {
            return Poll::Ready(Ok(()));
        }
        list.wakers.push((self.sequence, context.waker().clone()));
        self.registered = Some(context.waker().clone());
        Poll::Pending
    }
}
