//! What SES keeps: one record for each thing that has a name, one for each mail of the last two weeks, and
//! counters by the quarter of an hour.

mod counters;
mod directory;
pub mod keys;
mod row;
mod sent;
mod shelf;

pub use counters::Counters;
pub(crate) use counters::{SHARDS, bucket_of};
pub(crate) use directory::Directory;
pub use row::{Kept, Row};
pub use sent::{MailFacts, Sent};
pub(crate) use shelf::{Place, Shelf};
