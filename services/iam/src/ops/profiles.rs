//! Instance profiles.

use tidegate_api_iam as api;

use super::{header, new_tags, quota, text};
use crate::domain::{InstanceProfile, Thing, name_key};
use crate::error::{Error, Holding};
use crate::service::Desk;
use crate::wire::{Listing, shown};

pub(crate) fn create_instance_profile(
    desk: &mut Desk<'_>,
    input: &api::CreateInstanceProfileRequest,
) -> Result<api::CreateInstanceProfileResponse, Error> {
    quota("InstanceProfilesPerAccount", desk.state.profiles.len() + 1, 1000)?;
    let profile = InstanceProfile {
        header: header(desk, &input.instance_profile_name, &input.path, "AIPA")?,
        role: None,
        tags: new_tags(&input.tags)?,
    };
    let answer = shown::profile(desk, &profile);
    desk.edit().profiles.add(profile)?;
    Ok(api::CreateInstanceProfileResponse { instance_profile: Some(answer) })
}

pub(crate) fn get_instance_profile(
    desk: &Desk<'_>,
    input: &api::GetInstanceProfileRequest,
) -> Result<api::GetInstanceProfileResponse, Error> {
    let profile = desk.state.profiles.get(text(&input.instance_profile_name))?;
    Ok(api::GetInstanceProfileResponse { instance_profile: Some(shown::profile(desk, profile)) })
}

pub(crate) fn delete_instance_profile(
    desk: &mut Desk<'_>,
    input: &api::DeleteInstanceProfileRequest,
) -> Result<(), Error> {
    let name = text(&input.instance_profile_name);
    if desk.state.profiles.get(name)?.role.is_some() {
        return Err(Error::StillHas(Holding::Roles));
    }
    desk.edit().profiles.remove(name).map(drop)
}

pub(crate) fn add_role_to_instance_profile(
    desk: &mut Desk<'_>,
    input: &api::AddRoleToInstanceProfileRequest,
) -> Result<(), Error> {
    desk.state.roles.get(text(&input.role_name))?;
    let profile = desk.edit().profiles.edit(text(&input.instance_profile_name))?;
    quota("InstanceSessionsPerInstanceProfile", usize::from(profile.role.is_some()) + 1, 1)?;
    profile.role = Some(name_key(text(&input.role_name)));
    Ok(())
}

pub(crate) fn remove_role_from_instance_profile(
    desk: &mut Desk<'_>,
    input: &api::RemoveRoleFromInstanceProfileRequest,
) -> Result<(), Error> {
    let role = text(&input.role_name);
    let profile = desk.edit().profiles.edit(text(&input.instance_profile_name))?;
    if profile.role.as_ref() != Some(&name_key(role)) {
        return Err(Error::NoSuch(Thing::Role, role.to_owned()));
    }
    profile.role = None;
    Ok(())
}

pub(crate) fn list_instance_profiles(
    desk: &Desk<'_>,
    input: &api::ListInstanceProfilesRequest,
) -> Result<api::ListInstanceProfilesResponse, Error> {
    let profiles = desk.state.profiles.all().filter(|(_, profile)| shown::within(&profile.header, &input.path_prefix));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        profiles,
        |(name, _)| (*name).clone(),
        |(_, profile)| api::InstanceProfile { tags: None, ..shown::profile(desk, profile) },
    );
    Ok(api::ListInstanceProfilesResponse {
        instance_profiles: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn list_instance_profiles_for_role(
    desk: &Desk<'_>,
    input: &api::ListInstanceProfilesForRoleRequest,
) -> Result<api::ListInstanceProfilesForRoleResponse, Error> {
    desk.state.roles.get(text(&input.role_name))?;
    let key = name_key(text(&input.role_name));
    let profiles = desk.state.profiles.all().filter(|(_, profile)| profile.role.as_ref() == Some(&key));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        profiles,
        |(name, _)| (*name).clone(),
        |(_, profile)| api::InstanceProfile { tags: None, ..shown::profile(desk, profile) },
    );
    Ok(api::ListInstanceProfilesForRoleResponse {
        instance_profiles: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}
