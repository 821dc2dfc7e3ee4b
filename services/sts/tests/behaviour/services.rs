//! What services that act by roles are answered.

use std::sync::Arc;
use std::time::Duration;

use tidegate_policy::Document;
use tidegate_ports::{Credentials, ResourcePolicies, RoleRefusal, RoleUse, RoleVerdict, ServiceRoles};

use super::bed::{Bed, Role, START};

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"lambda.amazonaws.com"}}}"#;
const TRUST_OF_F: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"lambda.amazonaws.com"},"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:lambda:*:*:function:f"}}}}"#;
const NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;
const RECEIVE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:q"}}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
    {"Effect":"Deny","Action":"sqs:Receive*","Resource":"*"}]}"#;

fn role(policy: &'static str) -> Role {
    Role { trust: TRUST, policy, boundary: None }
}

fn used(role: &str, service: &str, source: Option<&str>) -> RoleUse {
    RoleUse {
        role: format!("arn:aws:iam::000000000000:role/{role}"),
        service: service.to_owned(),
        source: source.map(str::to_owned),
        session: "f".to_owned(),
    }
}

#[tokio::test]
async fn a_role_trusts_whom_it_names() {
    let bed = Bed::new(&[("all", role(NOTHING)), ("one", Role { trust: TRUST_OF_F, ..role(NOTHING) })]).await;
    let trusts = |name, service, source| bed.sts.check(&used(name, service, source));
    assert!(trusts("all", "lambda.amazonaws.com", None).is_ok());
    assert!(trusts("one", "lambda.amazonaws.com", Some(FUNCTION)).is_ok());
    for (name, service, source) in [
        ("all", "events.amazonaws.com", None),
        ("one", "lambda.amazonaws.com", None),
        ("one", "lambda.amazonaws.com", Some("arn:aws:lambda:us-east-1:000000000000:function:g")),
    ] {
        let refusal = trusts(name, service, source).unwrap_err();
        assert!(matches!(refusal, RoleRefusal::NotTrusted { .. }), "{name} {service} {source:?}: {refusal}");
    }
    let refusal = trusts("none", "lambda.amazonaws.com", None).unwrap_err();
    assert!(matches!(refusal, RoleRefusal::NoSuchRole(_)), "{refusal}");
}

#[tokio::test]
async fn credentials_of_a_function_work_and_last() {
    let bed = Bed::new(&[("r", role(NOTHING))]).await;
    let asked = used("r", "lambda.amazonaws.com", Some(FUNCTION));
    let issued = bed.sts.issue(asked.clone(), Duration::from_secs(100 * 3600)).await.unwrap();
    assert_eq!(issued.expires_at, START.plus_millis(12 * 3600 * 1000), "not longer than AWS's");
    let found = bed.sts.find(&issued.access_key).unwrap();
    assert_eq!((&found.secret, found.session_token.as_ref()), (&issued.secret, Some(&issued.session_token)));
    assert_eq!(found.identity.principal.arn, "arn:aws:sts::000000000000:assumed-role/r/f");
    assert_eq!(found.identity.user_id, "AROAEXAMPLE:f");
    let refusal = bed.sts.issue(used("r", "events.amazonaws.com", None), Duration::ZERO).await.unwrap_err();
    assert!(matches!(refusal, RoleRefusal::NotTrusted { .. }), "{refusal}");
    let bed = bed.restart().await;
    assert!(bed.sts.find(&issued.access_key).is_some(), "a function that runs on goes on");
}

struct Queue(&'static str);

impl ResourcePolicies for Queue {
    fn service(&self) -> &'static str {
        "sqs"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        (arn == QUEUE).then(|| Arc::new(Document::parse(self.0).unwrap()))
    }
}

#[tokio::test]
async fn a_role_may_what_its_policies_and_the_resource_s_allow() {
    let roles = [
        ("receives", role(RECEIVE)),
        ("denied", role(DENY)),
        ("nothing", role(NOTHING)),
        ("bounded", Role { boundary: Some(NOTHING), ..role(RECEIVE) }),
    ];
    let bed = Bed::new(&roles).await;
    let may = |name, resource| bed.sts.may(&used(name, "lambda.amazonaws.com", None), "sqs:ReceiveMessage", resource);
    assert_eq!(may("receives", QUEUE), RoleVerdict::Allowed);
    assert_eq!(may("receives", "arn:aws:sqs:us-east-1:000000000000:other"), RoleVerdict::NotAllowed);
    assert_eq!(may("receives", "arn:aws:sqs:us-east-1:111111111111:q"), RoleVerdict::NotAllowed, "of another account");
    assert_eq!(may("denied", QUEUE), RoleVerdict::Denied);
    assert_eq!(may("nothing", QUEUE), RoleVerdict::NotAllowed);
    assert_eq!(may("bounded", QUEUE), RoleVerdict::NotAllowed);
    assert_eq!(may("missing", QUEUE), RoleVerdict::NotAllowed);
    // The queue itself lets one role in, and keeps another out.
    let queue: Arc<dyn ResourcePolicies> = Arc::new(Queue(
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/nothing"},"Action":"sqs:*","Resource":"*"},
            {"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::000000000000:role/receives"},"Action":"sqs:*","Resource":"*"}]}"#,
    ));
    bed.sts.know_resources(vec![Arc::downgrade(&queue)]);
    assert_eq!(may("nothing", QUEUE), RoleVerdict::Allowed);
    assert_eq!(may("receives", QUEUE), RoleVerdict::Denied);
}
