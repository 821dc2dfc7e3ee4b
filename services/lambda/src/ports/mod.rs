//! What others may ask of functions, or send to them.

mod functions;
mod policies;
mod sink;
mod url_event;
mod urls;
mod zips;

pub(crate) use functions::Invoker;
pub(crate) use policies::FunctionPolicies;
pub(crate) use sink::FunctionSink;
pub(crate) use urls::Urls;
pub(crate) use zips::Zips;
