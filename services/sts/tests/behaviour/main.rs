//! What STS does, over its own boundaries, with an IAM that knows what the tests say.

#![allow(clippy::disallowed_methods, reason = "the identity provider is a task of its own")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bed;
mod damage;
mod mfa;
mod saml;
mod services;
mod web_identity;
