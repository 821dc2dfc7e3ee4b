//! The invoke phase.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tidegate_ports::FunctionError;
use tidegate_types::Timestamp;
use tokio::sync::oneshot;

use super::{Environment, Failure, millis};
use crate::endpoint::{Answer, Event, MAX_ANSWER_BYTES, Work};
use crate::fleet::Running;
use crate::output::{Log, Report, Status};
use crate::{FunctionSpec, Invocation, Outcome, Payload, ResponseStream, StreamEnd, Usage};

/// How often a running function's memory is looked at.
const MEMORY_LOOK: Duration = Duration::from_millis(100);

/// Where an invocation's outcome goes.
pub(crate) type Caller = oneshot::Sender<Result<Outcome, crate::Fault>>;

/// How an invocation ended, as far as the environment is concerned.
pub(crate) enum After {
    /// It may be used again. The answer is still to be given, unless that was done.
    Ready(Box<Environment>, Option<GivenAnswer>),
    /// It is gone.
    Over,
}

/// An outcome and who waits for it.
pub(crate) struct GivenAnswer {
    caller: Caller,
    outcome: Outcome,
}

impl GivenAnswer {
    /// Hands it over. Who does not wait any more does not get it; the invocation has ended all the same.
    pub(crate) fn give(self) {
        drop(self.caller.send(Ok(self.outcome)));
    }
}

/// A stream that the caller has already.
struct Streaming {
    told: oneshot::Sender<StreamEnd>,
    end: oneshot::Receiver<StreamEnd>,
}

/// What the runtime has answered so far.
enum Progress {
    Nothing,
    Answered(Bytes, Option<FunctionError>),
    Streaming(Streaming),
}

impl Environment {
    /// Runs one invocation to its end. The caller has its outcome when this returns, or the start of a stream
    /// earlier.
    pub(crate) async fn invoke(
        mut self: Box<Self>,
        invocation: Invocation,
        limit: Duration,
        caller: Caller,
        running: Running,
    ) -> After {
        let started = self.env.monotonic();
        let mut caller = Some(caller);
        let mut progress = Progress::Nothing;
        let result = self.run(&invocation, limit, started, &mut progress, &mut caller).await;
        let duration = self.env.monotonic() - started;
        self.endpoint.finish();
        self.drain();
        let status = result.as_ref().map_or_else(|failure| failure.status.clone(), |()| Status::Success);
        if let Err(failure) = &result
            && let Some(line) = failure.line(&invocation.request_id, self.env.now())
        {
            self.log.fault(line);
        }
        let max_memory = self.measure();
        let usage = usage(duration, self.init.take(), max_memory);
        let log_tail = end(&self.log, &self.spec, &invocation, usage, status);
        let answer = match progress {
            Progress::Streaming(streaming) => {
                let mut end = streaming.end.await.unwrap_or_default();
                if let Err(failure) = &result {
                    end.error = Some((failure.kind.clone(), failure.payload(&invocation.request_id)));
                }
                // The caller may have gone; the invocation has ended all the same.
                drop(streaming.told.send(StreamEnd { log_tail, usage, ..end }));
                None
            }
            Progress::Answered(payload, error) => whole(caller, payload, error, log_tail, usage),
            Progress::Nothing => {
                // A runtime that asks for more without an answer to what it has answers nothing.
                let failed = result.as_ref().err().map(|failure| failure.payload(&invocation.request_id));
                let error = failed.is_some().then_some(FunctionError::Unhandled);
                whole(caller, failed.unwrap_or_else(|| Bytes::from_static(b"null")), error, log_tail, usage)
            }
        };
        drop(running);
        if let Err(failure) = result {
            let reason = failure.shutdown_reason();
            // The caller need not wait until everything is gone.
            if let Some(answer) = answer {
                answer.give();
            }
            self.shut_down(reason).await;
            return After::Over;
        }
        if self.endpoint.extensions().idle() {
            return After::Ready(self, answer);
        }
        if let Some(answer) = answer {
            answer.give();
        }
        if self.rest().await { After::Ready(self, None) } else { After::Over }
    }

    /// Hands the invocation to the runtime and follows it until it asks for the next one.
    async fn run(
        &mut self,
        invocation: &Invocation,
        limit: Duration,
        started: Duration,
        progress: &mut Progress,
        caller: &mut Option<Caller>,
    ) -> Result<(), Failure> {
        let deadline_ms = self.env.real_now().plus(limit).as_millis();
        let work = Work {
            request_id: invocation.request_id.clone(),
            payload: invocation.payload.clone(),
            deadline_ms,
            invoked_arn: invocation.invoked_arn.clone(),
            trace: invocation.trace.clone(),
            client_context: invocation.client_context.clone(),
            cognito_identity: invocation.cognito_identity.clone(),
        };
        self.endpoint.begin(&invocation.request_id, invocation.streaming);
        let waiting = self.waiting.take().ok_or_else(|| Failure::exit("exit status 1"))?;
        // A runtime that went away is seen below, by the end of its process.
        drop(waiting.send(work));
        let trace = invocation.trace.as_deref();
        self.endpoint.extensions().invoke(&invocation.request_id, deadline_ms, &invocation.invoked_arn, trace);
        let env = self.env.clone();
        let mut late = std::pin::pin!(env.sleep_real(limit));
        let mut look = std::pin::pin!(env.sleep_real(MEMORY_LOOK));
        loop {
            tokio::select! {
                biased;
                event = self.events.recv() => match event {
                    Some(Event::Next(waiting)) => {
                        self.waiting = Some(waiting);
                        return Ok(());
                    }
                    Some(Event::Answered(answer)) => self.answered(answer, started, progress, caller),
                    Some(Event::ExtensionError { kind, .. }) => {
                        return Err(Failure::extension("Extension.Crash", kind));
                    }
                    Some(Event::InitError { kind, body }) => return Err(Failure::reported(kind, body)),
                    Some(Event::Extensions) => {}
                    None => return Err(Failure::exit("exit status 1")),
                },
                how = self.runtime.ended() => {
                    for event in self.last_words().await {
                        match event {
                            Event::Answered(answer) => self.answered(answer, started, progress, caller),
                            // What it reports when nothing runs is about the invocation if one does.
                            Event::InitError { kind, body } => return Err(Failure::reported(kind, body)),
                            Event::Next(_) | Event::Extensions | Event::ExtensionError { .. } => {}
                        }
                    }
                    return Err(Failure::exit(&how));
                }
                () = &mut late => return Err(Failure::timeout(limit)),
                () = &mut look => {
                    look.set(env.sleep_real(MEMORY_LOOK));
                    let used = self.runtime.memory();
                    self.max_memory = self.max_memory.max(used);
                    if self.runtime.is_beyond(used, u64::from(self.spec.memory_mb) << 20) {
                        self.runtime.kill().await;
                        return Err(Failure::exit("signal: killed"));
                    }
                }
            }
        }
    }

