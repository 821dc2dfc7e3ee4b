//! Users, their passwords, and who is in which group.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use tidegate_api_iam as api;

use super::{boundary, caller, devices, header, new_tags, path_of, quota, text, user_name};
use crate::domain::{Grants, Login, PasswordPolicy, Thing, User, name_key};
use crate::error::{Error, Holding};
use crate::service::Desk;
use crate::wire::{Listing, shown};

pub(crate) fn create_user(
    desk: &mut Desk<'_>,
    input: &api::CreateUserRequest,
) -> Result<api::CreateUserResponse, Error> {
    quota("UsersPerAccount", desk.state.users.len() + 1, 5000)?;
    let boundary = input.permissions_boundary.as_deref().map(|arn| boundary(desk, arn)).transpose()?;
    let user = User {
        header: header(desk, &input.user_name, &input.path, "AIDA")?,
        grants: Grants { boundary, ..Grants::default() },
        tags: new_tags(&input.tags)?,
        groups: Default::default(),
        keys: Vec::new(),
        login: None,
        certificates: Vec::new(),
        ssh_keys: Vec::new(),
        service_credentials: Vec::new(),
    };
    let answer = shown::user(desk.account, &user);
    desk.edit().users.add(user)?;
    Ok(api::CreateUserResponse { user: Some(answer) })
}

pub(crate) fn get_user(desk: &Desk<'_>, input: &api::GetUserRequest) -> Result<api::GetUserResponse, Error> {
    let name = match (&input.user_name, caller(desk)) {
        (Some(name), _) => name,
        (None, Some(name)) => name,
        // The account itself, which AWS shows as a user without a name of its own.
        (None, None) => return Ok(api::GetUserResponse { user: Some(shown::root(desk.account)) }),
    };
    Ok(api::GetUserResponse { user: Some(shown::user(desk.account, desk.state.users.get(name)?)) })
}

