//! Real clients against a real server.
//!
//! What users run is what is run here: boto3, the AWS CLI, both JavaScript SDKs, kombu and celery,
//! sqs-consumer, Terraform. What users do to servers is done here: `kill -9` in the middle of
//! everything, ten thousand open long polls, clients that send half a request and fall silent,
//! memory filled from outside. Each suite starts servers of its own and needs nothing prepared: a
//! virtual environment and an npm folder are made under `target/conformance`.
//!
//! The suites in other languages are folders beside `src/` and work without this program too (their
//! first comments say how); [`suites`] lists everything, and the program runs it at two sizes.
//!
//! Suites are skipped only where a tool is missing that nobody can be asked to have (Terraform); a
//! tool that is there and fails is a failure.

#![allow(clippy::disallowed_methods, reason = "a test's clocks, tasks and time-outs are the machine's own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test program talks to a terminal")]

pub mod crash;
pub mod folders;
pub mod javascript;
pub mod load;
pub mod provider;
pub mod python;
pub mod suites;
pub mod terraform;
