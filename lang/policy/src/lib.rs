//! IAM policies: documents, conditions, and whether a request may go through.
//!
//! Pure and synchronous: the caller brings the request's context (who, what, on which resource, with
//! which condition keys) and the policies that apply; [`evaluate`] answers with a [`Decision`] that
//! names the statement which decided it. Nothing here knows where policies are stored or how a
//! service derives its condition keys.
//!
//! The rules are AWS's, from "Policy evaluation logic" in the IAM User Guide:
//!
//! 1. an explicit deny in any policy denies;
//! 2. within one account, an allow by an identity policy *or* by the resource's policy is enough,
//!    limited by the permissions boundary and the session policy;
//! 3. across accounts, both sides must allow;
//! 4. everything else is an implicit deny.
//!
//! What a resource's policy grants to an exact principal is limited differently for users, roles and
//! sessions; [`evaluate`] says how.
//!
//! Three evaluators decide one table of cases in the tests: this one, a naive one written from AWS's flow chart,
//! and the independent crate `iam-rs` where it covers the case.
//!
//! Left out: service control policies and resource control policies, because there are no
//! organisations here.

mod condition;
mod context;
mod document;
mod evaluate;
mod inspect;
mod pattern;
mod value;

pub use condition::{Comparison, Condition, Operator, Qualifier};
pub use context::{Principal, PrincipalKind, Request};
pub use document::{
    Action, Document, Effect, InvalidDocument, PrincipalMatch, Principals, Resources, Statement, Version,
};
pub use evaluate::{Decision, Outcome, Policies, Reason, Source, evaluate};
pub use inspect::{Position, Span, statement_spans};
pub use pattern::{action_matches, arn_matches, wildcard_matches};
pub use value::policy_date;
