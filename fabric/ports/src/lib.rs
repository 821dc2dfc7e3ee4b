//! How services meet: send, ask, follow.
