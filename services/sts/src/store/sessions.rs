use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_policy::{Document, Principal, PrincipalKind};
use tidegate_ports::{Credential, Identity, NamedPolicy, Session};
use tidegate_record::{DecodeError, Key, KeyReader, Root, Stored};
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_types::Timestamp;

use super::SessionRecord;

/// How long a session is remembered behind its end, so that who comes too late is told so.
const REMEMBERED_MS: u64 = 24 * 3600 * 1000;

const SESSION: u8 = 1;

/// All sessions.
pub(crate) fn prefix() -> Bytes {
    Key::new(Root::Sts).u8(SESSION).build()
}

/// Where a session lies.
pub(crate) fn key(access_key: &str) -> Bytes {
    Key::new(Root::Sts).u8(SESSION).text(access_key).build()
}

/// The access key in a key made by [`key`].
pub(crate) fn access_key(key: &[u8]) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, &prefix())?;
    let id = reader.text()?;
    reader.end()?;
    Ok(id)
}

/// A session in memory.
pub(crate) struct Issued {
    pub(crate) record: SessionRecord,
    pub(crate) credential: Arc<Credential>,
}

/// All durable sessions, by access key.
#[derive(Default)]
pub(crate) struct Sessions {
    by_key: RwLock<HashMap<String, Arc<Issued>>>,
}

impl Sessions {
    pub(crate) fn find(&self, access_key: &str) -> Option<Arc<Issued>> {
        self.by_key.read().get(access_key).cloned()
    }

    /// Some sessions that ended so long ago that nobody needs to be told.
    pub(crate) fn forgotten(&self, now: Timestamp, max: usize) -> Vec<String> {
        let by_key = self.by_key.read();
        let gone = by_key.iter().filter(|(_, issued)| issued.record.expires_at.plus_millis(REMEMBERED_MS) <= now);
        gone.take(max).map(|(key, _)| key.clone()).collect()
    }

    /// Every access key.
    pub(crate) fn all(&self) -> Vec<String> {
        self.by_key.read().keys().cloned().collect()
    }
}

fn load(by_key: &mut HashMap<String, Arc<Issued>>, key: &[u8], value: Option<&Bytes>) -> Result<(), DecodeError> {
    let id = access_key(key)?;
    match value {
        Some(value) => drop(by_key.insert(id, Arc::new(issued(SessionRecord::decode(value)?)?))),
        None => drop(by_key.remove(&id)),
    }
    Ok(())
}

/// Takes a record over. The keys of one that is damaged are keys that nobody knows, which is what their owner
/// is told. One of a later release is refused: this one would not understand the others either.
fn read(by_key: &mut HashMap<String, Arc<Issued>>, key: &Bytes, value: Option<&Bytes>) -> Result<(), DecodeError> {
    match load(by_key, key, value) {
        Ok(()) => Ok(()),
        Err(error @ DecodeError::Newer { .. }) => Err(error),
        Err(error) => {
            tracing::error!(?key, %error, "a stored session cannot be read; its keys are refused");
            Ok(())
        }
    }
}

fn issued(record: SessionRecord) -> Result<Issued, DecodeError> {
    let account = record.account.parse();
    let account = account.map_err(|_| DecodeError::Malformed { at: 0, what: "not an account" })?;
    let kind = match &record.role_arn {
        Some(_) => PrincipalKind::RoleSession,
        None if record.user_name.is_some() => PrincipalKind::User,
        None if record.arn.contains(":federated-user/") => PrincipalKind::FederatedSession,
        None if record.arn == format!("arn:aws:iam::{account}:root") => PrincipalKind::Root,
        // Nobody else has sessions: whoever may do everything must say so.
        None => return Err(DecodeError::Malformed { at: 0, what: "a session of nobody" }),
    };
    let named = |(name, text): &(String, String)| NamedPolicy {
        name: name.clone(),
        document: Arc::new(Document::of_resource(text, account)),
    };
    let identity = Identity {
        account,
        principal: Principal {
            kind,
            arn: record.arn.clone(),
            role_arn: record.role_arn.clone(),
            account: Some(account),
        },
        user_id: record.user_id.clone(),
        user_name: record.user_name.clone(),
        policies_of: record.policies_of.clone(),
        session: Some(Session {
            policies: record.policies.as_ref().map(|policies| policies.iter().map(named).collect()),
            tags: record.tags.clone(),
            keys: record.keys.clone(),
        }),
    };
    let credential = Arc::new(Credential {
        secret: record.secret.clone(),
        session_token: Some(record.token.clone()),
        expires_at: Some(record.expires_at),
        identity: Arc::new(identity),
    });
    Ok(Issued { record, credential })
}

impl Fold for Sessions {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, prefix())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut by_key = self.by_key.write();
        for Change { key, value } in changes {
            read(&mut by_key, key, value.as_ref()).expect("this release wrote it");
        }
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let prefix = prefix();
            let mut range = KeyRange::prefix(&prefix);
            let mut by_key = HashMap::new();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
                for found in &page {
                    read(&mut by_key, &found.key, Some(&found.record.value)).map_err(|error| StoreError::Corrupt {
                        space: Space::Map,
                        key: found.key.clone(),
                        what: error.to_string().into(),
                    })?;
                }
            }
            *self.by_key.write() = by_key;
            Ok(())
        }
        .boxed()
    }
}
