//! What was denied, or would have been: a bounded record in memory, newest first, each with the statement
//! that would allow it. It is for people who are about to switch to `--auth enforce`, so equal refusals are
//! one entry with a count, and it need not outlive the server.

use std::collections::BTreeMap;
use std::fmt::Write;

use futures::future::{BoxFuture, ready};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tidegate_policy::{Decision, Reason, Request};
use tidegate_ports::{AdminAnswer, AdminRoute};
use tidegate_protocol::ServiceError;
use tidegate_types::Timestamp;

use super::Mode;
use super::refusal::kind;

/// The most entries; beyond, the one seen longest ago is forgotten.
const MAX_ENTRIES: usize = 1000;

/// A decision and what it was about.
pub(super) struct Verdict<'a> {
    pub service: &'static str,
    pub operation: &'static str,
    pub access_key: Option<&'a str>,
    pub request: &'a Request,
    pub decision: &'a Decision,
    pub decided_by: Option<String>,
}

/// The record.
pub(super) struct Denied {
    mode: Mode,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<Key, Entry>,
    /// How many were counted, by service.
    counts: BTreeMap<&'static str, u64>,
    forgotten: u64,
}

/// What makes two refusals equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    operation: String,
    who: String,
    resource: String,
    reason: String,
}

struct Entry {
    first_at: Timestamp,
    last_at: Timestamp,
    count: u64,
    detail: Value,
}

impl Denied {
    pub(super) fn new(mode: Mode) -> Denied {
        Denied { mode, state: Mutex::default() }
    }

    /// Writes down that policies deny a request.
    pub(super) fn record(&self, now: Timestamp, verdict: Verdict<'_>) {
        let Verdict { service, operation, access_key, request, decision, decided_by } = verdict;
        let reason = reason(decision, decided_by.as_deref());
        let key = Key {
            operation: format!("{service}:{operation}"),
            who: request.principal.arn.clone(),
            resource: request.resource.clone(),
            reason: format!("{}: {reason}", request.action),
        };
        self.note(now, service, key, || {
            json!({
                "service": service,
                "operation": operation,
                "principal": request.principal.arn,
                "accessKey": access_key,
                "action": request.action,
                "resource": request.resource,
                "reason": reason,
                "remedy": remedy(request, decision),
            })
        });
    }

    /// Writes down that a request would not have come as far as policies.
    pub(super) fn signature(
        &self,
        now: Timestamp,
        service: &'static str,
        operation: &'static str,
        access_key: Option<&str>,
        error: &ServiceError,
    ) {
        let code = error.shape.code;
        let key = Key {
            operation: format!("{service}:{operation}"),
            who: access_key.unwrap_or("nobody").to_owned(),
            resource: String::new(),
            reason: code.to_owned(),
        };
        // Signature errors go on with the canonical request, which is nothing to keep.
        let reason = error.message.lines().next().unwrap_or_default();
        self.note(now, service, key, || {
            json!({
                "service": service,
                "operation": operation,
                "accessKey": access_key,
                "reason": format!("{code}: {reason}"),
            })
        });
    }

    fn note(&self, now: Timestamp, service: &'static str, key: Key, detail: impl FnOnce() -> Value) {
        let mut state = self.state.lock();
        *state.counts.entry(service).or_default() += 1;
        if let Some(entry) = state.entries.get_mut(&key) {
            entry.count += 1;
            entry.last_at = now;
            return;
        }
        if state.entries.len() >= MAX_ENTRIES {
            let oldest = state.entries.iter().min_by_key(|(_, entry)| entry.last_at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                state.entries.remove(&oldest);
                state.forgotten += 1;
            }
        }
        state.entries.insert(key, Entry { first_at: now, last_at: now, count: 1, detail: detail() });
    }

    /// Writes the counters in Prometheus' text format.
    pub(super) fn write_metrics(&self, out: &mut String) -> std::fmt::Result {
        let mode = match self.mode {
            Mode::Local => return Ok(()),
            Mode::Observe => "observe",
            Mode::Enforce => "enforce",
        };
        let state = self.state.lock();
        writeln!(out, "# HELP tidegate_auth_denied_total Requests that policies deny; `observe` lets them pass.")?;
        writeln!(out, "# TYPE tidegate_auth_denied_total counter")?;
        state.counts.iter().try_for_each(|(service, count)| {
            writeln!(out, "tidegate_auth_denied_total{{service=\"{service}\",mode=\"{mode}\"}} {count}")
        })
    }

