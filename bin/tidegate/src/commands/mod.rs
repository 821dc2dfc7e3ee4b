//! One file for each command.

pub mod backup;
pub mod check;
pub mod doctor;
pub mod env;
pub mod keys;
pub mod runtime;
pub mod status;
pub mod up;
