//! Where a provider keeps its keys, and what they were a moment ago.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use tidegate_env::Env;
use tidegate_types::Timestamp;

use super::fetch;
use super::token::Token;

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long its keys are believed without asking again.
const FRESH_MS: u64 = 60_000;
/// The most providers whose keys are remembered.
const MAX_REMEMBERED: usize = 64;

/// Why the keys of a provider are not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFault {
    /// It cannot be reached, or too slowly.
    #[error("{0}")]
    Unreachable(String),
    /// It answers something else than keys, or not the one that the token names.
    #[error("{0}")]
    NoKey(String),
}

/// The keys of a provider, and when they were fetched.
type Fetched = (Timestamp, Arc<Vec<Value>>);

/// The keys of providers, by their addresses.
#[derive(Default)]
pub(crate) struct IssuerKeys {
    remembered: Mutex<HashMap<String, Fetched>>,
}

impl IssuerKeys {
    /// The keys of the provider at this address among which the token's may be. What is remembered serves
    /// unless the token names a key that is not among it: providers change their keys.
    pub(crate) async fn of(
        &self,
        env: &Env,
        issuer: &str,
        thumbprints: &[String],
        token: &Token,
    ) -> Result<Arc<Vec<Value>>, KeyFault> {
        let now = env.real_now();
        let known = self.remembered.lock().get(issuer).cloned();
        let is_fresh = |at: Timestamp| now < at.plus_millis(FRESH_MS);
        if let Some((_, keys)) = known.filter(|(at, keys)| is_fresh(*at) && token.has_key_in(keys)) {
            return Ok(keys);
        }
        let fetched = env.timeout_real(PATIENCE, fetch_keys(issuer, thumbprints)).await;
        let too_slow = || KeyFault::Unreachable(format!("{issuer} did not answer within {} s", PATIENCE.as_secs()));
        let keys = Arc::new(fetched.map_err(|_| too_slow())??);
        let mut remembered = self.remembered.lock();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(issuer.to_owned(), (now, keys.clone()));
        drop(remembered);
        match token.has_key_in(&keys) {
            true => Ok(keys),
            false => Err(KeyFault::NoKey(format!("{issuer} has no key that the token names"))),
        }
    }
}

async fn fetch_keys(issuer: &str, thumbprints: &[String]) -> Result<Vec<Value>, KeyFault> {
    let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let configuration = read(fetch::get(&place, thumbprints).await)?;
    let keys = configuration.get("jwks_uri").and_then(Value::as_str);
    let keys = keys.ok_or_else(|| KeyFault::NoKey(format!("{place} does not say where the keys are")))?;
    let mut set = read(fetch::get(keys, thumbprints).await)?;
    match set.get_mut("keys").map(Value::take) {
        Some(Value::Array(keys)) => Ok(keys),
        _ => Err(KeyFault::NoKey(format!("{keys} is no set of keys"))),
    }
}

fn read(answer: Result<Bytes, fetch::Fault>) -> Result<Value, KeyFault> {
    let bytes = answer.map_err(|fault| match fault {
        fetch::Fault::Unreachable(..) => KeyFault::Unreachable(fault.to_string()),
        fetch::Fault::Address(_) | fetch::Fault::Status(..) | fetch::Fault::Unreadable(_) => {
            KeyFault::NoKey(fault.to_string())
        }
    })?;
    serde_json::from_slice(&bytes).map_err(|error| KeyFault::NoKey(format!("the provider's answer: {error}")))
}
