//! Security Token Service: temporary credentials, and who a caller is.
//!
//! A session is one record, found by its access key; memory holds all of them, a fold over the records, for
//! the edge asks on each request. (A sealed token that carries the session would need no record, but then
//! an access key alone could not name its secret, and nothing could be listed or revoked.) Sessions end by
//! the wall clock, where clients live, and stay for a day after their end, so that who comes too late is
//! told so; each new session takes some that are older away, in its own transaction.
//!
//! Who may assume a role is the edge's question: `wire/access.rs` says what each request needs.
//! `docs/services/sts.md` says where this differs from AWS.

mod error;
pub mod invariants;
mod oidc;
mod ops;
mod ports;
pub mod saml;
mod service;
mod store;
mod wire;

pub use error::Error;
pub use oidc::Token;
pub use service::Sts;
pub use store::SessionRecord;
pub use wire::COVERAGE;