pub(crate) fn list_users(desk: &Desk<'_>, input: &api::ListUsersRequest) -> Result<api::ListUsersResponse, Error> {
    let users = desk.state.users.all().filter(|(_, user)| shown::within(&user.header, &input.path_prefix));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        users,
        |(name, _)| (*name).clone(),
        |(_, user)| api::User { tags: None, permissions_boundary: None, ..shown::user(desk.account, user) },
    );
    Ok(api::ListUsersResponse {
        users: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn update_user(desk: &mut Desk<'_>, input: &api::UpdateUserRequest) -> Result<(), Error> {
    let mut user = (**desk.state.users.get(text(&input.user_name))?).clone();
    if input.new_path.is_some() {
        user.header.path = path_of(&input.new_path)?;
    }
    if let Some(name) = &input.new_user_name {
        user.header.name.clone_from(name);
    }
    let (old, new) = (name_key(text(&input.user_name)), name_key(&user.header.name));
    desk.edit().users.remove(&old)?;
    desk.edit().users.add(user)?;
    devices::pass_on(desk, &old, &new)
}

pub(crate) fn delete_user(desk: &mut Desk<'_>, input: &api::DeleteUserRequest) -> Result<(), Error> {
    let user = desk.state.users.get(text(&input.user_name))?;
    let held = [
        (!user.grants.attached.is_empty(), Holding::AttachedPolicies),
        (!user.grants.inline.is_empty(), Holding::InlinePolicies),
        (!user.keys.is_empty(), Holding::AccessKeys),
        (devices::of(desk, text(&input.user_name)).next().is_some(), Holding::MfaDevices),
        (!user.certificates.is_empty(), Holding::SigningCertificates),
        (!user.ssh_keys.is_empty(), Holding::SshKeys),
        (!user.service_credentials.is_empty(), Holding::ServiceCredentials),
        (user.login.is_some(), Holding::LoginProfile),
        (!user.groups.is_empty(), Holding::Groups),
    ];
    if let Some((_, holding)) = held.into_iter().find(|(held, _)| *held) {
        return Err(Error::StillHas(holding));
    }
    desk.edit().users.remove(text(&input.user_name)).map(drop)
}

pub(crate) fn put_user_boundary(
    desk: &mut Desk<'_>,
    input: &api::PutUserPermissionsBoundaryRequest,
) -> Result<(), Error> {
    let arn = boundary(desk, text(&input.permissions_boundary))?;
    desk.edit().users.edit(text(&input.user_name))?.grants.boundary = Some(arn);
    Ok(())
}

pub(crate) fn delete_user_boundary(
    desk: &mut Desk<'_>,
    input: &api::DeleteUserPermissionsBoundaryRequest,
) -> Result<(), Error> {
    desk.edit().users.edit(text(&input.user_name))?.grants.boundary = None;
    Ok(())
}

pub(crate) fn add_user_to_group(desk: &mut Desk<'_>, input: &api::AddUserToGroupRequest) -> Result<(), Error> {
    desk.state.groups.get(text(&input.group_name))?;
    let user = desk.edit().users.edit(text(&input.user_name))?;
    user.groups.insert(name_key(text(&input.group_name)));
    quota("GroupsPerUser", user.groups.len(), 10)
}

pub(crate) fn remove_user_from_group(
    desk: &mut Desk<'_>,
    input: &api::RemoveUserFromGroupRequest,
) -> Result<(), Error> {
    desk.state.groups.get(text(&input.group_name))?;
    desk.edit().users.edit(text(&input.user_name))?.groups.remove(&name_key(text(&input.group_name)));
    Ok(())
}

pub(crate) fn list_groups_for_user(
    desk: &Desk<'_>,
    input: &api::ListGroupsForUserRequest,
) -> Result<api::ListGroupsForUserResponse, Error> {
    let user = desk.state.users.get(text(&input.user_name))?;
    let groups = user.groups.iter().filter_map(|name| Some((name, desk.state.groups.find(name)?)));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        groups,
        |(name, _)| (*name).clone(),
        |(_, group)| shown::group(desk.account, group),
    );
    Ok(api::ListGroupsForUserResponse {
        groups: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn create_login_profile(
    desk: &mut Desk<'_>,
    input: &api::CreateLoginProfileRequest,
) -> Result<api::CreateLoginProfileResponse, Error> {
    let name = user_name(desk, &input.user_name)?.to_owned();
    if desk.state.users.get(&name)?.login.is_some() {
        return Err(Error::Exists(Thing::LoginProfile, name));
    }
    let login = login(desk, text(&input.password), input.password_reset_required.unwrap_or(false))?;
    let answer = shown::login(&name, &login);
    desk.edit().users.edit(&name)?.login = Some(login);
    Ok(api::CreateLoginProfileResponse { login_profile: Some(answer) })
}

pub(crate) fn get_login_profile(
    desk: &Desk<'_>,
    input: &api::GetLoginProfileRequest,
) -> Result<api::GetLoginProfileResponse, Error> {
    let name = user_name(desk, &input.user_name)?;
    let login = desk.state.users.get(name)?.login.as_ref();
    let login = login.ok_or_else(|| Error::NoSuch(Thing::LoginProfile, name.to_owned()))?;
    Ok(api::GetLoginProfileResponse { login_profile: Some(shown::login(name, login)) })
}

pub(crate) fn update_login_profile(desk: &mut Desk<'_>, input: &api::UpdateLoginProfileRequest) -> Result<(), Error> {
    let name = text(&input.user_name);
    let old = desk.state.users.get(name)?.login.clone();
    let mut new = old.ok_or_else(|| Error::NoSuch(Thing::LoginProfile, name.to_owned()))?;
    if let Some(password) = &input.password {
        new = Login { created_at: new.created_at, ..login(desk, password, new.reset_required)? };
    }
    new.reset_required = input.password_reset_required.unwrap_or(new.reset_required);
    desk.edit().users.edit(name)?.login = Some(new);
    Ok(())
}

pub(crate) fn delete_login_profile(desk: &mut Desk<'_>, input: &api::DeleteLoginProfileRequest) -> Result<(), Error> {
    let name = user_name(desk, &input.user_name)?.to_owned();
    let login = desk.edit().users.edit(&name)?.login.take();
    login.map(drop).ok_or(Error::NoSuch(Thing::LoginProfile, name))
}

pub(crate) fn change_password(desk: &mut Desk<'_>, input: &api::ChangePasswordRequest) -> Result<(), Error> {
    let name = caller(desk).ok_or(Error::NoUser)?.to_owned();
    let old = desk.state.users.get(&name)?.login.clone();
    let old = old.ok_or_else(|| Error::NoSuch(Thing::LoginProfile, name.clone()))?;
    if derive(&old.salt, text(&input.old_password)) != old.verifier {
        return Err(Error::OldPassword);
    }
    let new = login(desk, text(&input.new_password), false)?;
    desk.edit().users.edit(&name)?.login = Some(Login { created_at: old.created_at, ..new });
    Ok(())
}

fn login(desk: &Desk<'_>, password: &str, reset_required: bool) -> Result<Login, Error> {
    if !desk.state.account().password_policy.unwrap_or(PasswordPolicy::DEFAULT).admits(password) {
        return Err(Error::Password);
    }
    let mut salt = [0; 16];
    desk.env.fill_random(&mut salt);
    Ok(Login { salt, verifier: derive(&salt, password), created_at: desk.now, reset_required })
}

/// How often the password is stirred. Nobody logs in here; who steals the data folder shall not read
/// passwords that are used elsewhere.
const ROUNDS: usize = 10_000;

/// PBKDF2 with HMAC-SHA-256, of one block.
fn derive(salt: &[u8; 16], password: &str) -> [u8; 32] {
    let keyed = Hmac::<Sha256>::new_from_slice(password.as_bytes()).expect("HMAC takes keys of any length");
    let mac = |data: &[u8]| -> [u8; 32] { keyed.clone().chain_update(data).finalize().into_bytes().into() };
    let mut block = mac(&[&salt[..], &1u32.to_be_bytes()].concat());
    let mut sum = block;
    for _ in 1..ROUNDS {
        block = mac(&block);
        sum.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}
