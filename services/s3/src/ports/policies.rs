use std::sync::Arc;

use tidegate_policy::{Document, Effect, PrincipalMatch, Principals, Statement, Version};
use tidegate_ports::ResourcePolicies;

use crate::domain::policy::is_public;
use crate::ops::configs::{access_block, is_owner_enforced};
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};
use crate::wire::GRANTED_BY_LIST;

/// The policies of buckets, for whoever decides about requests: what a bucket's policy says, less what its public
/// access block forbids, and that whatever lists grant is allowed, where lists weigh at all.
pub(crate) struct BucketPolicies {
    s3: Arc<S3>,
}

impl BucketPolicies {
    pub(crate) fn new(s3: Arc<S3>) -> BucketPolicies {
        BucketPolicies { s3 }
    }
}

impl ResourcePolicies for BucketPolicies {
    fn service(&self) -> &'static str {
        "s3"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        // Keys have every letter, so this is not read as an ARN is.
        let name = arn.strip_prefix("arn:aws:s3:::")?.split('/').next()?;
        // A record that cannot be read fails the operation itself.
        let bucket = self.s3.directory.get(name).ok()??;
        let block = access_block(&bucket);
        let policy = bucket.document(ConfigKind::Policy);
        let mut document = policy.map_or_else(nothing, |text| Document::of_resource(text, bucket.record.account));
        if block.restrict_public_buckets == Some(true) && is_public(&document) {
            restrict(&mut document, &bucket);
        }
        if !is_owner_enforced(&bucket) {
            document.statements.extend(listed());
        }
        Some(Arc::new(document)).filter(|document| !document.statements.is_empty())
    }
}

fn nothing() -> Document {
    Document { version: Version::V2012, id: None, statements: Vec::new() }
}

/// A public policy of a restricted bucket lets in services, and the owner's own account.
fn restrict(document: &mut Document, bucket: &Bucket) {
    let owner = bucket.record.account.to_string();
    for statement in document.statements.iter_mut().filter(|statement| statement.effect == Effect::Allow) {
        let own = |principal: &PrincipalMatch| match principal {
            PrincipalMatch::Service(_) => true,
            PrincipalMatch::Account(account) | PrincipalMatch::Arn(account) => account.contains(&owner),
            PrincipalMatch::Everybody | PrincipalMatch::Federated(_) | PrincipalMatch::CanonicalUser(_) => false,
        };
        let kept = match &statement.principals {
            Some(Principals::In(list)) => list.iter().filter(|one| own(one)).cloned().collect(),
            Some(Principals::NotIn(_)) | None => Vec::new(),
        };
        let own_account = PrincipalMatch::Account(owner.clone());
        statement.principals = Some(Principals::In(kept.into_iter().chain([own_account]).collect()));
    }
}

/// Lets through what a list grants, which the need itself says.
fn listed() -> Vec<Statement> {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"AccessControlList","Effect":"Allow","Principal":"*",
            "Action":"s3:*","Resource":"*","Condition":{{"Bool":{{"{GRANTED_BY_LIST}":"true"}}}}}}]}}"#
    );
    Document::parse(&text).expect("this is a policy").statements
}
