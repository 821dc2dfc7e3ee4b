//! What others ask of SES, and what hands mail in.

mod inbound;
mod policies;
mod smtp;
mod verify;

pub(crate) use inbound::Inbound;
pub(crate) use policies::IdentityPolicies;
pub(crate) use smtp::SmtpInterface;
pub(crate) use verify::Verify;
