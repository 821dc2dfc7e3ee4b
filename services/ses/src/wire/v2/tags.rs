//! Tags.

use tidegate_api_sesv2 as api;

use crate::desk::Desk;
use crate::domain::account::Pool;
use crate::domain::configuration_set::ConfigurationSet;
use crate::domain::contact::ContactList;
use crate::domain::identity::{Identity, canonical};
use crate::domain::tags::Tags;
use crate::domain::template::{CustomTemplate, Template};
use crate::domain::tenant::Tenant;
use crate::error::{Error, Thing};
use crate::store::Row;
use crate::wire::text;

/// The most tags of a thing.
const MOST: usize = 50;

/// Tags that a request gives.
pub(super) fn new(given: &Option<Vec<api::Tag>>) -> Result<Tags, Error> {
    let mut all = Tags::new();
    for tag in given.iter().flatten() {
        let (key, value) = (text(&tag.key), text(&tag.value));
        if key.is_empty() || key.chars().count() > 128 {
            return Err(Error::invalid("Tag Key must be 1-128 characters."));
        }
        if value.chars().count() > 256 {
            return Err(Error::invalid("Tag Value must be 0-256 characters."));
        }
        if key.starts_with("aws:") {
            return Err(Error::invalid("Tag keys cannot start with aws:"));
        }
        if all.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Error::invalid(format!("Duplicate tag key: {key}")));
        }
    }
    if all.len() > MOST {
        return Err(Error::Limit(format!("Number of tags exceeds the limit of {MOST}")));
    }
    Ok(all)
}

/// Tags as they are shown.
pub(super) fn shown(tags: &Tags) -> Vec<api::Tag> {
    tags.iter().map(|(key, value)| api::Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

/// Changes the tags of one kind of thing; `None` if there is no such thing.
async fn change_of<T: Row + Clone>(
    desk: &mut Desk<'_>,
    name: &str,
    tags: impl Fn(&mut T) -> &mut Tags + Send,
    change: impl FnOnce(&mut Tags) -> Result<(), Error> + Send,
) -> Result<Option<Tags>, Error> {
    let Some(mut found) = desk.shelf.find::<T>(name).await? else { return Ok(None) };
    let before = tags(&mut found).clone();
    change(tags(&mut found))?;
    let after = tags(&mut found).clone();
    if after != before {
        desk.shelf.put(&found);
    }
    Ok(Some(after))
}

/// Changes the tags of whatever an ARN names. What it answers are the tags as they are then.
async fn change(
    desk: &mut Desk<'_>,
    arn: &str,
    change: impl FnOnce(&mut Tags) -> Result<(), Error> + Send,
) -> Result<Tags, Error> {
    let parsed: tidegate_types::Arn = arn.parse().map_err(|_| Error::invalid(format!("Invalid ARN: {arn}")))?;
    // One without an account is the caller's: programs that do not know the account write such.
    if parsed.service != "ses" || parsed.region.is_none() {
        return Err(Error::invalid(format!("Invalid ARN: {arn}")));
    }
    let Some((kind, name)) = parsed.resource.split_once('/') else {
        return Err(Error::invalid(format!("Invalid ARN: {arn}")));
    };
    let (found, what) = match kind {
        "identity" => {
            let name = canonical(name);
            (change_of(desk, &name, |own: &mut Identity| &mut own.tags, change).await?, "EmailIdentity")
        }
        "configuration-set" => {
            (change_of(desk, name, |own: &mut ConfigurationSet| &mut own.tags, change).await?, "ConfigurationSet")
        }
        "template" => (change_of(desk, name, |own: &mut Template| &mut own.tags, change).await?, "Template"),
        "custom-verification-email-template" => {
            let found = change_of(desk, name, |own: &mut CustomTemplate| &mut own.tags, change).await?;
            (found, "CustomVerificationEmailTemplate")
        }
        "contact-list" => (change_of(desk, name, |own: &mut ContactList| &mut own.tags, change).await?, "ContactList"),
        "dedicated-ip-pool" => {
            (change_of(desk, name, |own: &mut Pool| &mut own.tags, change).await?, "DedicatedIpPool")
        }
        "tenant" => {
            let name = name.split('/').next().unwrap_or_default();
            (change_of(desk, name, |own: &mut Tenant| &mut own.tags, change).await?, "Tenant")
        }
        _ => return Err(Error::NoSuch(Thing::Resource, format!("Resource {arn} was not found."))),
    };
    found.ok_or_else(|| Error::NoSuch(Thing::Resource, format!("No {what} present with name: {name}")))
}

pub(crate) async fn tag_resource(
    mut desk: Desk<'_>,
    input: &api::TagResourceRequest,
) -> Result<api::TagResourceResponse, Error> {
    let more = new(&input.tags)?;
    change(&mut desk, text(&input.resource_arn), |tags| {
        tags.extend(more);
        match tags.len() > MOST {
            true => Err(Error::Limit(format!("Number of tags exceeds the limit of {MOST}"))),
            false => Ok(()),
        }
    })
    .await?;
    Ok(api::TagResourceResponse {})
}

pub(crate) async fn untag_resource(
    mut desk: Desk<'_>,
    input: &api::UntagResourceRequest,
) -> Result<api::UntagResourceResponse, Error> {
    change(&mut desk, text(&input.resource_arn), |tags| {
        input.tag_keys.iter().flatten().for_each(|key| drop(tags.remove(key)));
        Ok(())
    })
    .await?;
    Ok(api::UntagResourceResponse {})
}

pub(crate) async fn list_tags_for_resource(
    mut desk: Desk<'_>,
    input: &api::ListTagsForResourceRequest,
) -> Result<api::ListTagsForResourceResponse, Error> {
    let tags = change(&mut desk, text(&input.resource_arn), |_| Ok(())).await?;
    Ok(api::ListTagsForResourceResponse { tags: Some(shown(&tags)) })
}
