use std::sync::Arc;

use tidegate_api_s3::AccessControlPolicy;
use tidegate_policy::{Action, Document, Effect, PrincipalMatch, Principals, Resources, Statement, Version};
use tidegate_ports::ResourcePolicies;

use crate::domain::acl::ALL_USERS;
use crate::domain::policy::is_public;
use crate::ops::configs::{access_block, is_owner_enforced};
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};

/// The policies of buckets, for whoever decides about requests: what a bucket's policy says, what its list grants
/// to everybody, and nothing of either that its public access block forbids.
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
        if block.ignore_public_acls != Some(true) && !is_owner_enforced(&bucket) {
            document.statements.extend(grants(&bucket));
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

/// What a bucket's list grants to everybody, as statements.
fn grants(bucket: &Bucket) -> Vec<Statement> {
    let list: Option<AccessControlPolicy> = bucket.config(ConfigKind::Acl);
    let grants = list.and_then(|list| list.grants).unwrap_or_default();
    let public = grants
        .iter()
        .filter(|grant| grant.grantee.as_ref().and_then(|grantee| grantee.uri.as_deref()) == Some(ALL_USERS));
    public.flat_map(|grant| statements(bucket, grant.permission.as_deref().unwrap_or_default())).collect()
}

fn statements(bucket: &Bucket, permission: &str) -> Vec<Statement> {
    let has = |word: &str| permission == word || permission == "FULL_CONTROL";
    let (arn, objects) = (bucket.arn(), format!("{}/*", bucket.arn()));
    let all: [(&str, &[&str], &String); 4] = [
        ("READ", &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"], &arn),
        ("WRITE", &["s3:PutObject", "s3:DeleteObject"], &objects),
        ("READ_ACP", &["s3:GetBucketAcl"], &arn),
        ("WRITE_ACP", &["s3:PutBucketAcl"], &arn),
    ];
    let granted = all.into_iter().filter(|(word, ..)| has(word));
    granted
        .map(|(_, actions, resource)| Statement {
            sid: Some("AccessControlList".to_owned()),
            effect: Effect::Allow,
            principals: Some(Principals::In(vec![PrincipalMatch::Everybody])),
            actions: Action::In(actions.iter().map(|action| (*action).to_owned()).collect()),
            resources: Some(Resources::In(vec![resource.clone()])),
            conditions: Vec::new(),
        })
        .collect()
}
