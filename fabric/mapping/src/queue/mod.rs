//! Following a queue: messages are received, collected into batches, and deleted once they are dealt with.
//!
//! One task receives, and starts a task for each batch. It receives only while another call may begin, so
//! that what it holds is about to be processed; messages that come to an idle queue wake it at once, and
//! there is no tick. It takes as many messages as all free calls together can have: receives are commits,
//! and a backlog should need few. Of a FIFO queue it takes one batch at a time: the queue locks the message
//! groups of what it hands out, so groups stay in order within batches and run in parallel across them.
//!
//! A receive that was begun is carried on, over the ends of windows and batches: one that is dropped while
//! it commits would hide messages from everybody for a while, and count as one of their receives.

mod batch;
mod event;
mod places;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesUnordered;
use tidegate_env::TaskHandle;
use tidegate_ports::{QueueFollowError, QueueMessage, QueueReceive, QueueSource};
use tidegate_types::Timestamp;

use crate::board::{Doing, Part};
use crate::engine::{Shared, Stop};
use crate::limits::{EVENT_FRAME_BYTES, LAST_RECEIVE, MAX_EVENT_BYTES, MAX_RECEIVED, MISSING_PAUSE, PAUSE};
use crate::mapping::{LastResult, Mapping, Phase, QueueOptions};
use batch::{Batch, Held};
use places::Places;

/// How long a receive may wait: it is woken by messages, and this only has to end at some time.
const WAIT: Duration = Duration::from_secs(3600);

/// The most bytes of records that one receive takes.
const MAX_RECEIVED_BYTES: usize = 4 * MAX_EVENT_BYTES;

/// Follows the queue until `stop`, and then until all that goes on has ended.
pub(crate) async fn follow(shared: &Arc<Shared>, mapping: &Arc<Mapping>, options: QueueOptions, stop: &Stop) {
    let part = shared.board.enter();
    let Some(source) = shared.parts.queue_source(mapping) else {
        tracing::warn!(mapping = %mapping.id, source = %mapping.source, "nothing here has such queues");
        shared.board.result(LastResult::NoSource);
        part.set(Doing::Resting);
        return stop.set().await;
    };
    let pump = Pump {
        shared: shared.clone(),
        mapping: mapping.clone(),
        source,
        part,
        stop: stop.clone(),
        places: Places::new(options.max_concurrency),
        pending: VecDeque::new(),
        receiving: None,
        batches: FuturesUnordered::new(),
        deletions: FuturesUnordered::new(),
    };
    shared.board.phase(Phase::Running);
    pump.run().await;
}

/// What a receive brought, and until when it is hidden.
struct Received {
    messages: Result<Vec<QueueMessage>, QueueFollowError>,
    at: Timestamp,
    hidden: Duration,
    fifo: bool,
}

struct Pump {
    shared: Arc<Shared>,
    mapping: Arc<Mapping>,
    source: Arc<dyn QueueSource>,
    part: Part,
    stop: Stop,
    places: Places,
    /// Received, wanted, and not yet in a batch.
    pending: VecDeque<Held>,
    receiving: Option<BoxFuture<'static, Received>>,
    batches: FuturesUnordered<TaskHandle<Part>>,
    deletions: FuturesUnordered<TaskHandle<()>>,
}

impl Pump {
    async fn run(mut self) {
        let (env, stop) = (self.shared.parts.env.clone(), self.stop.clone());
        while !stop.is_set() {
            self.start_batches(false);
            if self.receiving.is_none() && self.room() > 0 {
                self.receiving = Some(self.receive(None));
            }
            let due = self.due().filter(|_| self.has_place());
            let growth = self.places.grows_in(self.batches.len(), env.monotonic());
            let resting = || due.map_or(Doing::Resting, Doing::Until);
            tokio::select! {
                biased;
                () = stop.set() => break,
                // The part of a batch that has ended is dropped here, once this one works.
                Some(_part) = self.batches.next(), if !self.batches.is_empty() => self.part.set(Doing::Working),
                Some(_) = self.deletions.next(), if !self.deletions.is_empty() => {}
                received = arrival(&mut self.receiving, &self.part, resting) => {
                    self.part.set(Doing::Working);
                    self.take(received);
                }
                () = until(&env, due) => self.part.set(Doing::Working),
                () = after(&env, growth) => self.part.set(Doing::Working),
            }
            self.places.look(self.batches.len(), env.monotonic());
        }
        self.end().await;
    }

