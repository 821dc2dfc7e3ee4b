//! The real server, with its real engine, on a disk that loses power, fails and fills up.
//!
//! `kill -9` proves little about a disk: what the process has written is in the kernel's hands and
//! stays. Only a cut of power loses what was not synced, and that cannot be had from a test. So a
//! library of ours (`powercut.c`, preloaded into the server) remembers how to undo everything that
//! has not been synced, and on command undoes it, wholly or in part, and kills the process. It also
//! lets syncs and writes fail and the disk run full.
//!
//! [`Machine`] is a server on such a disk; [`Load`] works it with producers and consumers and knows
//! afterwards what must be there, what must not, and what may.
//!
//! Linux only: elsewhere [`Disk::new`] says so, and the tests skip with a message.

#![allow(clippy::disallowed_methods, reason = "a test's clocks, threads and time-outs are the machine's own")]

mod disk;
mod load;
mod machine;

pub use disk::{Disk, Kept};
pub use load::Load;
pub use machine::Machine;
