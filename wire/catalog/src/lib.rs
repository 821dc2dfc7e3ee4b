//! Every service and operation that Tidegate knows by name, served or not.
//!
//! The gateway answers an operation that is in here and not served with a clean 501 that names it, and
//! one that is not in here with the error that AWS gives for a misspelt name. A service that is served
//! brings its model with its API crate; the others are listed here.

mod find;
#[rustfmt::skip]
mod generated;
mod uri;

pub use find::by_path;
pub use generated::SERVICES;