    /// Processes what is held, and waits for everything that goes on.
    async fn end(mut self) {
        self.part.set(Doing::Working);
        let env = self.shared.parts.env.clone();
        if let Some(receiving) = self.receiving.take()
            && let Ok(received) = env.timeout_real(LAST_RECEIVE, receiving).await
        {
            self.take(received);
            self.receiving = None;
        }
        self.start_batches(true);
        self.part.set(Doing::Resting);
        while self.batches.next().await.is_some() {}
        while self.deletions.next().await.is_some() {}
    }

    fn has_place(&self) -> bool {
        self.batches.len() < self.places.limit()
    }

    /// How many more messages the calls that may begin can have.
    fn room(&self) -> usize {
        let free = self.places.limit().saturating_sub(self.batches.len());
        (free * self.mapping.batch_size).saturating_sub(self.pending.len())
    }

    /// Until when the first message that waits may wait for others.
    fn due(&self) -> Option<Timestamp> {
        self.pending.front().map(|held| held.received_at.plus(self.mapping.window))
    }

    fn receive(&self, pause: Option<Duration>) -> BoxFuture<'static, Received> {
        let (source, mapping, env) = (self.source.clone(), self.mapping.clone(), self.shared.parts.env.clone());
        let room = self.room();
        async move {
            if let Some(pause) = pause {
                env.sleep_real(pause).await;
            }
            let (hidden, fifo) = match source.describe(&mapping.source) {
                Ok(Some(queue)) => (queue.visibility_timeout, queue.fifo),
                Ok(None) => return Received::failed(QueueFollowError::NoSuchQueue(mapping.source.clone()), env.now()),
                Err(error) => return Received::failed(error.into(), env.now()),
            };
            // What waits for a batch to become full stays hidden for that long, and then for its call.
            let hidden = hidden + mapping.window;
            let receive = QueueReceive {
                messages: if fifo { mapping.batch_size } else { room.clamp(1, MAX_RECEIVED.max(mapping.batch_size)) },
                bytes: if fifo { MAX_EVENT_BYTES - EVENT_FRAME_BYTES } else { MAX_RECEIVED_BYTES },
                visibility_timeout: (!mapping.window.is_zero()).then_some(hidden),
                wait: WAIT,
            };
            let messages = source.receive(&mapping.source, receive).await;
            Received { messages, at: env.now(), hidden, fifo }
        }
        .boxed()
    }

    /// Keeps what is wanted and deletes the rest.
    fn take(&mut self, received: Received) {
        let messages = match received.messages {
            Ok(messages) => messages,
            Err(error) => return self.fail(&error),
        };
        let mut unwanted = Vec::new();
        let mut wanted = Vec::with_capacity(messages.len());
        for message in messages {
            let json = event::record(&self.mapping.source, &message);
            let admits =
                |filter: &Arc<dyn crate::Filter>| filter.admits(&event::for_filters(&self.mapping.source, &message));
            if self.mapping.filter.as_ref().is_none_or(admits) {
                let QueueMessage { message_id, receipt_handle, trace, .. } = message;
                let (received_at, hidden_until) = (received.at, received.at.plus(received.hidden));
                wanted.push(Held { message_id, receipt_handle, trace, json, received_at, hidden_until });
            } else {
                unwanted.push(message.receipt_handle);
            }
        }
        metrics::counter!("tidegate_mapping_records_total", "fate" => "filtered").increment(unwanted.len() as u64);
        if !unwanted.is_empty() {
            let batch = self.batch(Vec::new(), received.hidden);
            let until = received.at.plus(received.hidden);
            let env = &self.shared.parts.env;
            self.deletions.push(env.spawn("filtered messages", async move { batch.delete(&unwanted, until).await }));
        }
        if received.fifo {
            // All of it at once, however large: two batches could run the messages of one group at the same time.
            self.start(wanted, received.hidden);
        } else {
            self.pending.extend(wanted);
        }
    }

    fn fail(&mut self, error: &QueueFollowError) {
        let (result, pause) = match error {
            QueueFollowError::NoSuchQueue(_) => (LastResult::NoSource, MISSING_PAUSE),
            QueueFollowError::Store(_) | QueueFollowError::Commit(_) => (LastResult::SourceFailed, PAUSE),
        };
        tracing::debug!(mapping = %self.mapping.id, %error, "messages cannot be received; trying again");
        self.shared.board.result(result);
        self.receiving = Some(self.receive(Some(pause)));
    }

    /// Starts each batch that is full or has waited long enough, while there are places; at the end of all,
    /// whatever there is.
    fn start_batches(&mut self, all: bool) {
        let now = self.shared.parts.env.now();
        loop {
            let (count, is_full) = self.next_batch();
            let is_due = self.due().is_some_and(|due| due <= now);
            if count == 0 || !(all || (self.has_place() && (is_full || is_due))) {
                return;
            }
            let held: Vec<_> = self.pending.drain(..count).collect();
            let hidden = held[0].hidden_until.since(held[0].received_at);
            self.start(held, hidden);
        }
    }

    /// How many of the messages that wait make the next batch, and whether no more would fit.
    fn next_batch(&self) -> (usize, bool) {
        let mut bytes = EVENT_FRAME_BYTES;
        for (count, held) in self.pending.iter().enumerate() {
            bytes += held.json.len() + 1;
            if count == self.mapping.batch_size || (bytes > MAX_EVENT_BYTES && count > 0) {
                return (count, true);
            }
        }
        (self.pending.len(), self.pending.len() == self.mapping.batch_size)
    }

    fn start(&mut self, held: Vec<Held>, hidden: Duration) {
        if !held.is_empty() {
            let batch = self.batch(held, hidden);
            self.batches.push(self.shared.parts.env.spawn("batch of messages", batch.run()));
        }
    }

    fn batch(&self, held: Vec<Held>, hidden: Duration) -> Batch {
        Batch {
            part: self.shared.board.enter(),
            shared: self.shared.clone(),
            mapping: self.mapping.clone(),
            source: self.source.clone(),
            held,
            hidden,
            stop: self.stop.clone(),
        }
    }
}

impl Received {
    fn failed(error: QueueFollowError, at: Timestamp) -> Received {
        Received { messages: Err(error), at, hidden: Duration::ZERO, fifo: false }
    }
}

/// Resolves with what a receive brings, and forgets it; never, if there is none. Only once the receive waits,
/// and with it reports what could be had, does its pump rest.
async fn arrival(
    receiving: &mut Option<BoxFuture<'static, Received>>,
    part: &Part,
    resting: impl Fn() -> Doing,
) -> Received {
    let received = poll_fn(|context| match receiving.as_mut().map(|receiving| receiving.poll_unpin(context)) {
        Some(Poll::Ready(received)) => Poll::Ready(received),
        Some(Poll::Pending) | None => {
            part.set(resting());
            Poll::Pending
        }
    });
    let received = received.await;
    *receiving = None;
    received
}

async fn until(env: &tidegate_env::Env, due: Option<Timestamp>) {
    match due {
        Some(due) => env.sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn after(env: &tidegate_env::Env, pause: Option<Duration>) {
    match pause {
        Some(pause) => env.sleep_real(pause).await,
        None => std::future::pending().await,
    }
}
