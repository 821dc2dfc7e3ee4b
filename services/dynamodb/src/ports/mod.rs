//! What others may ask of DynamoDB: its tables' policies, its streams.

mod following;
mod policies;

pub(crate) use following::TableStreams;
pub(crate) use policies::TablePolicies;
