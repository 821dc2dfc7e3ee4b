//! Which policies let somebody use a service.

use tidegate_api_iam as api;
use tidegate_policy::Document;

use super::{policies, text};
use crate::domain::Grants;
use crate::error::{Error, ValueFault};
use crate::ports::of_kind;
use crate::service::Desk;

/// The policies of a user, group or role that allow anything of each service; of a user those of its groups too. As
/// AWS has it, neither denials, conditions nor boundaries are looked at. All of them are one page: they are bounded.
pub(crate) fn list_policies_granting_service_access(
    desk: &Desk<'_>,
    input: &api::ListPoliciesGrantingServiceAccessRequest,
) -> Result<api::ListPoliciesGrantingServiceAccessResponse, Error> {
    let holders = holders(desk, text(&input.arn))?;
    let entry = |service: &String| api::ListPoliciesGrantingServiceAccessEntry {
        service_namespace: Some(service.clone()),
        policies: Some(holders.iter().flat_map(|holder| granting(desk, holder, service)).collect()),
    };
    Ok(api::ListPoliciesGrantingServiceAccessResponse {
        policies_granting_service_access: Some(input.service_namespaces.iter().flatten().map(entry).collect()),
        is_truncated: Some(false),
        marker: None,
    })
}

/// Somebody who has policies.
pub(super) struct Holder<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    pub(super) grants: &'a Grants,
}

pub(super) fn holders<'a>(desk: &'a Desk<'_>, arn: &str) -> Result<Vec<Holder<'a>>, Error> {
    let state = &desk.state;
    let own = |kind| of_kind(arn, kind).filter(|(account, _)| *account == desk.account).map(|(_, name)| name);
    if let Some(name) = own("user") {
        let user = state.users.get(name)?;
        let groups = user.groups.iter().filter_map(|group| state.groups.find(group));
        let groups = groups.map(|group| Holder { kind: "GROUP", name: &group.header.name, grants: &group.grants });
        let own = Holder { kind: "USER", name: &user.header.name, grants: &user.grants };
        return Ok(std::iter::once(own).chain(groups).collect());
    }
    if let Some(name) = own("group") {
        let group = state.groups.get(name)?;
        return Ok(vec![Holder { kind: "GROUP", name: &group.header.name, grants: &group.grants }]);
    }
    let name = own("role").ok_or_else(|| Error::Value(ValueFault::PolicySource(arn.to_owned())))?;
    let role = state.roles.get(name)?;
    Ok(vec![Holder { kind: "ROLE", name: &role.header.name, grants: &role.grants }])
}

fn granting(desk: &Desk<'_>, holder: &Holder<'_>, service: &str) -> Vec<api::PolicyGrantingServiceAccess> {
    let allows = |text: &str| Document::parse(text).is_ok_and(|document| document.allows_service(service));
    let inline = holder.grants.inline.iter().filter(|(_, text)| allows(text));
    let inline = inline.map(|(name, _)| api::PolicyGrantingServiceAccess {
        policy_name: Some(name.clone()),
        policy_type: Some("INLINE".to_owned()),
        policy_arn: None,
        entity_type: Some(holder.kind.to_owned()),
        entity_name: Some(holder.name.to_owned()),
    });
    let attached = holder.grants.attached.iter();
    let managed = attached.filter(|arn| policies::document(desk, arn).is_some_and(allows)).map(|arn| {
        api::PolicyGrantingServiceAccess {
            policy_name: Some(policies::place(arn).1.to_owned()),
            policy_type: Some("MANAGED".to_owned()),
            policy_arn: Some(arn.clone()),
            entity_type: None,
            entity_name: None,
        }
    });
    inline.chain(managed).collect()
}
