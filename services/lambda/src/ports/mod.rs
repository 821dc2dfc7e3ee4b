//! What others may ask of functions, or send to them.

mod bucket_sink;
mod functions;
mod policies;
mod sink;
mod url_event;
mod urls;
mod zips;

pub(crate) use bucket_sink::BucketSink;
pub(crate) use functions::Invoker;
pub(crate) use policies::FunctionPolicies;
pub(crate) use sink::FunctionSink;
pub(crate) use urls::Urls;
pub(crate) use zips::Zips;
