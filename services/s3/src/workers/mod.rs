//! What runs beside the requests. Workers take no input: they look at what is stored, do a bounded piece of
//! what is due, and say when to look again.

mod access_logs;
mod lifecycle;
mod removal;
mod sweep;

pub(crate) use access_logs::AccessLogs;
pub(crate) use lifecycle::Lifecycle;
pub(crate) use removal::Removal;
pub(crate) use sweep::Sweep;
