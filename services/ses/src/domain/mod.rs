//! What SES is about: plain rules and data.

pub mod account;
pub mod address;
pub mod configuration_set;
pub mod contact;
pub mod dkim;
pub mod identity;
pub mod import;
pub mod message;
mod nesting;
pub mod receipt;
pub mod rendering;
pub mod signing_key;
pub mod tags;
pub mod template;
pub mod tenant;
pub mod tracking;
