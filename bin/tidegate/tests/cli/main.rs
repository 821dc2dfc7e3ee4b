//! The program as its users meet it: started with arguments, judged by what it prints and answers.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod keys;
mod program;
mod serving;
mod starting;
