//! How the server speaks about itself: log lines on stderr, metrics in Prometheus' text form.
//!
//! Every crate writes through the `tracing` and `metrics` facades and describes its own metrics;
//! only the binary calls this crate, once at start. There is no listener here: the gateway serves
//! [`Metrics::render`] under its own path, behind its own checks.
//!
//! Memory stays flat if [`Metrics::upkeep`] is called as often as it asks: the recorder keeps every
//! histogram sample until then.

mod logs;
mod metrics;
mod process;

pub use logs::{InvalidFilter, LogFormat, LogsError, install_logs};
pub use metrics::{Metrics, MetricsError, UPKEEP_EVERY};
