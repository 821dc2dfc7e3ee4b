//! What runs beside the requests. Workers take no input: they look at what is stored, do a bounded
//! piece of what is due, and say when to look again.
//!
//! The timers and the sweeper of `storage/queue` serve every service and are started where the
//! server is put together.

mod expiry;
mod housekeeping;
mod move_tasks;

pub(crate) use expiry::Expiry;
pub(crate) use housekeeping::{Housekeeping, Leftovers};
pub(crate) use move_tasks::MoveTasks;
