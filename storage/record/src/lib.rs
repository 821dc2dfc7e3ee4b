//! Key encoding and versioned records.
