//! Managed policies and their versions: the account's own, and AWS's, which nobody changes.

use tidegate_api_iam as api;

use super::{header, identity_document, new_tags, quota, text};
use crate::domain::{Grants, Policy, Thing, Version, managed, managed_policies, name_key, squeezed_len};
use crate::error::{Error, Holding};
use crate::service::Desk;
use crate::wire::{Listing, shown};

/// The most versions of a policy.
const MAX_VERSIONS: usize = 5;
/// The most characters of a document, white space aside.
const MAX_CHARACTERS: usize = 6144;

/// Path and name in a policy's ARN.
pub(crate) fn place(arn: &str) -> (&str, &str) {
    let rest = arn.split_once(":policy").map_or(arn, |(_, rest)| rest);
    match rest.rfind('/') {
        Some(slash) => rest.split_at(slash + 1),
        None => ("/", rest),
    }
}

/// Refuses what cannot be the ARN of a policy.
pub(crate) fn check_arn(arn: &str) -> Result<(), Error> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let valid = matches!(parts[..], ["arn", _, "iam", "", _, what] if what.starts_with("policy/"));
    if valid { Ok(()) } else { Err(Error::Arn(arn.to_owned())) }
}

/// The document that holds of a managed policy, AWS's own included.
pub(crate) fn document<'a>(desk: &'a Desk<'_>, arn: &str) -> Option<&'a str> {
    match managed(arn) {
        Some(policy) => Some(&policy.document),
        None => own(desk, arn).ok().map(Policy::document),
    }
}

fn own<'a>(desk: &'a Desk<'_>, arn: &str) -> Result<&'a Policy, Error> {
    let policy = desk.state.policies.find(place(arn).1).map(|policy| &**policy);
    let policy = policy.filter(|policy| policy.header.arn(desk.account, "policy") == arn);
    policy.ok_or_else(|| Error::NoSuch(Thing::Policy, arn.to_owned()))
}

pub(super) fn edit<'a>(desk: &'a mut Desk<'_>, arn: &Option<String>) -> Result<&'a mut Policy, Error> {
    own(desk, text(arn))?;
    desk.edit().policies.edit(place(text(arn)).1)
}

/// Everybody's policies.
pub(super) fn grants<'a>(desk: &'a Desk<'_>) -> impl Iterator<Item = &'a Grants> {
    let users = desk.state.users.all().map(|(_, user)| &user.grants);
    let groups = desk.state.groups.all().map(|(_, group)| &group.grants);
    users.chain(groups).chain(desk.state.roles.all().map(|(_, role)| &role.grants))
}

/// How often a policy is attached, and how often it is a boundary.
pub(crate) fn usage(desk: &Desk<'_>, arn: &str) -> (usize, usize) {
    let attached = grants(desk).filter(|grants| grants.attached.iter().any(|other| other == arn)).count();
    (attached, grants(desk).filter(|grants| grants.boundary.as_deref() == Some(arn)).count())
}

fn version_number(arn: &str, version: &str) -> Result<u32, Error> {
    let number = version.strip_prefix('v').and_then(|number| number.parse().ok());
    number.ok_or_else(|| Error::NoSuchVersion { arn: arn.to_owned(), version: version.to_owned() })
}

fn find_version<'a>(policy: &'a Policy, arn: &str, version: &str) -> Result<&'a Version, Error> {
    let number = version_number(arn, version)?;
    let found = policy.versions.iter().find(|version| version.number == number);
    found.ok_or_else(|| Error::NoSuchVersion { arn: arn.to_owned(), version: version.to_owned() })
}

fn check_document(document: &str) -> Result<(), Error> {
    identity_document(document)?;
    quota("PolicySize", squeezed_len(document), MAX_CHARACTERS)
}

pub(crate) fn create_policy(
    desk: &mut Desk<'_>,
    input: &api::CreatePolicyRequest,
) -> Result<api::CreatePolicyResponse, Error> {
    quota("PoliciesPerAccount", desk.state.policies.len() + 1, 1500)?;
    let document = text(&input.policy_document).to_owned();
    check_document(&document)?;
    let policy = Policy {
        header: header(desk, &input.policy_name, &input.path, "ANPA")?,
        description: input.description.clone(),
        updated_at: desk.now,
        versions: vec![Version { number: 1, document, created_at: desk.now }],
        default_version: 1,
        next_version: 2,
        tags: new_tags(&input.tags)?,
    };
    let answer = shown::policy(desk, &policy);
    desk.edit().policies.add(policy)?;
    Ok(api::CreatePolicyResponse { policy: Some(answer) })
}

