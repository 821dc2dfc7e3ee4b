use tidegate_api_sts as api;
use tidegate_api_sts::MODEL;
use tidegate_protocol::{Access, Call, Need, Needs, Router, needs, route};

use super::COVERAGE;
use crate::error::Error;
use crate::ops::{self, text};
use crate::service::Sts;

/// Every operation, what performs it and what it needs.
pub(crate) fn router() -> Router<Sts> {
    let routes = [
        ("AssumeRole", route(ops::assume_role)),
        ("AssumeRoleWithSAML", route(ops::assume_role_with_saml)),
        ("AssumeRoleWithWebIdentity", route(ops::assume_role_with_web_identity)),
        ("DecodeAuthorizationMessage", route(ops::decode_authorization_message)),
        ("GetAccessKeyInfo", route(ops::get_access_key_info)),
        ("GetCallerIdentity", route(ops::get_caller_identity)),
        ("GetFederationToken", route(ops::get_federation_token)),
        ("GetSessionToken", route(ops::get_session_token)),
    ];
    Router::new(&MODEL, COVERAGE, routes).with_accesses(accesses())
}

fn accesses() -> [(&'static str, Access<Sts>); 8] {
    [
        ("AssumeRole", needs(assume_role)),
        // Nobody signs these: assertion or token say who asks, and are held against the role's trust policy there.
        (
            "AssumeRoleWithSAML",
            needs(|_: &Sts, _: &Call, _: &api::AssumeRoleWithSAMLRequest| Ok::<_, Error>(Needs::Nothing)),
        ),
        (
            "AssumeRoleWithWebIdentity",
            needs(|_: &Sts, _: &Call, _: &api::AssumeRoleWithWebIdentityRequest| Ok::<_, Error>(Needs::Nothing)),
        ),
        (
            "DecodeAuthorizationMessage",
            needs(|_: &Sts, _: &Call, _: &api::DecodeAuthorizationMessageRequest| {
                Ok::<_, Error>(Need::anywhere("sts:DecodeAuthorizationMessage"))
            }),
        ),
        (
            "GetAccessKeyInfo",
            needs(|_: &Sts, _: &Call, _: &api::GetAccessKeyInfoRequest| {
                Ok::<_, Error>(Need::anywhere("sts:GetAccessKeyInfo"))
            }),
        ),
        (
            "GetCallerIdentity",
            needs(|_: &Sts, _: &Call, _: &api::GetCallerIdentityRequest| Ok::<_, Error>(Needs::Signature)),
        ),
        (
            "GetFederationToken",
            needs(|_: &Sts, call: &Call, input: &api::GetFederationTokenRequest| {
                let arn = format!("arn:aws:sts::{}:federated-user/{}", call.account, text(&input.name));
                Ok::<_, Error>(Need::new("sts:GetFederationToken", arn).with_request_tags(pairs(&input.tags)))
            }),
        ),
        // "No permissions are required for users to perform this operation."
        (
            "GetSessionToken",
            needs(|_: &Sts, _: &Call, _: &api::GetSessionTokenRequest| Ok::<_, Error>(Needs::Signature)),
        ),
    ]
}

fn pairs(tags: &Option<Vec<api::Tag>>) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().flatten().map(|tag| (text(&tag.key), text(&tag.value)))
}

/// The trust policy must allow it, and what is set along needs permissions of its own.
fn assume_role(sts: &Sts, call: &Call, input: &api::AssumeRoleRequest) -> Result<Vec<Need>, Error> {
    let role = text(&input.role_arn);
    ops::role_account(role)?;
    let proven = ops::mfa::proven(sts, call, &input.serial_number, &input.token_code)?;
    let mut actions = vec!["sts:AssumeRole"];
    if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        actions.push("sts:TagSession");
    }
    if input.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    let policies = sts.iam.policies(role);
    let tags = || policies.iter().flat_map(|role| &role.tags).map(|(key, value)| (key.as_str(), value.as_str()));
    let need = |action: &'static str| {
        let need = tags()
            .fold(Need::new(action, role), |need, (key, value)| need.with(format!("iam:ResourceTag/{key}"), value));
        need.by_resource()
            .with_resource_tags(tags())
            .with("sts:RoleSessionName", text(&input.role_session_name))
            .with_some(ops::mfa::PRESENT, proven.then(|| "true".to_owned()))
            .with_some("sts:ExternalId", input.external_id.clone())
            .with_some("sts:SourceIdentity", input.source_identity.clone())
            .with_all("sts:TransitiveTagKeys", input.transitive_tag_keys.clone().unwrap_or_default())
            .with_request_tags(pairs(&input.tags))
    };
    Ok(actions.into_iter().map(need).collect())
}
