//! By which credentials functions act.

use futures::future::BoxFuture;
use tidegate_ports::RoleCredentials;

use crate::FunctionSpec;

/// Gives functions the credentials of their roles. How strict to be about roles that do not exist is the
/// business of whoever implements it.
pub trait CredentialSource: Send + Sync {
    /// Credentials of a session of the function's role, named after the function. They should last long: a
    /// worker is replaced before they end.
    ///
    /// # Errors
    /// Why there are none, for the user.
    fn issue<'a>(&'a self, function: &'a FunctionSpec) -> BoxFuture<'a, Result<RoleCredentials, String>>;
}
