use std::sync::Arc;

use tidegate_policy::Document;
use tidegate_ports::ResourcePolicies;

use crate::domain::{FunctionRef, LayerRef, Qualifier};
use crate::ops;
use crate::service::Lambda;

/// The policies of functions, of their versions and aliases, and of the versions of layers.
pub(crate) struct FunctionPolicies {
    lambda: Arc<Lambda>,
}

impl FunctionPolicies {
    pub(crate) fn new(lambda: Arc<Lambda>) -> FunctionPolicies {
        FunctionPolicies { lambda }
    }
}

impl ResourcePolicies for FunctionPolicies {
    fn service(&self) -> &'static str {
        "lambda"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        if let Some(layer) = LayerRef::parse(arn) {
            return ops::layer_policy(&self.lambda, &layer);
        }
        let named = FunctionRef::of_arn(&arn.parse().ok()?)?;
        let function = self.lambda.known(&named).ok()?;
        let place = match named.meant() {
            Qualifier::Latest => String::new(),
            Qualifier::Version(_) | Qualifier::Alias(_) => named.qualifier?,
        };
        let text = ops::document(function.policies.get(&place)?);
        match Document::parse(&text) {
            Ok(document) => Some(Arc::new(document)),
            Err(error) => {
                tracing::error!(function = arn, %error, "the policy of a function cannot be read and allows nothing");
                None
            }
        }
    }
}
