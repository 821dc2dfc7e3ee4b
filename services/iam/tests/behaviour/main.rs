//! What IAM does, over its own service boundary: tables of calls and what they answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod damage;
mod devices;
mod last_accessed;
mod simulation;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use tidegate_api_iam::MODEL;
use tidegate_env::{Env, ManualClock};
use tidegate_iam::Iam;
use tidegate_iam::invariants::{Violation, check_store};
use tidegate_iam::store::keys;
use tidegate_ports::{Credentials, PrincipalPolicies, ResourcePolicies};
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::{Call, Caller, ProtocolId, Service, ServiceError, codec};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, Space, Store, StoreError, Tx, transact};
use tidegate_types::{AccountId, Region, Timestamp};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const START: Timestamp = Timestamp::from_secs(1_700_000_000);

struct Bed {
    iam: Arc<Iam>,
    store: Arc<EmbeddedStore>,
    env: Env,
    clock: Arc<ManualClock>,
    disk: MemoryDisk,
}

impl Bed {
    async fn new() -> Bed {
        Bed::on(MemoryDisk::seeded(7)).await
    }

    async fn on(disk: MemoryDisk) -> Bed {
        let (env, clock) = Env::manual(7, START);
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk.clone()), Durability::Always).unwrap();
        let iam = Iam::open(store.clone(), env.clone()).await.unwrap();
        Bed { iam, store, env, clock, disk }
    }

    /// The same store, which is sound, opened anew.
    async fn restart(self) -> Bed {
        assert_eq!(self.violations().await, []);
        self.reopened().await
    }

    async fn violations(&self) -> Vec<Violation> {
        check_store(&*self.store.snapshot().unwrap()).await.unwrap()
    }

    async fn reopened(self) -> Bed {
        let Bed { store, env, disk, iam, .. } = self;
        drop(iam);
        env.run_blocking(move || store.close()).await;
        Bed::on(disk).await
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, (String, String)> {
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
        let output = self.iam.call(&call, &mut reader).map_err(refused)?.await.map_err(refused)?;
        let reply = codec(ProtocolId::AwsJson1_0).unwrap().success(&MODEL, operation, "1", &*output);
        Ok(if reply.body.is_empty() { json!({}) } else { serde_json::from_slice(&reply.body).unwrap() })
    }

    /// Puts bytes where a record is.
    async fn damage(&self, kind: u8, name: &str, bytes: &'static [u8]) {
        put(&self.store, keys::entity(AccountId::DEFAULT, kind, name), bytes).await;
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input.clone()).await.unwrap_or_else(|error| panic!("{operation} {input}: {error:?}"))
    }

    async fn refuses(&self, operation: &str, input: Value, code: &str, message: &str) {
        let error = self.call(operation, input.clone()).await.expect_err(operation);
        assert_eq!((error.0.as_str(), error.1.as_str()), (code, message), "{operation} {input}");
    }
}

async fn put(store: &EmbeddedStore, key: Bytes, value: &'static [u8]) {
    let put = async |tx: &mut Tx| -> Result<(), StoreError> {
        tx.put(Space::Map, key, value);
        Ok(())
    };
    transact(store, &[], put).await.unwrap();
}

fn arn(what: &str) -> String {
    format!("arn:aws:iam::000000000000:{what}")
}

#[tokio::test]
async fn a_user_lives_and_cannot_go_with_what_it_has() {
    let bed = Bed::new().await;
    let user = &bed
        .ok("CreateUser", json!({ "UserName": "Ann", "Path": "/a/", "Tags": [{ "Key": "k", "Value": "v" }] }))
        .await["User"];
    assert_eq!(user["Arn"], arn("user/a/Ann"));
    assert!(user["UserId"].as_str().unwrap().starts_with("AIDA") && user["UserId"].as_str().unwrap().len() == 21);
    bed.refuses(
        "CreateUser",
        json!({ "UserName": "ann" }),
        "EntityAlreadyExists",
        "User with name ann already exists.",
    )
    .await;
    let key = bed.ok("CreateAccessKey", json!({ "UserName": "Ann" })).await["AccessKey"].clone();
    let id = key["AccessKeyId"].as_str().unwrap();
    let credential = bed.iam.find(id).unwrap();
    assert_eq!(credential.secret, key["SecretAccessKey"].as_str().unwrap());
    assert_eq!((id.len(), credential.secret.len()), (20, 40));
    bed.ok("CreateAccessKey", json!({ "UserName": "Ann" })).await;
    bed.refuses(
        "CreateAccessKey",
        json!({ "UserName": "Ann" }),
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    .await;
    bed.refuses(
        "DeleteUser",
        json!({ "UserName": "Ann" }),
        "DeleteConflict",
        "Cannot delete entity, must delete access keys first.",
    )
    .await;
    bed.ok("UpdateUser", json!({ "UserName": "Ann", "NewUserName": "Bea", "NewPath": "/b/" })).await;
    assert_eq!(bed.iam.find(id).unwrap().identity.principal.arn, arn("user/b/Bea"), "keys go along");
    bed.ok("UpdateAccessKey", json!({ "UserName": "Bea", "AccessKeyId": id, "Status": "Inactive" })).await;
    assert!(bed.iam.find(id).is_none(), "an inactive key is none");
    bed.refuses("GetUser", json!({ "UserName": "Ann" }), "NoSuchEntity", "The user with name Ann cannot be found.")
        .await;
}

#[tokio::test]
async fn policies_have_versions_and_are_in_use() {
    let bed = Bed::new().await;
    let created = bed.ok("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": POLICY })).await;
    let policy = created["Policy"]["Arn"].as_str().unwrap().to_owned();
    assert_eq!(policy, arn("policy/p"));
    let text = "A policy called p already exists. Duplicate names are not allowed.";
    bed.refuses("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": POLICY }), "EntityAlreadyExists", text)
        .await;
    for _ in 0..4 {
        bed.ok("CreatePolicyVersion", json!({ "PolicyArn": policy, "PolicyDocument": POLICY, "SetAsDefault": true }))
            .await;
    }
    let text = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.";
    bed.refuses("CreatePolicyVersion", json!({ "PolicyArn": policy, "PolicyDocument": POLICY }), "LimitExceeded", text)
        .await;
    let text = "Cannot delete the default version of a policy.";
    bed.refuses("DeletePolicyVersion", json!({ "PolicyArn": policy, "VersionId": "v5" }), "DeleteConflict", text).await;
    bed.ok("DeletePolicyVersion", json!({ "PolicyArn": policy, "VersionId": "v1" })).await;
    let version = bed.ok("CreatePolicyVersion", json!({ "PolicyArn": policy, "PolicyDocument": POLICY })).await;
    assert_eq!(version["PolicyVersion"]["VersionId"], "v6", "numbers are never used again");
    bed.ok("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": TRUST })).await;
    bed.ok("AttachRolePolicy", json!({ "RoleName": "r", "PolicyArn": policy })).await;
    bed.refuses(
        "DeletePolicy",
        json!({ "PolicyArn": policy }),
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    .await;
    bed.refuses(
        "DeleteRole",
        json!({ "RoleName": "r" }),
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    )
    .await;
    let missing = arn("policy/missing");
    let text = format!("Policy {missing} does not exist or is not attachable.");
    bed.refuses("AttachRolePolicy", json!({ "RoleName": "r", "PolicyArn": missing }), "NoSuchEntity", &text).await;
}

