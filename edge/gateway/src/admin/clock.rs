//! `/_tidegate/clock`: product time, and moving it.
//!
//! A move repeats {let everything settle; jump to the next due time} up to its target, so that
//! delays, retries and expiries happen one after the other, as they would have. The offset is stored
//! *before* the clock jumps: whatever is then written with a later time, a restart does not go back
//! behind it.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use serde_json::json;
use tidegate_env::{Env, ShiftedClock};
use tidegate_ports::AdminAnswer;
use tidegate_record::Stored;
use tidegate_store::{Batch, CommitError, Space, Store, StoreError};
use tidegate_types::Timestamp;

use super::settle::{self, Settled};
use super::{Admin, Visit, health};
use crate::gateway::Gateway;
use crate::stored::{self, ClockOffset};

/// The furthest that one request may move time: ten years.
const MAX_ADVANCE: Duration = Duration::from_secs(10 * 366 * 86_400);

/// A clock that may be moved.
pub struct ClockControl {
    clock: Arc<ShiftedClock>,
    store: Arc<dyn Store>,
    /// One move at a time.
    moving: tokio::sync::Mutex<()>,
}

impl ClockControl {
    /// Control over `clock`, whose offset is kept in `store`.
    pub fn new(clock: Arc<ShiftedClock>, store: Arc<dyn Store>) -> ClockControl {
        ClockControl { clock, store, moving: tokio::sync::Mutex::new(()) }
    }

    /// How far product time was ahead when `store` was last used.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn stored_offset(store: &dyn Store) -> Result<Duration, StoreError> {
        let key = stored::clock_offset();
        let Some(record) = store.snapshot()?.get(Space::Map, &key).await? else { return Ok(Duration::ZERO) };
        let offset = ClockOffset::decode(&record.value).map_err(|error| StoreError::Corrupt {
            space: Space::Map,
            key,
            what: error.to_string().into(),
        })?;
        Ok(Duration::from_millis(offset.millis))
    }

    /// Moves time by `by`, step by step, for at most `limit` of real time.
    async fn advance(&self, env: &Env, by: Duration, limit: Duration) -> Result<Settled, CommitError> {
        let _one_at_a_time = self.moving.lock().await;
        let target = env.now().plus(by);
        let deadline = env.monotonic() + limit;
        loop {
            let settled = settle::settle(env, &*self.store, deadline.saturating_sub(env.monotonic())).await?;
            let now = env.now();
            if now >= target || !settled.idle {
                return Ok(settled);
            }
            let due = settled.report.next_due().map_or(target, |due| due.min(target));
            // What is due already will show as busy at the next look; one millisecond keeps us moving.
            self.jump(due.since(now).max(Duration::from_millis(1))).await?;
        }
    }

    async fn jump(&self, by: Duration) -> Result<(), CommitError> {
        let millis = u64::try_from((self.clock.offset() + by).as_millis()).unwrap_or(u64::MAX);
        let mut batch = Batch::new();
        batch.put(Space::Map, stored::clock_offset(), ClockOffset { millis }.encode());
        self.store.submit(batch).await?.durable().await?;
        self.clock.advance(by);
        Ok(())
    }
}

pub(super) fn read(admin: &Admin, gateway: &Gateway) -> AdminAnswer {
    let offset = admin.clock.as_ref().map_or(Duration::ZERO, |control| control.clock.offset());
    AdminAnswer::ok(json!({
        "now": to_text(gateway.env().now()),
        "offsetSeconds": offset.as_secs_f64(),
        "movable": admin.clock.is_some(),
    }))
}

pub(super) async fn set(admin: &Admin, visit: &Visit<'_>) -> AdminAnswer {
    let Some(control) = &admin.clock else {
        return AdminAnswer::error(
            409,
            "this server's clock stands by the wall clock: start it with --ephemeral or --virtual-clock to move it",
        );
    };
    let env = visit.gateway.env();
    let (by, limit) = match wanted(visit, env.now()).and_then(|by| Ok((by, settle::timeout(visit)?))) {
        Ok(wanted) => wanted,
        Err(text) => return AdminAnswer::error(400, text),
    };
    let target = env.now().plus(by);
    match control.advance(env, by, limit).await {
        Ok(settled) => {
            let reached = env.now() >= target && settled.idle;
            let mut body = settle::to_json(&settled);
            body["now"] = to_text(env.now()).into();
            body["reached"] = reached.into();
            AdminAnswer { status: if reached { 200 } else { 409 }, body }
        }
        Err(error) => health::store_trouble(error),
    }
}

/// How far the caller wants to go.
fn wanted(visit: &Visit<'_>, now: Timestamp) -> Result<Duration, String> {
    let by = match (visit.text("advance"), visit.text("set")) {
        (Some(text), None) => parse_duration(&text)?,
        (None, Some(text)) => {
            let target = jiff::Timestamp::from_str(&text)
                .map_err(|error| format!("set is a time such as 2030-01-01T00:00:00Z: {error}"))?;
            let millis = u64::try_from(target.as_millisecond()).unwrap_or(0);
            if Timestamp::from_millis(millis) < now {
                return Err(format!("time does not run backwards: it is {} already", to_text(now)));
            }
            Timestamp::from_millis(millis).since(now)
        }
        _ => return Err("say {\"advance\": \"PT24H\"} or {\"set\": \"2030-01-01T00:00:00Z\"}".to_owned()),
    };
    if by > MAX_ADVANCE {
        return Err("that is more than ten years".to_owned());
    }
    Ok(by)
}

/// An ISO 8601 duration, days being of 24 hours; a bare number is seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let iso = || {
        let span = Span::from_str(text).ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(span).ok()
    };
    seconds.or_else(iso).ok_or_else(|| format!("advance is a duration such as PT24H or P7D, or seconds, not {text}"))
}

/// RFC 3339, with milliseconds.
pub(super) fn to_text(time: Timestamp) -> String {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| format!("{millis}ms"), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in
            [("PT24H", Some(86_400)), ("P7D", Some(604_800)), ("PT1M30S", Some(90)), ("90", Some(90))]
        {
            assert_eq!(parse_duration(text).ok().map(|duration| duration.as_secs()), seconds, "{text}");
        }
        for text in ["", "tomorrow", "-5", "-PT5S", "P1M"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(to_text(Timestamp::from_millis(1_764_000_000_120)), "2025-11-24T16:00:00.120Z");
    }
}
