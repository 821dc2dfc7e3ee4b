//! What functions print, and what the platform says about them, on its way into log groups.
//!
//! Pipes are read by a task of each worker ([`Pump`]), put into the words of a [`Log`], gathered in one
//! [`LogSink`] for the whole server and written from there in batches. Nothing of it is on the way of an
//! invocation, except that at its end what the pipes still hold is taken out, so that the tail is whole.

mod log;
mod platform;
mod pump;
mod sink;

pub(crate) use log::{Log, Origin};
pub(crate) use platform::{InitReport, Report, Status, rfc3339};
pub(crate) use pump::{Framing, Pump};
pub(crate) use sink::{LogSink, StreamName};
