//! Tags of everything that has them.

use tidegate_api_iam as api;

use super::{given_tags, policies, roles, text};
use crate::domain::{Tags, add_tags, remove_tags};
use crate::error::Error;
use crate::service::Desk;
use crate::wire::{Listing, shown};

pub(super) type Page = (Vec<api::Tag>, Option<String>);

pub(super) fn page(tags: &Tags, max_items: Option<i32>, marker: &Option<String>) -> Result<Page, Error> {
    let page = Listing::new(max_items, marker)?.page(shown::tags(tags), |tag| text(&tag.key).to_owned(), |tag| tag);
    Ok((page.items, page.marker))
}

fn gone(keys: &Option<Vec<String>>) -> &[String] {
    keys.as_deref().unwrap_or_default()
}

pub(crate) fn tag_user(desk: &mut Desk<'_>, input: &api::TagUserRequest) -> Result<(), Error> {
    Ok(add_tags(&mut desk.edit().users.edit(text(&input.user_name))?.tags, given_tags(&input.tags))?)
}

pub(crate) fn untag_user(desk: &mut Desk<'_>, input: &api::UntagUserRequest) -> Result<(), Error> {
    remove_tags(&mut desk.edit().users.edit(text(&input.user_name))?.tags, gone(&input.tag_keys));
    Ok(())
}

pub(crate) fn list_user_tags(
    desk: &Desk<'_>,
    input: &api::ListUserTagsRequest,
) -> Result<api::ListUserTagsResponse, Error> {
    let (tags, marker) = page(&desk.state.users.get(text(&input.user_name))?.tags, input.max_items, &input.marker)?;
    Ok(api::ListUserTagsResponse { tags: Some(tags), is_truncated: Some(marker.is_some()), marker })
}

pub(crate) fn tag_role(desk: &mut Desk<'_>, input: &api::TagRoleRequest) -> Result<(), Error> {
    Ok(add_tags(&mut roles::editable(desk, &input.role_name)?.tags, given_tags(&input.tags))?)
}

pub(crate) fn untag_role(desk: &mut Desk<'_>, input: &api::UntagRoleRequest) -> Result<(), Error> {
    remove_tags(&mut roles::editable(desk, &input.role_name)?.tags, gone(&input.tag_keys));
    Ok(())
}

pub(crate) fn list_role_tags(
    desk: &Desk<'_>,
    input: &api::ListRoleTagsRequest,
) -> Result<api::ListRoleTagsResponse, Error> {
    let (tags, marker) = page(&desk.state.roles.get(text(&input.role_name))?.tags, input.max_items, &input.marker)?;
    Ok(api::ListRoleTagsResponse { tags: Some(tags), is_truncated: Some(marker.is_some()), marker })
}

pub(crate) fn tag_policy(desk: &mut Desk<'_>, input: &api::TagPolicyRequest) -> Result<(), Error> {
    Ok(add_tags(&mut policies::edit(desk, &input.policy_arn)?.tags, given_tags(&input.tags))?)
}

pub(crate) fn untag_policy(desk: &mut Desk<'_>, input: &api::UntagPolicyRequest) -> Result<(), Error> {
    remove_tags(&mut policies::edit(desk, &input.policy_arn)?.tags, gone(&input.tag_keys));
    Ok(())
}

pub(crate) fn list_policy_tags(
    desk: &Desk<'_>,
    input: &api::ListPolicyTagsRequest,
) -> Result<api::ListPolicyTagsResponse, Error> {
    let answer = policies::get_policy(desk, &api::GetPolicyRequest { policy_arn: input.policy_arn.clone() })?;
    let tags = answer.policy.and_then(|policy| policy.tags).unwrap_or_default();
    let page = Listing::new(input.max_items, &input.marker)?.page(tags, |tag| text(&tag.key).to_owned(), |tag| tag);
    Ok(api::ListPolicyTagsResponse {
        tags: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn tag_instance_profile(desk: &mut Desk<'_>, input: &api::TagInstanceProfileRequest) -> Result<(), Error> {
    Ok(add_tags(&mut desk.edit().profiles.edit(text(&input.instance_profile_name))?.tags, given_tags(&input.tags))?)
}

pub(crate) fn untag_instance_profile(
    desk: &mut Desk<'_>,
    input: &api::UntagInstanceProfileRequest,
) -> Result<(), Error> {
    remove_tags(&mut desk.edit().profiles.edit(text(&input.instance_profile_name))?.tags, gone(&input.tag_keys));
    Ok(())
}

pub(crate) fn list_instance_profile_tags(
    desk: &Desk<'_>,
    input: &api::ListInstanceProfileTagsRequest,
) -> Result<api::ListInstanceProfileTagsResponse, Error> {
    let profile = desk.state.profiles.get(text(&input.instance_profile_name))?;
    let (tags, marker) = page(&profile.tags, input.max_items, &input.marker)?;
    Ok(api::ListInstanceProfileTagsResponse { tags: Some(tags), is_truncated: Some(marker.is_some()), marker })
}
