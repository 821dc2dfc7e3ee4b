//! Tokens of OpenID Connect providers: what they say, whether their signature is the provider's, and where
//! the provider keeps its keys.
//!
//! A provider's keys are fetched from its own address, as AWS does: `/.well-known/openid-configuration` names
//! where they are. A provider with https is who it says it is if its certificate, or one that vouches for it,
//! has a thumbprint that IAM knows; authorities of the public web are not asked, because providers of tests
//! have none. One with http is believed on this machine only.

mod fetch;
mod keys;
mod pinned;
mod token;

pub(crate) use keys::{IssuerKeys, KeyFault};
pub use token::Token;
