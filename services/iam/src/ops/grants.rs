//! Inline policies and attachments, which users, groups and roles have alike.

use tidegate_api_iam as api;

use super::{identity_document, policies, quota, roles, text};
use crate::domain::{Grants, Thing, squeezed_len};
use crate::error::Error;
use crate::service::Desk;
use crate::wire::Listing;

/// Whose policies they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    User,
    Group,
    Role,
}

impl Owner {
    fn look<'a>(self, desk: &'a Desk<'_>, name: &Option<String>) -> Result<&'a Grants, Error> {
        Ok(match self {
            Owner::User => &desk.state.users.get(text(name))?.grants,
            Owner::Group => &desk.state.groups.get(text(name))?.grants,
            Owner::Role => &desk.state.roles.get(text(name))?.grants,
        })
    }

    fn edit<'a>(self, desk: &'a mut Desk<'_>, name: &Option<String>) -> Result<&'a mut Grants, Error> {
        Ok(match self {
            Owner::User => &mut desk.edit().users.edit(text(name))?.grants,
            Owner::Group => &mut desk.edit().groups.edit(text(name))?.grants,
            Owner::Role => &mut roles::editable(desk, name)?.grants,
        })
    }

    /// What a missing inline policy is called.
    fn inline(self) -> Thing {
        match self {
            Owner::User => Thing::UserPolicy,
            Owner::Group => Thing::GroupPolicy,
            Owner::Role => Thing::RolePolicy,
        }
    }

    fn attachments(self) -> &'static str {
        match self {
            Owner::User => "PoliciesPerUser",
            Owner::Group => "PoliciesPerGroup",
            Owner::Role => "PoliciesPerRole",
        }
    }

    /// What it is called, and how many characters all its inline policies may have.
    fn inline_limit(self) -> (&'static str, usize) {
        match self {
            Owner::User => ("user", 2048),
            Owner::Group => ("group", 5120),
            Owner::Role => ("role", 10_240),
        }
    }

    fn put(
        self,
        desk: &mut Desk<'_>,
        name: &Option<String>,
        policy: &Option<String>,
        document: &Option<String>,
    ) -> Result<(), Error> {
        self.look(desk, name)?;
        identity_document(text(document))?;
        let grants = self.edit(desk, name)?;
        grants.inline.insert(text(policy).to_owned(), text(document).to_owned());
        let (noun, limit) = self.inline_limit();
        let size: usize = grants.inline.values().map(|document| squeezed_len(document)).sum();
        if size > limit { Err(Error::InlineSize { owner: format!("{noun} {}", text(name)), limit }) } else { Ok(()) }
    }

    fn get(self, desk: &Desk<'_>, name: &Option<String>, policy: &Option<String>) -> Result<String, Error> {
        let document = self.look(desk, name)?.inline.get(text(policy));
        document.cloned().ok_or_else(|| Error::NoSuch(self.inline(), text(policy).to_owned()))
    }

    fn delete(self, desk: &mut Desk<'_>, name: &Option<String>, policy: &Option<String>) -> Result<(), Error> {
        let gone = self.edit(desk, name)?.inline.remove(text(policy));
        gone.map(drop).ok_or_else(|| Error::NoSuch(self.inline(), text(policy).to_owned()))
    }

    fn attach(self, desk: &mut Desk<'_>, name: &Option<String>, arn: &Option<String>) -> Result<(), Error> {
        let arn = text(arn);
        policies::check_arn(arn)?;
        self.look(desk, name)?;
        if policies::document(desk, arn).is_none() {
            return Err(Error::NoSuch(Thing::AttachablePolicy, arn.to_owned()));
        }
        let attached = &mut self.edit(desk, name)?.attached;
        if !attached.iter().any(|other| other == arn) {
            attached.push(arn.to_owned());
        }
        quota(self.attachments(), attached.len(), 10)
    }

    fn detach(self, desk: &mut Desk<'_>, name: &Option<String>, arn: &Option<String>) -> Result<(), Error> {
        let attached = &mut self.edit(desk, name)?.attached;
        let before = attached.len();
        attached.retain(|other| other != text(arn));
        if attached.len() == before { Err(Error::NoSuch(Thing::Policy, text(arn).to_owned())) } else { Ok(()) }
    }

    fn attached(
        self,
        desk: &Desk<'_>,
        name: &Option<String>,
        prefix: &Option<String>,
        listing: &Listing,
    ) -> Result<(Vec<api::AttachedPolicy>, Option<String>), Error> {
        let prefix = prefix.as_deref().unwrap_or("/");
        let attached = self.look(desk, name)?.attached.iter().enumerate();
        let attached = attached.filter(|(_, arn)| policies::place(arn).0.starts_with(prefix));
        let page = listing.page(
            attached,
            |(index, _)| format!("{index:04}"),
            |(_, arn)| api::AttachedPolicy {
                policy_name: Some(policies::place(arn).1.to_owned()),
                policy_arn: Some(arn.clone()),
            },
        );
        Ok((page.items, page.marker))
    }

    fn inline_names(
        self,
        desk: &Desk<'_>,
        name: &Option<String>,
        listing: &Listing,
    ) -> Result<(Vec<String>, Option<String>), Error> {
        let page = listing.page(self.look(desk, name)?.inline.keys(), |name| (*name).clone(), |name| name.clone());
        Ok((page.items, page.marker))
    }
}

