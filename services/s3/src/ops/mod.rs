//! The operations.

pub(crate) mod raising;
mod subscribers;
