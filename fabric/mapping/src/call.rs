//! Calling the function of a mapping.

use bytes::Bytes;
use tidegate_ports::{FunctionAnswer, FunctionCall, InvokeRefusal};

use crate::engine::Shared;
use crate::mapping::{LastResult, Mapping};

/// What came of one call.
pub(crate) enum Called {
    /// It was run and did not fail.
    Answered(FunctionAnswer),
    /// It was run and failed.
    Failed(FunctionAnswer),
    /// It was not run; a later try may succeed.
    NotNow(InvokeRefusal),
    /// It was not run, and will not be with this event.
    Never(InvokeRefusal),
}

impl Called {
    fn label(&self) -> &'static str {
        match self {
            Called::Answered(_) => "ok",
            Called::Failed(_) => "failed",
            Called::NotNow(_) => "not now",
            Called::Never(_) => "refused",
        }
    }
}

/// The trace of a call: that of its records, if all have the same. Those of several begin a new one.
pub(crate) fn shared_trace<'a>(mut traces: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let first = traces.next()??;
    traces.all(|trace| trace == Some(first)).then(|| first.to_owned())
}

/// The beginning of an event: its records, in a list that is closed.
pub(crate) fn records<'a>(records: impl IntoIterator<Item = &'a Bytes>) -> Vec<u8> {
    let mut event = b"{\"Records\":[".to_vec();
    for (place, record) in records.into_iter().enumerate() {
        if place > 0 {
            event.push(b',');
        }
        event.extend_from_slice(record);
    }
    event.push(b']');
    event
}

pub(crate) async fn call(shared: &Shared, mapping: &Mapping, payload: Bytes, trace: Option<String>) -> Called {
    let call = FunctionCall { function: mapping.function.clone(), source: mapping.source.clone(), payload, trace };
    let called = match shared.parts.functions.invoke(call).await {
        Ok(answer) if answer.error.is_none() => Called::Answered(answer),
        Ok(answer) => Called::Failed(answer),
        Err(refusal) => refused(refusal),
    };
    match &called {
        Called::Answered(_) => {}
        Called::Failed(answer) => {
            let error = answer.error.map(|error| error.as_str());
            tracing::debug!(mapping = %mapping.id, function = %mapping.function, error, "a function failed");
            shared.board.result(LastResult::CallFailed);
        }
        Called::NotNow(refusal) | Called::Never(refusal) => {
            tracing::debug!(mapping = %mapping.id, %refusal, "a function was not run");
            shared.board.result(LastResult::CallFailed);
        }
    }
    metrics::counter!("tidegate_mapping_calls_total", "outcome" => called.label()).increment(1);
    called
}

fn refused(refusal: InvokeRefusal) -> Called {
    match refusal {
        InvokeRefusal::TooLarge { .. } => Called::Never(refusal),
        InvokeRefusal::Throttled(_)
        | InvokeRefusal::NoSuchFunction(_)
        | InvokeRefusal::NotReady { .. }
        | InvokeRefusal::CannotStart { .. }
        | InvokeRefusal::Stopping
        | InvokeRefusal::Store(_) => Called::NotNow(refusal),
    }
}
