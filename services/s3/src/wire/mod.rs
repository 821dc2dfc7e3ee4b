//! AWS's shapes, names, codes and words, and what they mean here.

mod coverage;
mod errors;
mod events;
mod routes;
mod shown;

pub use coverage::COVERAGE;
pub(crate) use events::{Happening, Origin, bus_event, notification, test_event};
pub(crate) use routes::router;
pub(crate) use shown::{lock_mode, show_checksum, show_encryption};
