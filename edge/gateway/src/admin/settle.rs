//! `POST /_tidegate/settle`: the idle barrier.
//!
//! A server is idle when all its parts say so, twice in a row with no commit in between: work that
//! moved from one part to another while they were asked shows as a commit.

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_env::{Env, Report};
use tidegate_ports::AdminAnswer;
use tidegate_store::{Sequence, Store, StoreError};

use super::{Admin, Visit, clock, health};

/// How long to wait if the caller does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a caller may wait.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);
/// The first pause between two looks; it grows up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(500);
const LAST_PAUSE: Duration = Duration::from_millis(20);
/// Future-due work that an answer lists.
const MAX_LISTED: usize = 100;

/// What the barrier found.
pub(super) struct Settled {
    pub idle: bool,
    pub report: Report,
    pub sequence: Sequence,
}

/// Waits until nothing moves, at most `limit`.
pub(super) async fn settle(env: &Env, store: &dyn Store, limit: Duration) -> Result<Settled, StoreError> {
    let deadline = env.monotonic() + limit;
    let mut pause = FIRST_PAUSE;
    let mut idle_at = None;
    loop {
        let report = env.activity().report(env.now());
        let sequence = store.snapshot()?.sequence();
        let idle = report.busy.is_empty();
        if idle && idle_at == Some(sequence) {
            return Ok(Settled { idle, report, sequence });
        }
        idle_at = idle.then_some(sequence);
        if env.monotonic() >= deadline {
            return Ok(Settled { idle: false, report, sequence });
        }
        env.sleep_real(pause).await;
        // A first idle look is confirmed at once; while something moves, we look ever less often.
        pause = if idle { FIRST_PAUSE } else { (pause * 2).min(LAST_PAUSE) };
    }
}

pub(super) async fn page(admin: &Admin, visit: &Visit<'_>) -> AdminAnswer {
    let limit = match timeout(visit) {
        Ok(limit) => limit,
        Err(text) => return AdminAnswer::error(400, text),
    };
    match settle(visit.gateway.env(), &*admin.store, limit).await {
        // 409 and not 200, so that `curl -f` in a script fails where the system did not come to rest.
        Ok(settled) => AdminAnswer { status: if settled.idle { 200 } else { 409 }, body: to_json(&settled) },
        Err(error) => health::store_trouble(error),
    }
}

/// The `timeout` parameter, in seconds.
pub(super) fn timeout(visit: &Visit<'_>) -> Result<Duration, String> {
    let Some(text) = visit.text("timeout") else { return Ok(DEFAULT_TIMEOUT) };
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match seconds {
        Some(limit) if limit <= MAX_TIMEOUT => Ok(limit),
        _ => Err(format!("timeout is a number of seconds up to {}, not {text}", MAX_TIMEOUT.as_secs())),
    }
}

pub(super) fn to_json(settled: &Settled) -> Value {
    let busy: Vec<Value> =
        settled.report.busy.iter().map(|busy| json!({ "what": busy.what, "count": busy.count })).collect();
    let mut waiting: Vec<_> = settled.report.waiting.iter().collect();
    waiting.sort_by_key(|waiting| waiting.due);
    let listed: Vec<Value> = waiting
        .iter()
        .take(MAX_LISTED)
        .map(|waiting| json!({ "what": waiting.what, "due": clock::to_text(waiting.due) }))
        .collect();
    json!({
        "idle": settled.idle,
        "busy": busy,
        "waiting": listed,
        "waitingTotal": waiting.len(),
        "commit": settled.sequence.0,
    })
}
