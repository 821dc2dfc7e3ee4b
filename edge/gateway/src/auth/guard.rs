//! Holds what a request needs against the policies that apply.

use std::sync::Arc;

use tidegate_policy::{Decision, Outcome, Policies, Principal, Reason, Request, evaluate};
use tidegate_ports::{Identity, PrincipalPolicies, ResourcePolicies};
use tidegate_protocol::{Call, Guard, Need, Needs, ResourceRule, ServiceError, ServiceModel, errors};
use tidegate_types::{AccountId, Arn};

use super::context::{Circumstances, describe_caller};
use super::denied::{Denied, Verdict};
use super::refusal::{self, policy_name};

/// Knows whom to ask for policies.
pub(super) struct Authority {
    principals: Option<Arc<dyn PrincipalPolicies>>,
    resources: Vec<Arc<dyn ResourcePolicies>>,
    denied: Arc<Denied>,
    /// Whether what is denied is refused.
    is_strict: bool,
}

impl Authority {
    pub(super) fn new(
        principals: Option<Arc<dyn PrincipalPolicies>>,
        resources: Vec<Arc<dyn ResourcePolicies>>,
        denied: Arc<Denied>,
        is_strict: bool,
    ) -> Authority {
        Authority { principals, resources, denied, is_strict }
    }

    fn resource_policy(&self, arn: &str) -> Option<Arc<tidegate_policy::Document>> {
        let service = arn.split(':').nth(2)?;
        self.resources.iter().find(|source| source.service() == service)?.policy_of(arn)
    }
}

/// The guard of one call.
pub(super) struct Door {
    pub authority: Arc<Authority>,
    pub model: &'static ServiceModel,
    pub access_key: Option<String>,
    /// `None`: the request is not signed.
    pub identity: Option<Arc<Identity>>,
    pub principal: Principal,
    pub circumstances: Circumstances,
}

impl Guard for Door {
    fn check(&self, call: &Call, needs: &Needs) -> Result<(), ServiceError> {
        match needs {
            Needs::Nothing => Ok(()),
            Needs::Signature if self.identity.is_some() => Ok(()),
            Needs::Signature => self.refuse(refusal::unsigned(self.model)),
            Needs::All(needs) => needs.iter().try_for_each(|need| self.check_one(call, need)),
        }
    }

    fn unknown(&self, call: &Call, error: ServiceError) -> Result<(), ServiceError> {
        let is_ours = error.shape.code == errors::ACCESS_DENIED.code;
        if is_ours && !self.authority.is_strict {
            let (service, operation) = (self.model.name, call.operation.name);
            self.authority.denied.signature(
                self.circumstances.now,
                service,
                operation,
                self.access_key.as_deref(),
                &error,
            );
        }
        self.refuse(error)
    }
}

impl Door {
    fn refuse(&self, error: ServiceError) -> Result<(), ServiceError> {
        if self.authority.is_strict { Err(error) } else { Ok(()) }
    }

    fn check_one(&self, call: &Call, need: &Need) -> Result<(), ServiceError> {
        let policies_of = self.identity.as_ref().and_then(|identity| identity.policies_of.as_deref());
        let own = policies_of.and_then(|arn| self.authority.principals.as_ref()?.policies(arn));
        let resource = self.authority.resource_policy(&need.resource);
        let session = self.identity.as_ref().and_then(|identity| identity.session.as_ref()?.policies.as_deref());
        let policies = Policies {
            identity: own.iter().flat_map(|own| &own.policies).map(|policy| &*policy.document).collect(),
            resource: resource.as_deref(),
            boundary: own.as_ref().and_then(|own| own.boundary.as_ref()).map(|policy| &*policy.document),
            session: session.map(|policies| policies.iter().map(|policy| &*policy.document).collect()),
            resource_must_allow: need.rule == ResourceRule::MustAllow,
        };
        let mut request = self.request(call, need);
        describe_caller(self.identity.as_deref(), own.as_deref(), &mut request);
        let decision = decide(&request, &policies, need.rule);
        if decision.is_allowed() {
            return Ok(());
        }
        let decided_by = policy_name(&decision, own.as_deref(), session);
        self.authority.denied.record(
            self.circumstances.now,
            Verdict {
                service: self.model.name,
                operation: call.operation.name,
                access_key: self.access_key.as_deref(),
                request: &request,
                decision: &decision,
                decided_by,
            },
        );
        match self.identity {
            Some(_) => self.refuse(refusal::denied(self.model, call, &request, &decision)),
            // Who has not signed is asked to do so first.
            None => self.refuse(refusal::unsigned(self.model)),
        }
    }

    /// What policies see, the caller's own keys aside.
    fn request(&self, call: &Call, need: &Need) -> Request {
        let owner = owner_of(&need.resource).or_else(|| stated_owner(need));
        let mut request = Request::new(self.principal.clone(), &*need.action, &*need.resource, owner);
        self.circumstances.describe(&call.region, &mut request);
        if let Some(owner) = owner.or(self.identity.as_ref().map(|identity| identity.account)) {
            request.set("aws:ResourceAccount", owner.to_string());
        }
        for (key, values) in &need.keys {
            request.set_all(key, values.clone());
        }
        request
    }
}

fn owner_of(resource: &str) -> Option<AccountId> {
    resource.parse::<Arn>().ok()?.account
}

/// Whose a resource is whose ARN does not say it: a bucket's.
fn stated_owner(need: &Need) -> Option<AccountId> {
    let (_, values) = need.keys.iter().find(|(key, _)| key == "aws:ResourceAccount")?;
    values.first()?.parse().ok()
}

fn decide(request: &Request, policies: &Policies<'_>, rule: ResourceRule) -> Decision {
    let decision = evaluate(request, policies);
    let is_foreign = rule == ResourceRule::OwnersAlone && request.crosses_accounts();
    if is_foreign && decision.is_allowed() {
        return Decision { outcome: Outcome::ImplicitDeny, reason: Reason::NoResourceAllow };
    }
    decision
}
