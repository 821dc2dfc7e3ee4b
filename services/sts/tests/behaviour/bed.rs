//! A server's worth of STS: a store in memory, and people and roles of a kind that stays put.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tidegate_api_sts::MODEL;
use tidegate_env::Env;
use tidegate_policy::Document;
use tidegate_ports::{
    AssumableRole, IdentityPolicies, KnownProvider, NamedPolicy, PrincipalPolicies, ResourcePolicies, Roles,
};
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::{Call, Caller, ProtocolId, Service, ServiceError, codec};
use tidegate_record::{Key, Root};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, Space, Store, StoreError, Tx, transact};
use tidegate_sts::Sts;
use tidegate_sts::invariants::check_store;
use tidegate_types::{AccountId, Region, Timestamp};

pub const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// The root's device.
pub const DEVICE: &str = "arn:aws:iam::000000000000:mfa/device";

/// A role: who may assume it, and what it may do.
#[derive(Clone)]
pub struct Role {
    pub trust: &'static str,
    pub policy: &'static str,
    pub boundary: Option<&'static str>,
}

/// An IAM.
#[derive(Default)]
pub struct People {
    pub roles: Mutex<BTreeMap<&'static str, Role>>,
    /// By ARN.
    pub providers: Mutex<BTreeMap<String, KnownProvider>>,
    /// What SAML providers say of themselves.
    pub metadata: Mutex<BTreeMap<String, String>>,
    /// What the root's device shows.
    pub codes: Mutex<Vec<&'static str>>,
}

fn parsed(name: &str, text: &str) -> NamedPolicy {
    NamedPolicy { name: name.to_owned(), document: Arc::new(Document::parse(text).unwrap()) }
}

impl People {
    fn find(&self, arn: &str) -> Option<Role> {
        self.roles.lock().get(arn.strip_prefix("arn:aws:iam::000000000000:role/")?).cloned()
    }
}

impl Roles for People {
    fn role(&self, arn: &str) -> Option<AssumableRole> {
        self.find(arn)?;
        let name = arn.rsplit('/').next()?.to_owned();
        Some(AssumableRole {
            account: AccountId::DEFAULT,
            name,
            id: "AROAEXAMPLE".to_owned(),
            max_session_seconds: 3600,
        })
    }

    fn policy_text(&self, _: AccountId, _: &str) -> Option<String> {
        None
    }

    fn oidc_provider(&self, arn: &str) -> Option<KnownProvider> {
        self.providers.lock().get(arn).cloned()
    }

    fn saml_provider(&self, arn: &str) -> Option<String> {
        self.metadata.lock().get(arn).cloned()
    }

    fn mfa_code_holds(&self, _: &str, serial: &str, code: &str, _: Timestamp) -> Option<bool> {
        (serial == DEVICE).then(|| self.codes.lock().contains(&code))
    }

    fn owner_of_key(&self, _: &str) -> Option<AccountId> {
        None
    }
}

impl ResourcePolicies for People {
    fn service(&self) -> &'static str {
        "iam"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        Some(Arc::new(Document::parse(self.find(arn)?.trust).unwrap()))
    }
}

impl PrincipalPolicies for People {
    fn policies(&self, arn: &str) -> Option<Arc<IdentityPolicies>> {
        let role = self.find(arn)?;
        Some(Arc::new(IdentityPolicies {
            policies: vec![parsed("own", role.policy)],
            boundary: role.boundary.map(|text| parsed("boundary", text)),
            tags: Vec::new(),
        }))
    }
}

/// STS and what it stands on.
pub struct Bed {
    pub sts: Arc<Sts>,
    pub people: Arc<People>,
    pub env: Env,
    store: Arc<EmbeddedStore>,
    disk: MemoryDisk,
}

impl Bed {
    pub async fn new(roles: &[(&'static str, Role)]) -> Bed {
        let people = Arc::new(People { roles: Mutex::new(roles.iter().cloned().collect()), ..People::default() });
        Bed::on(MemoryDisk::seeded(7), people).await
    }

    async fn on(disk: MemoryDisk, people: Arc<People>) -> Bed {
        let (env, _) = Env::manual(7, START);
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk.clone()), Durability::Always).unwrap();
        let sts = Sts::open(store.clone(), env.clone(), people.clone(), Vec::new()).await.unwrap();
        Bed { sts, people, env, store, disk }
    }

    /// The invariants that do not hold.
    pub async fn violations(&self) -> Vec<&'static str> {
        let found = check_store(&*self.store.snapshot().unwrap()).await.unwrap();
        found.iter().map(|found| found.invariant).collect()
    }

    /// Puts bytes that are no session where one is, behind the back of a server that would look at them.
    pub async fn damage(&self, access_key: &str) {
        let key = Key::new(Root::Sts).u8(1).text(access_key).build();
        let put = async |tx: &mut Tx| -> Result<(), StoreError> {
            tx.put(Space::Map, key, &b"\x01\xff"[..]);
            Ok(())
        };
        transact(&*self.store, &[], put).await.unwrap();
    }

    /// Calls an operation without a signature.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, (String, String)> {
        let operation = MODEL.operation(operation).unwrap();
        let call = Call {
            operation,
            account: AccountId::DEFAULT,
            region: Region::us_east_1(),
            caller: Caller::root(AccountId::DEFAULT),
            base_url: "http://localhost:4566".to_owned(),
            request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            trace: None,
            path: "/".to_owned(),
            protocol: ProtocolId::AwsQuery,
            user_agent: None,
            http: None,
        };
        let refused = |error: ServiceError| (error.shape.query_code.to_owned(), error.message);
        let body = input.to_string();
        let mut reader = JsonReader::new(body.as_bytes()).unwrap();
        let output = self.sts.call(&call, &mut reader).map_err(refused)?.await.map_err(refused)?;
        let reply = codec(ProtocolId::AwsJson1_0).unwrap().success(&MODEL, operation, "1", &*output);
        Ok(serde_json::from_slice(&reply.body).unwrap())
    }

    /// The same store, opened anew.
    pub async fn restart(self) -> Bed {
        let Bed { store, env, disk, sts, people } = self;
        drop(sts);
        env.run_blocking(move || store.close()).await;
        Bed::on(disk, people).await
    }
}
