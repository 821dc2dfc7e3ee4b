use std::sync::Arc;

use tidegate_policy::Document;
use tidegate_ports::ResourcePolicies;

use crate::service::Ses;

/// The policies of identities, which let others send with them.
pub(crate) struct IdentityPolicies(pub(crate) Arc<Ses>);

impl ResourcePolicies for IdentityPolicies {
    fn service(&self) -> &'static str {
        "ses"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        self.0.directory.policy(arn)
    }
}
