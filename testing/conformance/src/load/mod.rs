//! What many clients, or ill-behaved ones, do to a server.

pub mod memory;
pub mod polls;
pub mod shutdown;
pub mod slow;
mod wire;

/// Bytes in a megabyte, as memory limits are stated.
const MB: u64 = 1_000_000;
