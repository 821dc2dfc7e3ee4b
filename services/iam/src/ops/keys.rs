//! Access keys of users.

use tidegate_api_iam as api;

use super::{draw, quota, text, user_name};
use crate::domain::{AccessKey, Thing};
use crate::error::Error;
use crate::service::Desk;
use crate::wire::Listing;

fn status(active: bool) -> Option<String> {
    Some(if active { "Active" } else { "Inactive" }.to_owned())
}

pub(crate) fn create_access_key(
    desk: &mut Desk<'_>,
    input: &api::CreateAccessKeyRequest,
) -> Result<api::CreateAccessKeyResponse, Error> {
    let name = user_name(desk, &input.user_name)?.to_owned();
    let key = AccessKey {
        id: draw::access_key(desk.env),
        secret: draw::secret(desk.env),
        active: true,
        created_at: desk.now,
    };
    let user = desk.edit().users.edit(&name)?;
    quota("AccessKeysPerUser", user.keys.len() + 1, 2)?;
    user.keys.push(key.clone());
    Ok(api::CreateAccessKeyResponse {
        access_key: Some(api::AccessKey {
            user_name: Some(user.header.name.clone()),
            access_key_id: Some(key.id),
            status: status(true),
            secret_access_key: Some(key.secret),
            create_date: Some(key.created_at),
        }),
    })
}

/// The user who has a key: the one that is named, or the caller, or where the root asks whoever has it.
fn owner(desk: &Desk<'_>, given: &Option<String>, id: &str) -> Result<String, Error> {
    match user_name(desk, given) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) => {
            let mut users = desk.state.users.all();
            let found = users.find(|(_, user)| user.keys.iter().any(|key| key.id == id));
            found.map(|(name, _)| name.clone()).ok_or_else(|| Error::NoSuch(Thing::AccessKey, id.to_owned()))
        }
    }
}

pub(crate) fn update_access_key(desk: &mut Desk<'_>, input: &api::UpdateAccessKeyRequest) -> Result<(), Error> {
    let id = text(&input.access_key_id);
    let name = owner(desk, &input.user_name, id)?;
    let key = desk.edit().users.edit(&name)?.keys.iter_mut().find(|key| key.id == id);
    key.ok_or_else(|| Error::NoSuch(Thing::AccessKey, id.to_owned()))?.active = text(&input.status) == "Active";
    Ok(())
}

pub(crate) fn delete_access_key(desk: &mut Desk<'_>, input: &api::DeleteAccessKeyRequest) -> Result<(), Error> {
    let id = text(&input.access_key_id);
    let name = owner(desk, &input.user_name, id)?;
    let keys = &mut desk.edit().users.edit(&name)?.keys;
    let before = keys.len();
    keys.retain(|key| key.id != id);
    if keys.len() == before { Err(Error::NoSuch(Thing::AccessKey, id.to_owned())) } else { Ok(()) }
}

pub(crate) fn list_access_keys(
    desk: &Desk<'_>,
    input: &api::ListAccessKeysRequest,
) -> Result<api::ListAccessKeysResponse, Error> {
    let listing = Listing::new(input.max_items, &input.marker)?;
    // The root of an account has no keys that IAM made.
    let user = match user_name(desk, &input.user_name) {
        Ok(name) => Some(desk.state.users.get(name)?),
        Err(_) => None,
    };
    let keys = user.into_iter().flat_map(|user| user.keys.iter().map(move |key| (user, key)));
    let page = listing.page(
        keys.enumerate(),
        |(index, _)| format!("{index:04}"),
        |(_, (user, key))| api::AccessKeyMetadata {
            user_name: Some(user.header.name.clone()),
            access_key_id: Some(key.id.clone()),
            status: status(key.active),
            create_date: Some(key.created_at),
        },
    );
    Ok(api::ListAccessKeysResponse {
        access_key_metadata: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn get_access_key_last_used(
    desk: &Desk<'_>,
    input: &api::GetAccessKeyLastUsedRequest,
) -> Result<api::GetAccessKeyLastUsedResponse, Error> {
    let id = text(&input.access_key_id);
    let name = owner(desk, &None, id)
        .ok()
        .filter(|name| desk.state.users.find(name).is_some_and(|user| user.keys.iter().any(|key| key.id == id)));
    let name = name.ok_or_else(|| Error::NoSuch(Thing::AccessKey, id.to_owned()))?;
    let last = desk.uses.of_key(id);
    let nowhere = || Some("N/A".to_owned());
    Ok(api::GetAccessKeyLastUsedResponse {
        user_name: Some(desk.state.users.get(&name)?.header.name.clone()),
        access_key_last_used: Some(api::AccessKeyLastUsed {
            last_used_date: last.as_ref().map(|last| last.at),
            service_name: last.as_ref().map(|last| last.service.clone()).or_else(nowhere),
            region: last.map(|last| last.region).or_else(nowhere),
        }),
    })
}
