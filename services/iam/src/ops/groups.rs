//! Groups.

use tidegate_api_iam as api;

use super::{header, path_of, quota, text};
use crate::domain::{Grants, Group, name_key};
use crate::error::{Error, Holding};
use crate::service::Desk;
use crate::wire::{Listing, shown};

pub(crate) fn create_group(
    desk: &mut Desk<'_>,
    input: &api::CreateGroupRequest,
) -> Result<api::CreateGroupResponse, Error> {
    quota("GroupsPerAccount", desk.state.groups.len() + 1, 300)?;
    let group = Group { header: header(desk, &input.group_name, &input.path, "AGPA")?, grants: Grants::default() };
    let answer = shown::group(desk.account, &group);
    desk.edit().groups.add(group)?;
    Ok(api::CreateGroupResponse { group: Some(answer) })
}

pub(crate) fn get_group(desk: &Desk<'_>, input: &api::GetGroupRequest) -> Result<api::GetGroupResponse, Error> {
    let group = desk.state.groups.get(text(&input.group_name))?;
    let key = name_key(text(&input.group_name));
    let users = desk.state.users.all().filter(|(_, user)| user.groups.contains(&key));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        users,
        |(name, _)| (*name).clone(),
        |(_, user)| api::User { tags: None, ..shown::user(desk.account, user) },
    );
    Ok(api::GetGroupResponse {
        group: Some(shown::group(desk.account, group)),
        users: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn list_groups(desk: &Desk<'_>, input: &api::ListGroupsRequest) -> Result<api::ListGroupsResponse, Error> {
    let groups = desk.state.groups.all().filter(|(_, group)| shown::within(&group.header, &input.path_prefix));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        groups,
        |(name, _)| (*name).clone(),
        |(_, group)| shown::group(desk.account, group),
    );
    Ok(api::ListGroupsResponse {
        groups: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn update_group(desk: &mut Desk<'_>, input: &api::UpdateGroupRequest) -> Result<(), Error> {
    let old = name_key(text(&input.group_name));
    let mut group = (**desk.state.groups.get(&old)?).clone();
    if input.new_path.is_some() {
        group.header.path = path_of(&input.new_path)?;
    }
    if let Some(name) = &input.new_group_name {
        group.header.name.clone_from(name);
    }
    let new = name_key(&group.header.name);
    desk.edit().groups.remove(&old)?;
    desk.edit().groups.add(group)?;
    for member in members(desk, &old) {
        let groups = &mut desk.edit().users.edit(&member)?.groups;
        groups.remove(&old);
        groups.insert(new.clone());
    }
    Ok(())
}

pub(crate) fn delete_group(desk: &mut Desk<'_>, input: &api::DeleteGroupRequest) -> Result<(), Error> {
    let name = text(&input.group_name);
    let group = desk.state.groups.get(name)?;
    if !members(desk, &name_key(name)).is_empty() {
        return Err(Error::StillHas(Holding::Users));
    }
    if !group.grants.attached.is_empty() {
        return Err(Error::StillHas(Holding::AttachedPolicies));
    }
    if !group.grants.inline.is_empty() {
        return Err(Error::StillHas(Holding::InlinePolicies));
    }
    desk.edit().groups.remove(name).map(drop)
}

fn members(desk: &Desk<'_>, group: &str) -> Vec<String> {
    let members = desk.state.users.all().filter(|(_, user)| user.groups.contains(group));
    members.map(|(name, _)| name.clone()).collect()
}
