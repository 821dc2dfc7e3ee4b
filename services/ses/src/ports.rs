//! What others ask of SES, and what hands mail in.

mod dkim;
mod inbound;
mod policies;
mod smtp;
mod tracking;
mod verify;

pub(crate) use dkim::Dkim;
pub(crate) use inbound::Inbound;
pub(crate) use policies::IdentityPolicies;
pub(crate) use smtp::SmtpInterface;
pub(crate) use tracking::Tracking;
pub(crate) use verify::Verify;
