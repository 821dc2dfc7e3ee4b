//! What an operation works with.

use futures::Future;
use tidegate_protocol::Call;
use tidegate_store::StoreError;
use tidegate_types::Timestamp;

use crate::domain::account::Settings;
use crate::domain::configuration_set::ConfigurationSet;
use crate::domain::identity::{Identity, canonical, verifying};
use crate::error::{Error, Thing};
use crate::service::Ses;
use crate::store::Shelf;

/// What an operation works with: the caller, the time, and what the account has, within one transaction.
pub(crate) struct Desk<'a> {
    pub(crate) ses: &'a Ses,
    pub(crate) call: &'a Call,
    pub(crate) now: Timestamp,
    pub(crate) shelf: Shelf<'a>,
}

/// An operation: `async fn(Desk<'_>, &Input) -> Result<Output, Error>`. It runs in one transaction, which
/// commits if it succeeds, and may run more than once.
///
/// It exists because a bound on a plain closure cannot say that the future may borrow the desk; every
/// function of that form implements it.
pub(crate) trait Operation<'d, I, O>: Copy + Send + Sync + 'static {
    type Future: Future<Output = Result<O, Error>> + Send + 'd;

    fn run(self, desk: Desk<'d>, input: &'d I) -> Self::Future;
}

impl<'d, I: 'd, O, F, R> Operation<'d, I, O> for F
where
    F: Fn(Desk<'d>, &'d I) -> R + Copy + Send + Sync + 'static,
    R: Future<Output = Result<O, Error>> + Send + 'd,
{
    type Future = R;

    fn run(self, desk: Desk<'d>, input: &'d I) -> R {
        self(desk, input)
    }
}

impl Shelf<'_> {
    /// The account's settings.
    pub(crate) async fn settings(&mut self) -> Result<Settings, StoreError> {
        Ok(self.find::<Settings>("").await?.unwrap_or_default())
    }

    /// The configuration set of this name.
    pub(crate) async fn set(&mut self, name: &str) -> Result<ConfigurationSet, Error> {
        self.find(name).await?.ok_or_else(|| Error::NoSuch(Thing::ConfigurationSet, name.to_owned()))
    }

    /// The identity of this name.
    pub(crate) async fn identity(&mut self, name: &str) -> Result<Option<Identity>, StoreError> {
        self.find(&canonical(name)).await
    }

    /// The nearest verified identity that allows sending from, or in the sandbox to, this address.
    pub(crate) async fn verified(&mut self, address: &str) -> Result<Option<Identity>, StoreError> {
        for name in verifying(address) {
            if let Some(identity) = self.find::<Identity>(&name).await?.filter(Identity::is_verified) {
                return Ok(Some(identity));
            }
        }
        Ok(None)
    }
}

impl Desk<'_> {
    /// Milliseconds since the epoch.
    pub(crate) fn millis(&self) -> u64 {
        self.now.as_millis()
    }
}
