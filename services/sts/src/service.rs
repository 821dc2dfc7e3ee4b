use std::sync::{Arc, OnceLock, Weak};

use tidegate_env::Env;
use tidegate_ports::{Credential, Credentials, KeyUse, PrincipalPolicies, ResourcePolicies, Roles};
use tidegate_protocol::{Call, Coverage, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel};
use tidegate_record::Stored;
use tidegate_store::{CommitError, Space, Store, StoreError, TransactError, Tx, transact};

use crate::error::Error;
use crate::oidc::IssuerKeys;
use crate::store::{Code, Issued, SessionRecord, Sessions, ShownCode, ShownCodes, code_key, key};
use crate::wire;

/// How many forgotten sessions a new one takes away.
const SWEPT: usize = 16;

/// What IAM is to this service.
pub trait Iam: Roles + ResourcePolicies + PrincipalPolicies {}

impl<T: Roles + ResourcePolicies + PrincipalPolicies> Iam for T {}

/// The service. One of it serves all accounts and regions.
pub struct Sts {
    store: Arc<dyn Store>,
    pub(crate) env: Env,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) iam: Arc<dyn Iam>,
    /// Other issuers of keys, for `GetAccessKeyInfo`.
    pub(crate) issuers: Vec<Arc<dyn Credentials>>,
    /// Whose resources have policies. It keeps nobody alive: a service that is asked may itself hold this.
    pub(crate) resources: OnceLock<Vec<Weak<dyn ResourcePolicies>>>,
    pub(crate) issuer_keys: IssuerKeys,
    pub(crate) shown_codes: ShownCodes,
    router: Router<Sts>,
}

impl Sts {
    /// The service over a store, whose sessions it reads before it answers.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn open(
        store: Arc<dyn Store>,
        env: Env,
        iam: Arc<dyn Iam>,
        issuers: Vec<Arc<dyn Credentials>>,
    ) -> Result<Arc<Sts>, StoreError> {
        let sessions = Arc::new(Sessions::default());
        store.attach(sessions.clone()).await?;
        let shown_codes = ShownCodes::open(&*store, env.real_now()).await?;
        Ok(Arc::new(Sts {
            store,
            env,
            sessions,
            iam,
            issuers,
            resources: OnceLock::new(),
            issuer_keys: IssuerKeys::default(),
            shown_codes,
            router: wire::router(),
        }))
    }

    /// Makes the policies of resources known, which are asked whether a role may do something. The first
    /// call counts.
    pub fn know_resources(&self, resources: Vec<Weak<dyn ResourcePolicies>>) {
        self.resources.get_or_init(|| resources);
    }

    /// The session that a request is made by, if it is made by one.
    pub(crate) fn session(&self, call: &Call) -> Option<Arc<Issued>> {
        self.sessions.find(call.caller.access_key.as_deref()?)
    }

    /// Keeps a session. It can be used when this returns.
    pub(crate) async fn issue(&self, access_key: &str, record: &SessionRecord) -> Result<(), CommitError> {
        let forgotten = &self.sessions.forgotten(self.env.real_now(), SWEPT);
        let kept = transact(&*self.store, &[], async |tx: &mut Tx| -> Result<(), StoreError> {
            tx.put(Space::Map, key(access_key), record.encode());
            forgotten.iter().for_each(|gone| tx.delete(Space::Map, key(gone)));
            Ok(())
        });
        match kept.await {
            Ok(_) => Ok(()),
            Err(TransactError::Refused(error)) => Err(error.into()),
            Err(TransactError::Commit(error)) => Err(error),
        }
    }

    /// Keeps that a code was shown, and forgets codes that hold no more.
    ///
    /// # Errors
    /// [`Error::MfaCode`] if it was shown before, [`Error::Store`] and [`Error::Commit`].
    pub(crate) async fn spend_code(&self, code: Code) -> Result<(), Error> {
        let now = self.env.real_now();
        let forgotten = &self.shown_codes.note(code.clone(), now).ok_or(Error::MfaCode)?;
        transact(&*self.store, &[], async |tx: &mut Tx| -> Result<(), Error> {
            forgotten.iter().for_each(|gone| tx.delete(Space::Map, code_key(gone)));
            tx.put(Space::Map, code_key(&code), ShownCode { at: now }.encode());
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Forgets all sessions and codes.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`].
    pub async fn reset(&self) -> Result<(), Error> {
        for gone in self.sessions.all().chunks(1000) {
            transact(&*self.store, &[], async |tx: &mut Tx| -> Result<(), Error> {
                gone.iter().for_each(|gone| tx.delete(Space::Map, key(gone)));
                Ok(())
            })
            .await?;
        }
        let codes = &self.shown_codes.forget();
        transact(&*self.store, &[], async |tx: &mut Tx| -> Result<(), Error> {
            codes.iter().for_each(|code| tx.delete(Space::Map, code_key(code)));
            Ok(())
        })
        .await?;
        Ok(())
    }
}

impl Credentials for Sts {
    fn find(&self, access_key: &str) -> Option<Arc<Credential>> {
        Some(self.sessions.find(access_key)?.credential.clone())
    }

    /// Who was made anew under a name is somebody else: sessions of the old one have nothing of theirs.
    fn is_good(&self, access_key: &str) -> bool {
        let Some(issued) = self.sessions.find(access_key) else { return true };
        let owner = issued.record.policies_of.as_deref().zip(issued.record.owner_id.as_deref());
        !owner.is_some_and(|(arn, id)| self.iam.is_another(arn, id))
    }

    fn used(&self, access_key: &str, used: KeyUse<'_>) {
        let Some(issued) = self.sessions.find(access_key) else { return };
        // What a federated session does is not told of the user who vouches for it.
        if let Some(id) = issued.record.owner_id.as_deref().filter(|id| issued.record.user_id.starts_with(id)) {
            self.iam.session_used(id, used);
        }
    }
}

impl Service for Sts {
    fn model(&self) -> &'static ServiceModel {
        self.router.model()
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        wire::COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        self.router.dispatch(self, call, input)
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}
