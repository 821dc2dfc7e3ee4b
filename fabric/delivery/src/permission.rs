//! Whether a service may send to a target, under `--auth enforce`.
//!
//! A delivery without a role is the source's service acting for itself (`sns.amazonaws.com`), and the
//! target's policy decides, usually by `aws:SourceArn`. One with a role has what the role's policies allow,
//! as if a session of it had called.

use std::sync::Weak;

use tidegate_policy::{Policies, Principal, Request, evaluate};
use tidegate_ports::{Delivery, PrincipalPolicies, ResourcePolicies};
use tidegate_types::Arn;

/// Whom to ask. It keeps nobody alive: a service that is asked may itself hold the dispatcher.
#[derive(Default)]
pub struct DeliveryPermission {
    /// The policies of roles.
    pub principals: Option<Weak<dyn PrincipalPolicies>>,
    /// The policies of targets.
    pub resources: Vec<Weak<dyn ResourcePolicies>>,
}

impl DeliveryPermission {
    /// Whether the delivery may be accepted.
    pub fn allows(&self, delivery: &Delivery) -> bool {
        let Some(action) = action(&delivery.target.service) else {
            // What has no such action takes deliveries of its own account's services only.
            return delivery.source.account == delivery.target.account;
        };
        let target = delivery.target.to_string();
        let sources = self.resources.iter().filter_map(Weak::upgrade);
        let policy = sources.into_iter().find(|source| source.service() == delivery.target.service);
        let resource = policy.and_then(|source| source.policy_of(&target));
        let role = delivery.role.as_ref().map(ToString::to_string);
        let own = role.as_ref().and_then(|role| self.principals.as_ref()?.upgrade()?.policies(role));
        let mut request = Request::new(sender(delivery), action, target, delivery.target.account);
        describe(delivery, &mut request);
        let policies = Policies {
            identity: own.iter().flat_map(|own| &own.policies).map(|policy| &*policy.document).collect(),
            resource: resource.as_deref(),
            boundary: own.as_ref().and_then(|own| own.boundary.as_ref()).map(|policy| &*policy.document),
            ..Policies::default()
        };
        evaluate(&request, &policies).is_allowed()
    }
}

fn sender(delivery: &Delivery) -> Principal {
    match (&delivery.role, delivery.role.as_ref().and_then(|role| role.account)) {
        (Some(role), Some(account)) => {
            let name = role.resource.rsplit('/').next().unwrap_or_default();
            let session = format!("arn:aws:sts::{account}:assumed-role/{name}/{}", delivery.source.service);
            Principal::role_session(account, session, role.to_string())
        }
        _ => Principal::service(format!("{}.amazonaws.com", delivery.source.service)),
    }
}

fn describe(delivery: &Delivery, request: &mut Request) {
    request.set("aws:SourceArn", known_as(&delivery.source));
    request.set("aws:PrincipalIsAWSService", delivery.role.is_none().to_string());
    // Nothing leaves the process on the way.
    request.set("aws:SecureTransport", "true");
    if let Some(account) = delivery.source.account {
        request.set("aws:SourceAccount", account.to_string());
    }
    if let Some(owner) = delivery.target.account {
        request.set("aws:ResourceAccount", owner.to_string());
    }
    if let Some(role) = &delivery.role {
        request.set("aws:PrincipalArn", role.to_string());
    }
}

/// The ARN as policies know it. A bucket's names neither region nor account; its events say beside it whose it is.
fn known_as(source: &Arn) -> String {
    match source.service.as_str() {
        "s3" => Arn { region: None, account: None, ..source.clone() }.to_string(),
        _ => source.to_string(),
    }
}

/// What sending to a target of this service is called in policies.
fn action(service: &str) -> Option<&'static str> {
    match service {
        "sqs" => Some("sqs:SendMessage"),
        "sns" => Some("sns:Publish"),
        "events" => Some("events:PutEvents"),
        "lambda" => Some("lambda:InvokeFunction"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use bytes::Bytes;
    use tidegate_policy::Document;
    use tidegate_ports::{IdentityPolicies, NamedPolicy, RetryPolicy};
    use tidegate_types::{AccountId, Timestamp};

    const ROLE: &str = "arn:aws:iam::000000000000:role/sender";

    struct Queue(Option<&'static str>);

    impl ResourcePolicies for Queue {
        fn service(&self) -> &'static str {
            "sqs"
        }

        fn policy_of(&self, _arn: &str) -> Option<Arc<Document>> {
            self.0.map(|text| Arc::new(Document::parse(text).expect("a policy")))
        }
    }

    struct Roles(&'static str);

    impl PrincipalPolicies for Roles {
        fn policies(&self, arn: &str) -> Option<Arc<IdentityPolicies>> {
            assert_eq!(arn, ROLE);
            let document = Arc::new(Document::parse(self.0).expect("a policy"));
            let policies = vec![NamedPolicy { name: "own".to_owned(), document }];
            Some(Arc::new(IdentityPolicies { policies, ..IdentityPolicies::default() }))
        }
    }

    fn delivery(source: &str, role: Option<&str>) -> Delivery {
        Delivery {
            source: source.parse().expect("an ARN"),
            target: "arn:aws:sqs:us-east-1:000000000000:q".parse().expect("an ARN"),
            lane: None,
            deduplication_id: None,
            payload: Bytes::new(),
            attributes: Vec::new(),
            role: role.map(|role| role.parse().expect("an ARN")),
            retry: RetryPolicy { max_retries: 0, max_age_ms: 0 },
            dead_letter: None,
            hops: 0,
            trace: None,
            raised_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_queue_says_which_topic_may_send_to_it() {
        let topic = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage",
            "Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-1:000000000000:good"}}}}"#;
        let (send, nothing) = (
            r#"{"Statement":{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
        );
        let (good, bad) = ("arn:aws:sns:us-east-1:000000000000:good", "arn:aws:sns:us-east-1:000000000000:bad");
        for (policy, own, source, role, expected) in [
            (Some(topic), nothing, good, None, true),
            (Some(topic), nothing, bad, None, false),
            (None, nothing, good, None, false),
            (None, send, good, Some(ROLE), true),
            (None, nothing, good, Some(ROLE), false),
        ] {
            let queue: Arc<dyn ResourcePolicies> = Arc::new(Queue(policy));
            let roles: Arc<dyn PrincipalPolicies> = Arc::new(Roles(own));
            let permission = DeliveryPermission {
                principals: Some(Arc::downgrade(&roles)),
                resources: vec![Arc::downgrade(&queue)],
            };
            assert_eq!(permission.allows(&delivery(source, role)), expected, "{policy:?} {own} {source} {role:?}");
        }
    }

    #[test]
    fn a_bucket_is_known_without_its_account_and_the_account_beside_it() {
        let mut sent = delivery("arn:aws:s3:::b", None);
        sent.source.account = Some(AccountId::DEFAULT);
        let mut request = Request::new(sender(&sent), "sqs:SendMessage", sent.target.to_string(), None);
        describe(&sent, &mut request);
        let policy = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:*","Resource":"*",
            "Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::b"},"StringEquals":{"aws:SourceAccount":"000000000000"}}}}"#;
        let policy = Document::parse(policy).expect("a policy");
        let policies = Policies { resource: Some(&policy), ..Policies::default() };
        assert!(evaluate(&request, &policies).is_allowed());
    }
}
