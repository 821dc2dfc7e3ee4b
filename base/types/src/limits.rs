//! Limits that more than one layer must agree on. All sizes are in bytes.

/// The largest request body that the gateway reads for a service that does not stream: 1 MiB of
/// payload, doubled for JSON escapes and query encoding, and 2 MiB of room for a batch's frame.
pub const MAX_REQUEST_BODY: usize = 8 * 1024 * 1024;

/// The most bytes of request bodies held at once over all connections; beyond it the gateway
/// answers 503 rather than grow.
pub const MAX_BODIES_IN_FLIGHT: usize = 256 * 1024 * 1024;

/// The largest batch that the embedded store takes in one commit.
pub const MAX_BATCH: usize = 128 * 1024 * 1024;

/// Bodies above this size go to files; up to it they live in the commit, because one sync for each
/// small object would be ruinous.
pub const MAX_INLINE_BODY: usize = 64 * 1024;

/// How many hops one event may take before it is refused as a loop.
pub const MAX_HOPS: u32 = 16;
