//! The operations.

mod assume;
mod draw;
mod limits;
pub(crate) mod mfa;
mod questions;
mod saml;
mod tokens;
mod web_identity;

pub(crate) use assume::{assume_role, role_account, service_session};
pub(crate) use draw::iso;
pub(crate) use questions::{decode_authorization_message, get_access_key_info, get_caller_identity};
pub(crate) use saml::assume_role_with_saml;
pub(crate) use tokens::{get_federation_token, get_session_token};
pub(crate) use web_identity::assume_role_with_web_identity;

/// A required text; the constraint check has seen that it is there.
pub(crate) fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}
