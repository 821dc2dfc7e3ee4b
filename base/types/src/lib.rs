//! The words that every layer shares: accounts, regions, ARNs, timestamps, error kinds.
//!
//! Everything here is plain data, parsed once at the edge and never re-checked. Limits that belong
//! to one service live in that service; here are only those that several layers must agree on.

mod account;
mod arn;
mod error_kind;
pub mod limits;
mod region;
mod timestamp;

pub use account::{AccountId, InvalidAccountId};
pub use arn::{Arn, InvalidArn};
pub use error_kind::ErrorKind;
pub use region::{InvalidRegion, Region};
pub use timestamp::Timestamp;
