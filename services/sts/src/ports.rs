//! What services that act by roles ask: Lambda for its functions, others for their targets.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_policy::{Document, Outcome, Policies, Principal, Request, evaluate};
use tidegate_ports::{
    AssumableRole, ResourcePolicies, RoleCredentials, RoleRefusal, RoleUse, RoleVerdict, ServiceRoles,
};
use tidegate_types::Arn;

use crate::ops;
use crate::service::Sts;

/// How long credentials of services last at most, as AWS's do in Lambda.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// And at least, as those of anybody.
const SHORTEST: Duration = Duration::from_secs(900);

impl ServiceRoles for Sts {
    fn check(&self, used: &RoleUse) -> Result<(), RoleRefusal> {
        self.trusting(used).map(drop)
    }

    fn issue(&self, used: RoleUse, lifetime: Duration) -> BoxFuture<'_, Result<RoleCredentials, RoleRefusal>> {
        async move {
            let role = self.trusting(&used)?;
            let seconds = lifetime.clamp(SHORTEST, LONGEST).as_secs();
            let (access_key, record) = ops::service_session(self, &role, &used.role, &used.session, seconds);
            Sts::issue(self, &access_key, &record).await?;
            Ok(RoleCredentials {
                access_key,
                secret: record.secret,
                session_token: record.token,
                expires_at: record.expires_at,
            })
        }
        .boxed()
    }

    fn may(&self, used: &RoleUse, action: &str, resource: &str) -> RoleVerdict {
        let (Some(role), Some(own)) = (self.iam.role(&used.role), self.iam.policies(&used.role)) else {
            return RoleVerdict::NotAllowed;
        };
        let owner = resource.parse::<Arn>().ok();
        let session = format!("arn:aws:sts::{}:assumed-role/{}/{}", role.account, role.name, used.session);
        let principal = Principal::role_session(role.account, session, used.role.clone());
        let mut request = Request::new(principal, action, resource, owner.as_ref().and_then(|arn| arn.account));
        self.describe(&mut request);
        request.set("aws:PrincipalType", "AssumedRole");
        request.set("aws:PrincipalArn", used.role.clone());
        request.set("aws:PrincipalAccount", role.account.to_string());
        request.set("aws:userid", format!("{}:{}", role.id, used.session));
        if let Some(owner) = owner {
            request.set("aws:ResourceAccount", owner.account.unwrap_or(role.account).to_string());
            owner.region.into_iter().for_each(|region| request.set("aws:RequestedRegion", region.to_string()));
        }
        for (key, value) in &own.tags {
            request.set(&format!("aws:PrincipalTag/{key}"), value.clone());
        }
        let of_resource = self.policy_of(resource);
        let policies = Policies {
            identity: own.policies.iter().map(|policy| &*policy.document).collect(),
            resource: of_resource.as_deref(),
            boundary: own.boundary.as_ref().map(|policy| &*policy.document),
            ..Policies::default()
        };
        match evaluate(&request, &policies).outcome {
            Outcome::Allow => RoleVerdict::Allowed,
            Outcome::ExplicitDeny => RoleVerdict::Denied,
            Outcome::ImplicitDeny => RoleVerdict::NotAllowed,
        }
    }
}

impl Sts {
    /// The role, if it trusts the service.
    fn trusting(&self, used: &RoleUse) -> Result<AssumableRole, RoleRefusal> {
        let role = self.iam.role(&used.role).ok_or_else(|| RoleRefusal::NoSuchRole(used.role.clone()))?;
        let trust = ResourcePolicies::policy_of(&*self.iam, &used.role);
        let principal = Principal::service(used.service.clone());
        let mut request = Request::new(principal, "sts:AssumeRole", used.role.clone(), Some(role.account));
        self.describe(&mut request);
        request.set("aws:PrincipalIsAWSService", "true");
        request.set("aws:PrincipalServiceName", used.service.clone());
        request.set("aws:SourceAccount", role.account.to_string());
        request.set("aws:ResourceAccount", role.account.to_string());
        request.set("sts:RoleSessionName", used.session.clone());
        if let Some(source) = &used.source {
            request.set("aws:SourceArn", source.clone());
        }
        let policies = Policies { resource: trust.as_deref(), ..Policies::default() };
        match evaluate(&request, &policies).is_allowed() {
            true => Ok(role),
            false => Err(RoleRefusal::NotTrusted { role: used.role.clone(), service: used.service.clone() }),
        }
    }

    /// Sets the keys of time; nothing leaves the process on the way.
    pub(crate) fn describe(&self, request: &mut Request) {
        let now = self.env.now();
        request.set("aws:CurrentTime", ops::iso(now));
        request.set("aws:EpochTime", now.as_secs().to_string());
        request.set("aws:SecureTransport", "true");
    }

    fn policy_of(&self, resource: &str) -> Option<Arc<Document>> {
        let service = resource.split(':').nth(2)?;
        let mut known = self.resources.get()?.iter().filter_map(Weak::upgrade);
        known.find(|source| source.service() == service)?.policy_of(resource)
    }
}