    fn page(&self) -> Value {
        let state = self.state.lock();
        let mut entries: Vec<&Entry> = state.entries.values().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.last_at));
        let shown = entries.into_iter().map(|entry| {
            let mut shown = entry.detail.clone();
            shown["count"] = json!(entry.count);
            shown["firstAt"] = json!(iso(entry.first_at));
            shown["lastAt"] = json!(iso(entry.last_at));
            shown
        });
        json!({
            "mode": match self.mode {
                Mode::Local => "local",
                Mode::Observe => "observe",
                Mode::Enforce => "enforce",
            },
            "denied": shown.collect::<Vec<_>>(),
            "forgotten": state.forgotten,
        })
    }
}

impl AdminRoute for Denied {
    fn path(&self) -> &'static str {
        "auth/denied"
    }

    fn get<'a>(&'a self, _query: &'a [(String, String)]) -> BoxFuture<'a, AdminAnswer> {
        Box::pin(ready(AdminAnswer::ok(self.page())))
    }
}

fn iso(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |at| at.to_string())
}

fn reason(decision: &Decision, decided_by: Option<&str>) -> String {
    match &decision.reason {
        Reason::Statement { source, index, sid } => {
            let name = decided_by.map(|name| format!(" {name}")).unwrap_or_default();
            let statement = sid.as_ref().map_or_else(|| format!("statement {index}"), |sid| format!("statement {sid}"));
            format!("denied by {statement} of the {}{name}", kind(*source))
        }
        Reason::AccountRoot => "allowed".to_owned(),
        Reason::NoIdentityAllow => "no identity-based policy allows it".to_owned(),
        Reason::NoResourceAllow => "no resource-based policy allows it".to_owned(),
        Reason::NoBoundaryAllow => "no permissions boundary allows it".to_owned(),
        Reason::NoSessionAllow => "no session policy allows it".to_owned(),
    }
}

/// Where which statement would have to stand.
fn remedy(request: &Request, decision: &Decision) -> Value {
    let (action, resource) = (&request.action, &request.resource);
    let owner = request.principal.role_arn.as_ref().unwrap_or(&request.principal.arn);
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let (place, statement) = match &decision.reason {
        // An allow does not help against a deny.
        Reason::Statement { .. } | Reason::AccountRoot => {
            return json!({ "change": "remove or narrow the statement that denies it" });
        }
        Reason::NoIdentityAllow => (format!("a policy of {owner}"), statement),
        Reason::NoBoundaryAllow => (format!("the permissions boundary of {owner}"), statement),
        Reason::NoSessionAllow => ("the policy given when the session was made".to_owned(), statement),
        Reason::NoResourceAllow => {
            let principal = if owner == "*" { json!("*") } else { json!({ "AWS": owner }) };
            let mut statement = statement;
            statement["Principal"] = principal;
            (format!("the policy of {resource}"), statement)
        }
    };
    json!({ "add": statement, "to": place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_policy::{Outcome, Principal};
    use tidegate_types::AccountId;

    #[test]
    fn equal_refusals_are_one_entry_and_the_record_is_bounded() {
        let denied = Denied::new(Mode::Observe);
        let decision = Decision { outcome: Outcome::ImplicitDeny, reason: Reason::NoIdentityAllow };
        let note = |user: usize, at: u64| {
            let principal = Principal::user(AccountId::DEFAULT, format!("arn:aws:iam::000000000000:user/u{user}"));
            let request = Request::new(principal, "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:q", None);
            let (service, operation) = ("sqs", "SendMessage");
            let verdict = Verdict {
                service,
                operation,
                access_key: None,
                request: &request,
                decision: &decision,
                decided_by: None,
            };
            denied.record(Timestamp::from_millis(at), verdict);
        };
        for at in 0..3 {
            note(0, at);
        }
        assert_eq!(denied.page()["denied"][0]["count"], 3);
        for user in 1..=MAX_ENTRIES {
            note(user, 10 + user as u64);
        }
        let page = denied.page();
        assert_eq!(page["denied"].as_array().unwrap().len(), MAX_ENTRIES);
        assert_eq!(page["forgotten"], 1);
        let newest = &page["denied"][0];
        assert_eq!(newest["remedy"]["add"]["Action"], "sqs:SendMessage");
        assert_eq!(newest["remedy"]["to"], format!("a policy of arn:aws:iam::000000000000:user/u{MAX_ENTRIES}"));
        let mut text = String::new();
        denied.write_metrics(&mut text).unwrap();
        assert!(text.contains("tidegate_auth_denied_total{service=\"sqs\",mode=\"observe\"} 1003"), "{text}");
    }
}
