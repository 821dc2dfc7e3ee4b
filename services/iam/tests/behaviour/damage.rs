//! A record that cannot be read is told of, denies what it may have denied, and disturbs nobody else.

use serde_json::json;
use tidegate_env::Env;
use tidegate_iam::Iam;
use tidegate_iam::store::keys;
use tidegate_policy::{Outcome, Policies, Principal, Request, evaluate};
use tidegate_ports::{Credentials, PrincipalPolicies};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, StoreError};
use tidegate_types::AccountId;

use super::{Bed, POLICY, START, TRUST, arn, put};

const USER: u8 = 1;
const GROUP: u8 = 2;
const POLICIES: u8 = 4;

fn outcome(bed: &Bed, user: &str) -> Outcome {
    let own = bed.iam.policies(user).unwrap();
    let identity = own.policies.iter().map(|policy| &*policy.document).collect();
    let boundary = own.boundary.as_ref().map(|policy| &*policy.document);
    let principal = Principal::user(AccountId::DEFAULT, user);
    let request = Request::new(principal, "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:q", None);
    evaluate(&request, &Policies { identity, boundary, ..Policies::default() }).outcome
}

#[tokio::test]
async fn one_damaged_record_is_told_of_and_the_rest_is_served() {
    let bed = Bed::new().await;
    for name in ["ann", "bea"] {
        bed.ok("CreateUser", json!({ "UserName": name })).await;
        bed.ok("PutUserPolicy", json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": POLICY })).await;
    }
    let key = bed.ok("CreateAccessKey", json!({ "UserName": "ann" })).await["AccessKey"]["AccessKeyId"].clone();
    bed.ok("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": TRUST })).await;
    bed.damage(USER, "ann", b"\x01\xff").await;
    let bed = bed.reopened().await;
    assert!(bed.iam.find(key.as_str().unwrap()).is_none(), "its keys open nothing");
    let found: Vec<_> = bed.violations().await.iter().map(|found| found.invariant).collect();
    assert_eq!(found, ["IAM-1"]);
    // What is wrong with it stands in the log.
    let (code, _) = bed.call("GetUser", json!({ "UserName": "ann" })).await.unwrap_err();
    assert_eq!(code, "InternalFailure");
    bed.call("CreateUser", json!({ "UserName": "Ann" })).await.expect_err("it is there");
    assert_eq!(outcome(&bed, &arn("user/bea")), Outcome::Allow);
    bed.ok("TagRole", json!({ "RoleName": "r", "Tags": [{ "Key": "k", "Value": "v" }] })).await;
    bed.iam.reset().await.unwrap();
    bed.ok("CreateUser", json!({ "UserName": "ann" })).await;
}

#[tokio::test]
async fn what_may_have_denied_denies() {
    let bed = Bed::new().await;
    bed.ok("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": POLICY })).await;
    bed.ok("CreateGroup", json!({ "GroupName": "g" })).await;
    for (name, more) in [("member", json!({})), ("bounded", json!({ "PermissionsBoundary": arn("policy/p") }))] {
        let mut user = json!({ "UserName": name });
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bed.ok("CreateUser", user).await;
        bed.ok("PutUserPolicy", json!({ "UserName": name, "PolicyName": "own", "PolicyDocument": POLICY })).await;
    }
    bed.ok("AddUserToGroup", json!({ "UserName": "member", "GroupName": "g" })).await;
    let users = ["member", "bounded"].map(|name| arn(&format!("user/{name}")));
    users.iter().for_each(|user| assert_eq!(outcome(&bed, user), Outcome::Allow));
    bed.damage(GROUP, "g", b"\x01\xff").await;
    bed.damage(POLICIES, "p", b"").await;
    let bed = bed.reopened().await;
    users.iter().for_each(|user| assert_eq!(outcome(&bed, user), Outcome::ExplicitDeny, "{user}"));
    let mut found: Vec<_> = bed.violations().await.iter().map(|found| found.invariant).collect();
    found.sort_unstable();
    assert_eq!(found, ["IAM-1", "IAM-1", "IAM-3", "IAM-4"]);
}

#[tokio::test]
async fn a_record_of_a_later_release_is_refused() {
    let (env, _) = Env::manual(7, START);
    let disk = MemoryDisk::seeded(7);
    let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk), Durability::Always).unwrap();
    put(&store, keys::entity(AccountId::DEFAULT, USER, "ann"), b"\xfe").await;
    let error = Iam::open(store, env).await.map(drop).unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { what, .. } if what.contains("iam user")), "{error}");
}
