//! How entities are shown.

use tidegate_api_iam as api;
use tidegate_types::{AccountId, Timestamp};

use super::encoded;
use crate::domain::{Group, Header, InstanceProfile, Login, ManagedPolicy, Policy, Role, Tags, User, Version};
use crate::ops::policies;
use crate::service::Desk;

pub(crate) fn within(header: &Header, prefix: &Option<String>) -> bool {
    header.path.starts_with(prefix.as_deref().unwrap_or("/"))
}

pub(crate) fn tags(tags: &Tags) -> Vec<api::Tag> {
    tags.iter().map(|(key, value)| api::Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

/// What has no tags shows none.
pub(crate) fn some_tags(all: &Tags) -> Option<Vec<api::Tag>> {
    Some(tags(all)).filter(|tags| !tags.is_empty())
}

fn boundary(arn: &Option<String>) -> Option<api::AttachedPermissionsBoundary> {
    let arn = arn.clone()?;
    Some(api::AttachedPermissionsBoundary {
        // The model says `PermissionsBoundaryPolicy`, AWS answers this.
        permissions_boundary_type: Some("Policy".to_owned()),
        permissions_boundary_arn: Some(arn),
    })
}

pub(crate) fn user(account: AccountId, user: &User) -> api::User {
    let header = &user.header;
    api::User {
        path: Some(header.path.clone()),
        user_name: Some(header.name.clone()),
        user_id: Some(header.id.clone()),
        arn: Some(header.arn(account, "user")),
        create_date: Some(header.created_at),
        password_last_used: None,
        permissions_boundary: boundary(&user.grants.boundary),
        tags: some_tags(&user.tags),
    }
}

/// The account's root, where it asks who it is.
pub(crate) fn root(account: AccountId) -> api::User {
    api::User {
        user_id: Some(account.to_string()),
        arn: Some(format!("arn:aws:iam::{account}:root")),
        create_date: Some(Timestamp::EPOCH),
        ..api::User::default()
    }
}

pub(crate) fn group(account: AccountId, group: &Group) -> api::Group {
    let header = &group.header;
    api::Group {
        path: Some(header.path.clone()),
        group_name: Some(header.name.clone()),
        group_id: Some(header.id.clone()),
        arn: Some(header.arn(account, "group")),
        create_date: Some(header.created_at),
    }
}

pub(crate) fn role(account: AccountId, role: &Role) -> api::Role {
    let header = &role.header;
    api::Role {
        path: Some(header.path.clone()),
        role_name: Some(header.name.clone()),
        role_id: Some(header.id.clone()),
        arn: Some(header.arn(account, "role")),
        create_date: Some(header.created_at),
        assume_role_policy_document: Some(encoded(&role.trust)),
        description: role.description.clone(),
        max_session_duration: i32::try_from(role.max_session_seconds).ok(),
        permissions_boundary: boundary(&role.grants.boundary),
        tags: some_tags(&role.tags),
        role_last_used: None,
    }
}

pub(crate) fn profile(desk: &Desk<'_>, profile: &InstanceProfile) -> api::InstanceProfile {
    let header = &profile.header;
    let roles = profile.role.iter().filter_map(|name| desk.state.roles.find(name));
    api::InstanceProfile {
        path: Some(header.path.clone()),
        instance_profile_name: Some(header.name.clone()),
        instance_profile_id: Some(header.id.clone()),
        arn: Some(header.arn(desk.account, "instance-profile")),
        create_date: Some(header.created_at),
        roles: Some(roles.map(|found| role(desk.account, found)).collect()),
        tags: Some(tags(&profile.tags)),
    }
}

pub(crate) fn login(user: &str, login: &Login) -> api::LoginProfile {
    api::LoginProfile {
        user_name: Some(user.to_owned()),
        create_date: Some(login.created_at),
        password_reset_required: Some(login.reset_required),
    }
}

fn count(number: usize) -> Option<i32> {
    i32::try_from(number).ok()
}

pub(crate) fn policy(desk: &Desk<'_>, policy: &Policy) -> api::Policy {
    let header = &policy.header;
    let arn = header.arn(desk.account, "policy");
    let (attached, boundaries) = policies::usage(desk, &arn);
    api::Policy {
        policy_name: Some(header.name.clone()),
        policy_id: Some(header.id.clone()),
        arn: Some(arn),
        path: Some(header.path.clone()),
        default_version_id: Some(format!("v{}", policy.default_version)),
        attachment_count: count(attached),
        permissions_boundary_usage_count: count(boundaries),
        is_attachable: Some(true),
        description: policy.description.clone(),
        create_date: Some(header.created_at),
        update_date: Some(policy.updated_at),
        tags: Some(tags(&policy.tags)),
    }
}

pub(crate) fn managed_policy(desk: &Desk<'_>, arn: &str, policy: &ManagedPolicy) -> api::Policy {
    let (attached, boundaries) = policies::usage(desk, arn);
    api::Policy {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(arn.to_owned()),
        path: Some(policy.path.clone()),
        default_version_id: Some(policy.version.clone()),
        attachment_count: count(attached),
        permissions_boundary_usage_count: count(boundaries),
        is_attachable: Some(true),
        description: Some(policy.description.clone()),
        create_date: Some(policy.created_at),
        update_date: Some(policy.updated_at),
        tags: Some(Vec::new()),
    }
}

pub(crate) fn version(policy: &Policy, version: &Version) -> api::PolicyVersion {
    api::PolicyVersion {
        document: Some(encoded(&version.document)),
        version_id: Some(format!("v{}", version.number)),
        is_default_version: Some(version.number == policy.default_version),
        create_date: Some(version.created_at),
    }
}

pub(crate) fn managed_version(policy: &ManagedPolicy) -> api::PolicyVersion {
    api::PolicyVersion {
        document: Some(encoded(&policy.document)),
        version_id: Some(policy.version.clone()),
        is_default_version: Some(true),
        create_date: Some(policy.updated_at),
    }
}
