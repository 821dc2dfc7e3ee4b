//! The global condition keys: what policies may ask of every request.

use std::net::IpAddr;

use tidegate_policy::{PrincipalKind, Request};
use tidegate_ports::{Identity, IdentityPolicies};
use tidegate_types::{Region, Timestamp};

/// What is known of a request besides who asks and what for.
#[derive(Debug, Clone)]
pub(super) struct Circumstances {
    /// Product time: policies with dates are tested by moving it.
    pub now: Timestamp,
    pub source: IpAddr,
    pub is_secure: bool,
    pub user_agent: Option<String>,
    pub referer: Option<String>,
}

impl Circumstances {
    /// Sets the keys of the network and of time.
    pub(super) fn describe(&self, region: &Region, request: &mut Request) {
        let seconds = i64::try_from(self.now.as_secs()).ok();
        if let Some(now) = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
            request.set("aws:CurrentTime", now.to_string());
        }
        request.set("aws:EpochTime", self.now.as_secs().to_string());
        request.set("aws:SourceIp", self.source.to_string());
        request.set("aws:SecureTransport", self.is_secure.to_string());
        request.set("aws:RequestedRegion", region.to_string());
        // No service calls on a caller's behalf through this door.
        request.set("aws:ViaAWSService", "false");
        request.set("aws:PrincipalIsAWSService", "false");
        if let Some(agent) = &self.user_agent {
            request.set("aws:UserAgent", agent.clone());
        }
        if let Some(referer) = &self.referer {
            request.set("aws:Referer", referer.clone());
        }
    }
}

/// Sets the keys of the caller.
pub(super) fn describe_caller(identity: Option<&Identity>, policies: Option<&IdentityPolicies>, request: &mut Request) {
    let Some(identity) = identity else {
        request.set("aws:PrincipalType", "Anonymous");
        request.set("aws:userid", "anonymous");
        return;
    };
    let principal = &identity.principal;
    request.set("aws:PrincipalType", principal_type(principal.kind));
    // Of a role's session the role: which session it is, `aws:userid` says.
    request.set("aws:PrincipalArn", principal.role_arn.clone().unwrap_or_else(|| principal.arn.clone()));
    request.set("aws:PrincipalAccount", identity.account.to_string());
    request.set("aws:userid", identity.user_id.clone());
    if let Some(name) = &identity.user_name {
        request.set("aws:username", name.clone());
    }
    let tags = policies.into_iter().flat_map(|policies| &policies.tags);
    // Those of the session come last, because they win.
    for (name, value) in tags.chain(identity.session.iter().flat_map(|session| &session.tags)) {
        request.set(&format!("aws:PrincipalTag/{name}"), value.clone());
    }
    for (key, values) in identity.session.iter().flat_map(|session| &session.keys) {
        request.set_all(key, values.clone());
    }
}

fn principal_type(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Root => "Account",
        PrincipalKind::User => "User",
        PrincipalKind::RoleSession => "AssumedRole",
        PrincipalKind::FederatedSession => "FederatedUser",
        PrincipalKind::Service => "Service",
        PrincipalKind::Anonymous => "Anonymous",
    }
}