pub(crate) fn put_user_policy(desk: &mut Desk<'_>, input: &api::PutUserPolicyRequest) -> Result<(), Error> {
    Owner::User.put(desk, &input.user_name, &input.policy_name, &input.policy_document)
}

pub(crate) fn put_group_policy(desk: &mut Desk<'_>, input: &api::PutGroupPolicyRequest) -> Result<(), Error> {
    Owner::Group.put(desk, &input.group_name, &input.policy_name, &input.policy_document)
}

pub(crate) fn put_role_policy(desk: &mut Desk<'_>, input: &api::PutRolePolicyRequest) -> Result<(), Error> {
    Owner::Role.put(desk, &input.role_name, &input.policy_name, &input.policy_document)
}

pub(crate) fn get_user_policy(
    desk: &Desk<'_>,
    input: &api::GetUserPolicyRequest,
) -> Result<api::GetUserPolicyResponse, Error> {
    let document = Owner::User.get(desk, &input.user_name, &input.policy_name)?;
    let (user_name, policy_name) = (input.user_name.clone(), input.policy_name.clone());
    Ok(api::GetUserPolicyResponse { user_name, policy_name, policy_document: Some(crate::wire::encoded(&document)) })
}

pub(crate) fn get_group_policy(
    desk: &Desk<'_>,
    input: &api::GetGroupPolicyRequest,
) -> Result<api::GetGroupPolicyResponse, Error> {
    let document = Owner::Group.get(desk, &input.group_name, &input.policy_name)?;
    let (group_name, policy_name) = (input.group_name.clone(), input.policy_name.clone());
    Ok(api::GetGroupPolicyResponse { group_name, policy_name, policy_document: Some(crate::wire::encoded(&document)) })
}

pub(crate) fn get_role_policy(
    desk: &Desk<'_>,
    input: &api::GetRolePolicyRequest,
) -> Result<api::GetRolePolicyResponse, Error> {
    let document = Owner::Role.get(desk, &input.role_name, &input.policy_name)?;
    let (role_name, policy_name) = (input.role_name.clone(), input.policy_name.clone());
    Ok(api::GetRolePolicyResponse { role_name, policy_name, policy_document: Some(crate::wire::encoded(&document)) })
}

pub(crate) fn delete_user_policy(desk: &mut Desk<'_>, input: &api::DeleteUserPolicyRequest) -> Result<(), Error> {
    Owner::User.delete(desk, &input.user_name, &input.policy_name)
}

pub(crate) fn delete_group_policy(desk: &mut Desk<'_>, input: &api::DeleteGroupPolicyRequest) -> Result<(), Error> {
    Owner::Group.delete(desk, &input.group_name, &input.policy_name)
}

pub(crate) fn delete_role_policy(desk: &mut Desk<'_>, input: &api::DeleteRolePolicyRequest) -> Result<(), Error> {
    Owner::Role.delete(desk, &input.role_name, &input.policy_name)
}

pub(crate) fn attach_user_policy(desk: &mut Desk<'_>, input: &api::AttachUserPolicyRequest) -> Result<(), Error> {
    Owner::User.attach(desk, &input.user_name, &input.policy_arn)
}

