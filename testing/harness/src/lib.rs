//! Starts a server of its own for each test, and looks after it.
//!
//! A test that shares a server with others, or with yesterday's data, proves little: so each starts
//! the real binary on a free port with a folder of its own ([`Server`]), kills or restarts it at
//! will, and throws everything away. Nothing here sleeps: readiness is a line on the server's
//! standard output, quiet is the idle barrier ([`Server::settle`]), time is moved
//! ([`Server::advance`]).
//!
//! The client ([`Client`]) is small on purpose. It sends exactly the bytes that a test wants sent,
//! which SDKs refuse to do, and it tells apart what a crash test must tell apart: an answer, a
//! refusal, and a request whose outcome nobody knows ([`Failure`]). Whether real SDKs are content
//! is for `testing/conformance` to find out with real SDKs.
//!
//! The binary is `$TIDEGATE_BIN`, or else the one that cargo built beside the running test.

#![allow(clippy::disallowed_methods, reason = "a test's clocks, threads and time-outs are the machine's own")]

mod binary;
mod client;
mod process;
mod server;
mod signing;
mod sqs;

pub use binary::server_binary;
pub use client::{Answer, Client, Failure};
pub use process::resident_bytes;
pub use server::{Options, Server};
pub use signing::{Credentials, sign, sign_at};
pub use sqs::Sqs;
