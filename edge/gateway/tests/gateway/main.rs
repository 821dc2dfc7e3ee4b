//! The gateway as its clients meet it: a server on a free port, a service made up for the purpose,
//! and raw HTTP, so that a test can say exactly what a client sends.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod access;
mod admin;
mod bodies;
mod enforce;
mod fake;
mod hosted;
mod lifecycle;
mod people;
mod permissions;
mod rest;
mod routing;
mod signer;
mod world;