pub(crate) fn attach_group_policy(desk: &mut Desk<'_>, input: &api::AttachGroupPolicyRequest) -> Result<(), Error> {
    Owner::Group.attach(desk, &input.group_name, &input.policy_arn)
}

pub(crate) fn attach_role_policy(desk: &mut Desk<'_>, input: &api::AttachRolePolicyRequest) -> Result<(), Error> {
    Owner::Role.attach(desk, &input.role_name, &input.policy_arn)
}

pub(crate) fn detach_user_policy(desk: &mut Desk<'_>, input: &api::DetachUserPolicyRequest) -> Result<(), Error> {
    Owner::User.detach(desk, &input.user_name, &input.policy_arn)
}

pub(crate) fn detach_group_policy(desk: &mut Desk<'_>, input: &api::DetachGroupPolicyRequest) -> Result<(), Error> {
    Owner::Group.detach(desk, &input.group_name, &input.policy_arn)
}

pub(crate) fn detach_role_policy(desk: &mut Desk<'_>, input: &api::DetachRolePolicyRequest) -> Result<(), Error> {
    Owner::Role.detach(desk, &input.role_name, &input.policy_arn)
}

pub(crate) fn list_attached_user_policies(
    desk: &Desk<'_>,
    input: &api::ListAttachedUserPoliciesRequest,
) -> Result<api::ListAttachedUserPoliciesResponse, Error> {
    let listing = Listing::new(input.max_items, &input.marker)?;
    let (items, marker) = Owner::User.attached(desk, &input.user_name, &input.path_prefix, &listing)?;
    Ok(api::ListAttachedUserPoliciesResponse {
        attached_policies: Some(items),
        is_truncated: Some(marker.is_some()),
        marker,
    })
}

pub(crate) fn list_attached_group_policies(
    desk: &Desk<'_>,
    input: &api::ListAttachedGroupPoliciesRequest,
) -> Result<api::ListAttachedGroupPoliciesResponse, Error> {
    let listing = Listing::new(input.max_items, &input.marker)?;
    let (items, marker) = Owner::Group.attached(desk, &input.group_name, &input.path_prefix, &listing)?;
    Ok(api::ListAttachedGroupPoliciesResponse {
        attached_policies: Some(items),
        is_truncated: Some(marker.is_some()),
        marker,
    })
}

pub(crate) fn list_attached_role_policies(
    desk: &Desk<'_>,
    input: &api::ListAttachedRolePoliciesRequest,
) -> Result<api::ListAttachedRolePoliciesResponse, Error> {
    let listing = Listing::new(input.max_items, &input.marker)?;
    let (items, marker) = Owner::Role.attached(desk, &input.role_name, &input.path_prefix, &listing)?;
    Ok(api::ListAttachedRolePoliciesResponse {
        attached_policies: Some(items),
        is_truncated: Some(marker.is_some()),
        marker,
    })
}

pub(crate) fn list_user_policies(
    desk: &Desk<'_>,
    input: &api::ListUserPoliciesRequest,
) -> Result<api::ListUserPoliciesResponse, Error> {
    let (items, marker) =
        Owner::User.inline_names(desk, &input.user_name, &Listing::new(input.max_items, &input.marker)?)?;
    Ok(api::ListUserPoliciesResponse { policy_names: Some(items), is_truncated: Some(marker.is_some()), marker })
}

pub(crate) fn list_group_policies(
    desk: &Desk<'_>,
    input: &api::ListGroupPoliciesRequest,
) -> Result<api::ListGroupPoliciesResponse, Error> {
    let (items, marker) =
        Owner::Group.inline_names(desk, &input.group_name, &Listing::new(input.max_items, &input.marker)?)?;
    Ok(api::ListGroupPoliciesResponse { policy_names: Some(items), is_truncated: Some(marker.is_some()), marker })
}

pub(crate) fn list_role_policies(
    desk: &Desk<'_>,
    input: &api::ListRolePoliciesRequest,
) -> Result<api::ListRolePoliciesResponse, Error> {
    let (items, marker) =
        Owner::Role.inline_names(desk, &input.role_name, &Listing::new(input.max_items, &input.marker)?)?;
    Ok(api::ListRolePoliciesResponse { policy_names: Some(items), is_truncated: Some(marker.is_some()), marker })
}
