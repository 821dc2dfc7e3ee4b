//! What runs beside the requests. Each looks at what is stored and does one bounded step.

mod backfill;
mod copies;
mod damage;
mod expiry;
mod housekeeping;
mod sharding;
mod sweep;

pub use backfill::Backfill;
pub use copies::Copies;
pub(crate) use damage::describe as describe_counters;
pub use expiry::Expiry;
pub use housekeeping::Housekeeping;
pub use sharding::Sharding;
pub use sweep::Sweep;