pub(crate) fn get_policy(desk: &Desk<'_>, input: &api::GetPolicyRequest) -> Result<api::GetPolicyResponse, Error> {
    let arn = text(&input.policy_arn);
    check_arn(arn)?;
    let policy = match managed(arn) {
        Some(policy) => shown::managed_policy(desk, arn, policy),
        None => shown::policy(desk, own(desk, arn)?),
    };
    Ok(api::GetPolicyResponse { policy: Some(policy) })
}

pub(crate) fn list_policies(
    desk: &Desk<'_>,
    input: &api::ListPoliciesRequest,
) -> Result<api::ListPoliciesResponse, Error> {
    let scope = input.scope.as_deref().unwrap_or("All");
    let own = desk.state.policies.all().map(|(_, policy)| shown::policy(desk, policy)).filter(|_| scope != "AWS");
    let aws = managed_policies().iter().map(|(arn, policy)| shown::managed_policy(desk, arn, policy));
    let mut all: Vec<api::Policy> = own.chain(aws.filter(|_| scope != "Local")).collect();
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    all.retain(|policy| {
        let boundaries = input.policy_usage_filter.as_deref() == Some("PermissionsBoundary");
        let uses = if boundaries { policy.permissions_boundary_usage_count } else { policy.attachment_count };
        text(&policy.path).starts_with(prefix) && (input.only_attached != Some(true) || uses > Some(0))
    });
    all.sort_by_key(|policy| name_key(text(&policy.arn)));
    // Listings leave out descriptions and tags.
    let show = |policy| api::Policy { description: None, tags: None, ..policy };
    let page = Listing::new(input.max_items, &input.marker)?.page(all, |policy| name_key(text(&policy.arn)), show);
    Ok(api::ListPoliciesResponse {
        policies: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn delete_policy(desk: &mut Desk<'_>, input: &api::DeletePolicyRequest) -> Result<(), Error> {
    let arn = text(&input.policy_arn);
    check_arn(arn)?;
    let policy = own(desk, arn)?;
    let (attached, boundaries) = usage(desk, arn);
    if attached + boundaries > 0 {
        return Err(Error::StillHas(Holding::Attachments));
    }
    if policy.versions.len() > 1 {
        return Err(Error::StillHas(Holding::Versions));
    }
    desk.edit().policies.remove(place(arn).1).map(drop)
}

pub(crate) fn create_policy_version(
    desk: &mut Desk<'_>,
    input: &api::CreatePolicyVersionRequest,
) -> Result<api::CreatePolicyVersionResponse, Error> {
    let (arn, now) = (text(&input.policy_arn), desk.now);
    check_arn(arn)?;
    own(desk, arn)?;
    let document = text(&input.policy_document).to_owned();
    check_document(&document)?;
    let policy = edit(desk, &input.policy_arn)?;
    if policy.versions.len() >= MAX_VERSIONS {
        return Err(Error::TooManyVersions);
    }
    let version = Version { number: policy.next_version, document, created_at: now };
    policy.next_version += 1;
    policy.updated_at = now;
    if input.set_as_default == Some(true) {
        policy.default_version = version.number;
    }
    let answer = api::PolicyVersion { document: None, ..shown::version(policy, &version) };
    policy.versions.push(version);
    Ok(api::CreatePolicyVersionResponse { policy_version: Some(answer) })
}

pub(crate) fn get_policy_version(
    desk: &Desk<'_>,
    input: &api::GetPolicyVersionRequest,
) -> Result<api::GetPolicyVersionResponse, Error> {
    let (arn, id) = (text(&input.policy_arn), text(&input.version_id));
    check_arn(arn)?;
    let version = match managed(arn) {
        Some(policy) if id == policy.version => shown::managed_version(policy),
        Some(_) => return Err(Error::NoSuchVersion { arn: arn.to_owned(), version: id.to_owned() }),
        None => {
            let policy = own(desk, arn)?;
            shown::version(policy, find_version(policy, arn, id)?)
        }
    };
    Ok(api::GetPolicyVersionResponse { policy_version: Some(version) })
}

pub(crate) fn list_policy_versions(
    desk: &Desk<'_>,
    input: &api::ListPolicyVersionsRequest,
) -> Result<api::ListPolicyVersionsResponse, Error> {
    let arn = text(&input.policy_arn);
    check_arn(arn)?;
    let versions: Vec<api::PolicyVersion> = match managed(arn) {
        Some(policy) => vec![shown::managed_version(policy)],
        None => {
            let policy = own(desk, arn)?;
            policy.versions.iter().rev().map(|version| shown::version(policy, version)).collect()
        }
    };
    let page = Listing::new(input.max_items, &input.marker)?.page(
        versions.into_iter().enumerate(),
        |(index, _)| format!("{index:04}"),
        |(_, version)| api::PolicyVersion { document: None, ..version },
    );
    Ok(api::ListPolicyVersionsResponse {
        versions: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn delete_policy_version(desk: &mut Desk<'_>, input: &api::DeletePolicyVersionRequest) -> Result<(), Error> {
    let (arn, now) = (text(&input.policy_arn), desk.now);
    check_arn(arn)?;
    let policy = edit(desk, &input.policy_arn)?;
    let number = find_version(policy, arn, text(&input.version_id))?.number;
    if number == policy.default_version {
        return Err(Error::DefaultVersion);
    }
    policy.versions.retain(|version| version.number != number);
    policy.updated_at = now;
    Ok(())
}

pub(crate) fn set_default_policy_version(
    desk: &mut Desk<'_>,
    input: &api::SetDefaultPolicyVersionRequest,
) -> Result<(), Error> {
    let (arn, now) = (text(&input.policy_arn), desk.now);
    check_arn(arn)?;
    let policy = edit(desk, &input.policy_arn)?;
    policy.default_version = find_version(policy, arn, text(&input.version_id))?.number;
    policy.updated_at = now;
    Ok(())
}

pub(crate) fn list_entities_for_policy(
    desk: &Desk<'_>,
    input: &api::ListEntitiesForPolicyRequest,
) -> Result<api::ListEntitiesForPolicyResponse, Error> {
    let arn = text(&input.policy_arn);
    check_arn(arn)?;
    document(desk, arn).ok_or_else(|| Error::NoSuch(Thing::Policy, arn.to_owned()))?;
    let usage = input.policy_usage_filter.as_deref();
    let uses = |grants: &Grants| {
        (usage != Some("PermissionsBoundary") && grants.attached.iter().any(|other| other == arn))
            || (usage != Some("PermissionsPolicy") && grants.boundary.as_deref() == Some(arn))
    };
    let kind = |kind: &str| input.entity_filter.as_deref().is_none_or(|filter| filter == kind);
    let state = &desk.state;
    let groups = state
        .groups
        .all()
        .filter(|(_, group)| kind("Group") && uses(&group.grants) && shown::within(&group.header, &input.path_prefix));
    let users = state
        .users
        .all()
        .filter(|(_, user)| kind("User") && uses(&user.grants) && shown::within(&user.header, &input.path_prefix));
    let roles = state
        .roles
        .all()
        .filter(|(_, role)| kind("Role") && uses(&role.grants) && shown::within(&role.header, &input.path_prefix));
    let all = groups.map(|(_, group)| ('g', &group.header)).chain(roles.map(|(_, role)| ('r', &role.header)));
    let all = all.chain(users.map(|(_, user)| ('u', &user.header)));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        all,
        |(kind, header)| format!("{kind}{}", name_key(&header.name)),
        |found| found,
    );
    let of = |wanted: char| {
        page.items
            .iter()
            .filter(move |(kind, _)| *kind == wanted)
            .map(|(_, header)| (Some(header.name.clone()), Some(header.id.clone())))
    };
    Ok(api::ListEntitiesForPolicyResponse {
        policy_groups: Some(of('g').map(|(group_name, group_id)| api::PolicyGroup { group_name, group_id }).collect()),
        policy_users: Some(of('u').map(|(user_name, user_id)| api::PolicyUser { user_name, user_id }).collect()),
        policy_roles: Some(of('r').map(|(role_name, role_id)| api::PolicyRole { role_name, role_id }).collect()),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}
