use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidegate_ports::{QueueFollowError, QueueSource};
use tidegate_types::Timestamp;

use super::event;
use crate::answer::{self, Verdict};
use crate::board::{Doing, Part};
use crate::call::{Called, call, shared_trace};
use crate::engine::{Shared, Stop};
use crate::limits::{EVENT_FRAME_BYTES, MAX_EVENT_BYTES, PAUSE, backoff_ms};
use crate::mapping::{LastResult, Mapping};

/// Messages are hidden for longer when so little of their time is left and their call goes on; less for
/// queues that hide for a short time only.
const MARGIN: Duration = Duration::from_secs(5);

/// A message that was received.
pub(super) struct Held {
    pub message_id: String,
    pub receipt_handle: String,
    pub trace: Option<String>,
    /// The element of the event.
    pub json: Bytes,
    pub received_at: Timestamp,
    pub hidden_until: Timestamp,
}

/// Messages that are processed together.
pub(super) struct Batch {
    pub shared: Arc<Shared>,
    pub mapping: Arc<Mapping>,
    pub source: Arc<dyn QueueSource>,
    pub held: Vec<Held>,
    /// For how long the queue hides a message.
    pub hidden: Duration,
    pub part: Part,
    pub stop: Stop,
}

impl Batch {
    /// Calls the function, and deletes what it has dealt with. Everything else comes back by itself.
    ///
    /// What it was doing comes back with it, so that the idle barrier sees no moment in which neither this
    /// batch nor the next receive is there.
    pub(super) async fn run(mut self) -> Part {
        let held = std::mem::take(&mut self.held);
        // Nearly always in one piece: only JSON's escapes make a batch larger than what was received. What
        // follows a piece that failed must not overtake it.
        for piece in pieces(&held) {
            if !self.process(piece).await {
                break;
            }
        }
        self.part.set(Doing::Working);
        self.part
    }

    /// One call. Whether all went well.
    async fn process(&self, held: &[Held]) -> bool {
        let payload = event::event(held.iter().map(|held| &held.json));
        let trace = shared_trace(held.iter().map(|held| held.trace.as_deref()));
        let handles: Vec<_> = held.iter().map(|held| held.receipt_handle.clone()).collect();
        let mut hidden_until = held.iter().map(|held| held.hidden_until).min().unwrap_or(Timestamp::EPOCH);
        let mut refusals = 0;
        let called = loop {
            let calling = call(&self.shared, &self.mapping, payload.clone(), trace.clone());
            match self.keeping_hidden(&handles, &mut hidden_until, calling).await {
                Called::NotNow(_) => {
                    refusals += 1;
                    let again_at = self.now().plus_millis(backoff_ms(refusals));
                    if again_at >= hidden_until {
                        return false;
                    }
                    self.part.set(Doing::Until(again_at));
                    tokio::select! {
                        biased;
                        () = self.stop.set() => return false,
                        () = self.shared.parts.env.sleep_until(again_at) => self.part.set(Doing::Working),
                    }
                }
                called => break called,
            }
        };
        let verdict = match &called {
            Called::Answered(answer) if self.mapping.partial_failures => {
                answer::read(&answer.payload, held.iter().map(|held| held.message_id.as_str()))
            }
            Called::Answered(_) => Verdict::Success,
            Called::Failed(_) | Called::NotNow(_) | Called::Never(_) => Verdict::AllFailed,
        };
        let done = match &verdict {
            Verdict::Success => handles,
            Verdict::AllFailed => Vec::new(),
            Verdict::Failed(places) => except(handles, places),
        };
        self.note(&verdict, done.len(), held.len());
        self.delete(&done, hidden_until).await;
        verdict == Verdict::Success
    }

    fn note(&self, verdict: &Verdict, done: usize, all: usize) {
        let all_went_well = *verdict == Verdict::Success;
        self.shared.board.result(if all_went_well { LastResult::Ok } else { LastResult::CallFailed });
        metrics::counter!("tidegate_mapping_records_total", "fate" => "processed").increment(done as u64);
        metrics::counter!("tidegate_mapping_records_total", "fate" => "failed").increment((all - done) as u64);
    }

    fn now(&self) -> Timestamp {
        self.shared.parts.env.now()
    }

    /// Waits for a call, hiding its messages for longer where their time would be over before it ends: a
    /// function may have to wait for its turn on a busy machine, and nobody else shall get its messages then.
    async fn keeping_hidden(
        &self,
        handles: &[String],
        hidden_until: &mut Timestamp,
        calling: impl Future<Output = Called>,
    ) -> Called {
        let mut calling = std::pin::pin!(calling);
        let margin = MARGIN.min(self.hidden / 4);
        loop {
            let extend_at = hidden_until.minus_millis(margin.as_millis() as u64);
            tokio::select! {
                biased;
                called = &mut calling => return called,
                () = self.shared.parts.env.sleep_until(extend_at) => {
                    let extended = !margin.is_zero() && self.extend(handles).await;
                    if !extended {
                        return calling.await;
                    }
                    *hidden_until = self.now().plus(self.hidden);
                }
            }
        }
    }

    async fn extend(&self, handles: &[String]) -> bool {
        match self.source.change_visibility(&self.mapping.source, handles, self.hidden).await {
            Ok(outcomes) => outcomes.iter().any(Result::is_ok),
            Err(error) => {
                tracing::warn!(mapping = %self.mapping.id, %error, "messages cannot be hidden for longer");
                false
            }
        }
    }

    /// Deletes messages. Tried until they would be visible again in any case.
    pub(super) async fn delete(&self, handles: &[String], hidden_until: Timestamp) {
        if handles.is_empty() {
            return;
        }
        loop {
            match self.source.delete(&self.mapping.source, handles).await {
                Ok(outcomes) => {
                    let late = outcomes.iter().filter(|outcome| outcome.is_err()).count();
                    metrics::counter!("tidegate_mapping_records_total", "fate" => "late").increment(late as u64);
                    return;
                }
                Err(QueueFollowError::NoSuchQueue(_)) => return,
                Err(error) => {
                    tracing::warn!(mapping = %self.mapping.id, %error, "processed messages cannot be deleted");
                    self.shared.board.result(LastResult::SourceFailed);
                    if self.now() >= hidden_until {
                        return;
                    }
                    self.shared.parts.env.sleep_real(PAUSE).await;
                }
            }
        }
    }
}

fn except(handles: Vec<String>, places: &[usize]) -> Vec<String> {
    let is_done = |place: &usize| places.binary_search(place).is_err();
    handles.into_iter().enumerate().filter(|(place, _)| is_done(place)).map(|(_, handle)| handle).collect()
}

/// Cuts messages so that each piece makes an event that may be sent.
fn pieces(held: &[Held]) -> Vec<&[Held]> {
    let mut pieces = Vec::new();
    let (mut start, mut bytes) = (0, EVENT_FRAME_BYTES);
    for (place, held_one) in held.iter().enumerate() {
        bytes += held_one.json.len() + 1;
        if bytes > MAX_EVENT_BYTES && place > start {
            pieces.push(&held[start..place]);
            (start, bytes) = (place, EVENT_FRAME_BYTES + held_one.json.len() + 1);
        }
    }
    pieces.push(&held[start..]);
    pieces
}