#[tokio::test]
async fn what_holds_for_a_user_is_its_own_and_its_groups() {
    let bed = Bed::new().await;
    bed.ok("CreateUser", json!({ "UserName": "u" })).await;
    bed.ok("CreateGroup", json!({ "GroupName": "g" })).await;
    bed.ok("AddUserToGroup", json!({ "UserName": "u", "GroupName": "g" })).await;
    bed.ok("PutUserPolicy", json!({ "UserName": "u", "PolicyName": "own", "PolicyDocument": POLICY })).await;
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    bed.ok("AttachGroupPolicy", json!({ "GroupName": "g", "PolicyArn": read_only })).await;
    let names = |bed: &Bed| {
        let policies = bed.iam.policies(&arn("user/u")).unwrap();
        policies.policies.iter().map(|policy| policy.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&bed), ["own", read_only]);
    bed.ok("DeleteUserPolicy", json!({ "UserName": "u", "PolicyName": "own" })).await;
    assert_eq!(names(&bed), [read_only], "what was remembered is forgotten");
    bed.refuses(
        "DeleteGroup",
        json!({ "GroupName": "g" }),
        "DeleteConflict",
        "Cannot delete entity, must remove users from group first.",
    )
    .await;
    assert!(bed.iam.policies(&arn("user/nobody")).is_none());
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let bed = Bed::new().await;
    bed.ok("CreateUser", json!({ "UserName": "u" })).await;
    let key = bed.ok("CreateAccessKey", json!({ "UserName": "u" })).await["AccessKey"]["AccessKeyId"].clone();
    bed.ok(
        "CreateRole",
        json!({ "RoleName": "r", "Path": "/p/", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 7200 }),
    )
    .await;
    bed.ok("CreateInstanceProfile", json!({ "InstanceProfileName": "i" })).await;
    bed.ok("AddRoleToInstanceProfile", json!({ "InstanceProfileName": "i", "RoleName": "r" })).await;
    bed.ok("UpdateAccountPasswordPolicy", json!({ "MinimumPasswordLength": 12 })).await;
    let (role, profile) = (json!({ "RoleName": "r" }), json!({ "InstanceProfileName": "i" }));
    let before = (bed.ok("GetRole", role.clone()).await, bed.ok("GetInstanceProfile", profile.clone()).await);
    let bed = bed.restart().await;
    assert_eq!((bed.ok("GetRole", role).await, bed.ok("GetInstanceProfile", profile).await), before);
    assert!(bed.iam.find(key.as_str().unwrap()).is_some());
    assert!(bed.iam.policy_of(&arn("role/p/r")).is_some());
    // Writes go on where they were: the version that they check is known.
    bed.ok("TagRole", json!({ "RoleName": "r", "Tags": [{ "Key": "k", "Value": "v" }] })).await;
    bed.iam.reset().await.unwrap();
    assert_eq!(bed.ok("ListRoles", json!({})).await["Roles"], json!([]));
    bed.ok("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": TRUST })).await;
}

#[tokio::test]
async fn many_writers_wait_for_each_other() {
    let bed = Arc::new(Bed::new().await);
    let all = (0..100).map(|number| {
        let bed = bed.clone();
        async move { bed.ok("CreateUser", json!({ "UserName": format!("u{number:03}") })).await }
    });
    futures::future::join_all(all).await;
    let first = bed.ok("ListUsers", json!({ "MaxItems": 60 })).await;
    assert_eq!((first["Users"].as_array().unwrap().len(), &first["IsTruncated"]), (60, &json!(true)));
    let rest = bed.ok("ListUsers", json!({ "MaxItems": 60, "Marker": first["Marker"] })).await;
    assert_eq!((rest["Users"].as_array().unwrap().len(), &rest["IsTruncated"]), (40, &json!(false)));
}