    fn answered(&mut self, answer: Answer, started: Duration, progress: &mut Progress, caller: &mut Option<Caller>) {
        *progress = match answer {
            Answer::Whole(body) => Progress::Answered(body, None),
            Answer::Error { handled, body, .. } => {
                let error = if handled { FunctionError::Handled } else { FunctionError::Unhandled };
                Progress::Answered(body, Some(error))
            }
            Answer::TooLarge => {
                let message =
                    format!("Response payload size exceeded maximum allowed payload size ({MAX_ANSWER_BYTES} bytes).");
                let body = json!({ "errorType": "Function.ResponseSizeTooLarge", "errorMessage": message });
                Progress::Answered(Bytes::from(body.to_string()), Some(FunctionError::Unhandled))
            }
            Answer::Stream { content_type, chunks, end } => {
                let (told, receiver) = oneshot::channel();
                let stream = ResponseStream { content_type, chunks, end: receiver };
                let usage = usage(self.env.monotonic() - started, self.init, self.max_memory);
                let outcome = Outcome { payload: Payload::Stream(stream), error: None, log_tail: None, usage };
                if let Some(caller) = caller.take() {
                    // The stream goes on without its reader.
                    drop(caller.send(Ok(outcome)));
                }
                Progress::Streaming(Streaming { told, end })
            }
        };
    }

    /// Waits until extensions are done with the invocation, too. Says whether the environment may be used
    /// again.
    async fn rest(&mut self) -> bool {
        let limit = Duration::from_millis(self.spec.timeout_ms);
        let env = self.env.clone();
        let quiet = async {
            while !self.endpoint.extensions().idle() {
                match self.events.recv().await {
                    Some(Event::ExtensionError { .. }) | None => return false,
                    Some(Event::Next(waiting)) => self.waiting = Some(waiting),
                    Some(Event::Extensions | Event::Answered(_) | Event::InitError { .. }) => {}
                }
            }
            true
        };
        env.timeout_real(limit, quiet).await.unwrap_or(false)
    }

    /// Notes the start of an invocation in the log.
    pub(crate) fn announce(&self, invocation: &Invocation) {
        announce(&self.log, &self.spec, invocation);
    }
}

/// Notes the start of an invocation in the log.
pub(crate) fn announce(log: &Log, spec: &FunctionSpec, invocation: &Invocation) {
    let trace = invocation.trace.as_deref().filter(|_| spec.tracing);
    log.start(&invocation.request_id, invocation.tail, trace);
}

/// Answers an invocation whose environment could not be started.
pub(crate) fn fail(
    log: &Log,
    spec: &FunctionSpec,
    invocation: &Invocation,
    failure: &Failure,
    took: Duration,
    at: Timestamp,
    caller: Caller,
) {
    if let Some(line) = failure.line(&invocation.request_id, at) {
        log.fault(line);
    }
    let usage = usage(took, None, 0);
    let log_tail = end(log, spec, invocation, usage, failure.status.clone());
    let payload = failure.payload(&invocation.request_id);
    if let Some(answer) = whole(Some(caller), payload, Some(FunctionError::Unhandled), log_tail, usage) {
        answer.give();
    }
}

fn whole(
    caller: Option<Caller>,
    payload: Bytes,
    error: Option<FunctionError>,
    log_tail: Option<Bytes>,
    usage: Usage,
) -> Option<GivenAnswer> {
    let outcome = Outcome { payload: Payload::Whole(payload), error, log_tail, usage };
    Some(GivenAnswer { caller: caller?, outcome })
}

fn end(log: &Log, spec: &FunctionSpec, invocation: &Invocation, usage: Usage, status: Status) -> Option<Bytes> {
    let trace = invocation.trace.as_deref().filter(|_| spec.tracing);
    log.end(&Report { request_id: &invocation.request_id, usage, memory_mb: spec.memory_mb, status, trace })
}

/// AWS bills the start of an environment, too, and whole milliseconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds of a few hours")]
fn usage(duration: Duration, init: Option<Duration>, max_memory: u64) -> Usage {
    let billed = millis(duration + init.unwrap_or_default()).ceil() as u64;
    Usage {
        duration_ms: millis(duration),
        billed_ms: billed.max(1),
        init_ms: init.map(millis),
        max_memory_mb: u32::try_from(max_memory >> 20).unwrap_or(u32::MAX),
    }
}
