//! What IAM keeps: one record for each entity, and one for each account that says when it last changed.

mod directory;
pub mod keys;
mod records;

pub use directory::Directory;
