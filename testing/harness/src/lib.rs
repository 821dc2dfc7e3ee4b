//! Starts a server of its own for each test, and looks after it.
