//! Whose key a request is signed with.

use std::cell::RefCell;
use std::sync::Arc;

use subtle::ConstantTimeEq;
use tidegate_ports::{Credential, Credentials};
use tidegate_sigv4::{Keys, Refused, Secret};
use tidegate_types::Timestamp;

/// One look at the keys, which remembers what it found: the caller is whom the *verified* key belongs to,
/// whatever becomes of the key a moment later.
pub(super) struct Lookup<'a> {
    sources: &'a [Arc<dyn Credentials>],
    found: RefCell<Option<Arc<Credential>>>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(sources: &'a [Arc<dyn Credentials>]) -> Lookup<'a> {
        Lookup { sources, found: RefCell::new(None) }
    }

    /// The key of this id, if it is one of ours. Only what looks like one is looked for, so that the
    /// twelve digits and the `test` of local use cost nothing.
    pub(super) fn find(&self, access_key: &str) -> Option<Arc<Credential>> {
        if !access_key.starts_with('A') {
            return None;
        }
        self.sources.iter().find_map(|source| source.find(access_key))
    }

    /// The key that was accepted.
    pub(super) fn found(&self) -> Option<Arc<Credential>> {
        self.found.borrow().clone()
    }
}

impl Keys for Lookup<'_> {
    fn secret(&self, access_key: &str, token: Option<&str>, now: Timestamp) -> Result<Secret, Refused> {
        let credential = self.find(access_key).ok_or(Refused::Unknown)?;
        let fits = match (&credential.session_token, token) {
            (None, None) => true,
            (Some(expected), Some(given)) => expected.as_bytes().ct_eq(given.as_bytes()).into(),
            // A temporary key without its token is none; a token with any other key belongs elsewhere.
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !fits || !self.sources.iter().all(|source| source.is_good(access_key)) {
            return Err(Refused::Unknown);
        }
        if credential.expires_at.is_some_and(|end| now >= end) {
            return Err(Refused::Expired);
        }
        let secret = Secret::new(&*credential.secret);
        self.found.replace(Some(credential));
        Ok(secret)
    }
}
