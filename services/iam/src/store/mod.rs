//! What IAM keeps: one record for each entity, and one for each account that says when it last changed.

mod accesses;
mod devices;
mod directory;
pub mod keys;
mod records;
mod uses;

pub use accesses::{Accesses, newest};
pub use directory::Directory;
pub use uses::{Use, Uses};
