//! Both families of operations about tags: by a group's name, and by the ARN of a group or destination.

use std::collections::BTreeMap;

use tidegate_api_logs::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, ListTagsLogGroupRequest, ListTagsLogGroupResponse,
    TagLogGroupRequest, TagResourceRequest, UntagLogGroupRequest, UntagResourceRequest,
};
use tidegate_protocol::Call;
use tidegate_types::Arn;

use super::destinations::{change_destination, read_destination};
use super::settings::change;
use crate::domain::GroupAddress;
use crate::error::Error;
use crate::service::CloudWatchLogs;

/// The most tags of a resource.
const MAX_TAGS: usize = 50;

type Tags = BTreeMap<String, String>;

/// What has tags.
enum Tagged {
    Group(GroupAddress),
    Destination(Arn, String),
}

impl Tagged {
    fn of(arn: Option<String>) -> Result<Tagged, Error> {
        let text = arn.unwrap_or_default();
        let arn: Arn = text.parse().map_err(|_| Error::NoSuchResource(text.clone()))?;
        if let Some(group) = GroupAddress::of_arn(&arn) {
            return Ok(Tagged::Group(group));
        }
        match arn.resource.strip_prefix("destination:").map(str::to_owned) {
            Some(name) if arn.service == "logs" => Ok(Tagged::Destination(arn, name)),
            _ => Err(Error::NoSuchResource(text)),
        }
    }

    async fn change(
        &self,
        service: &CloudWatchLogs,
        edit: impl Fn(&mut Tags) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            Tagged::Group(address) => change(service, address, |group| edit(&mut group.tags)).await,
            Tagged::Destination(arn, name) => {
                let (account, region) = owner(arn)?;
                change_destination(service, account, &region, name, |destination| edit(&mut destination.tags)).await
            }
        }
    }
}

fn owner(arn: &Arn) -> Result<(tidegate_types::AccountId, tidegate_types::Region), Error> {
    arn.account.zip(arn.region.clone()).ok_or(Error::NoSuchDestination)
}

fn add(tags: &mut Tags, more: &Tags, resource: &str) -> Result<(), Error> {
    tags.extend(more.clone());
    if tags.len() > MAX_TAGS { Err(Error::TooManyTags(resource.to_owned())) } else { Ok(()) }
}

/// Puts tags on a group or destination.
pub(crate) async fn tag_resource(service: &CloudWatchLogs, _: &Call, input: TagResourceRequest) -> Result<(), Error> {
    let arn = input.resource_arn.clone().unwrap_or_default();
    let tagged = Tagged::of(input.resource_arn)?;
    let more = input.tags.unwrap_or_default();
    tagged.change(service, |tags| add(tags, &more, &arn)).await
}

/// Takes tags off a group or destination.
pub(crate) async fn untag_resource(
    service: &CloudWatchLogs,
    _: &Call,
    input: UntagResourceRequest,
) -> Result<(), Error> {
    let tagged = Tagged::of(input.resource_arn)?;
    let keys = input.tag_keys.unwrap_or_default();
    tagged.change(service, |tags| remove(tags, &keys)).await
}

fn remove(tags: &mut Tags, keys: &[String]) -> Result<(), Error> {
    tags.retain(|key, _| !keys.contains(key));
    Ok(())
}

/// The tags of a group or destination.
pub(crate) async fn list_tags_for_resource(
    service: &CloudWatchLogs,
    _: &Call,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, Error> {
    let tags = match Tagged::of(input.resource_arn)? {
        Tagged::Group(address) => service.known(&address)?.record.tags.clone(),
        Tagged::Destination(arn, name) => {
            let (account, region) = owner(&arn)?;
            read_destination(service, account, &region, &name).await?.ok_or(Error::NoSuchDestination)?.tags
        }
    };
    Ok(ListTagsForResourceResponse { tags: Some(tags) })
}

/// Puts tags on a group.
pub(crate) async fn tag_log_group(
    service: &CloudWatchLogs,
    call: &Call,
    input: TagLogGroupRequest,
) -> Result<(), Error> {
    let address = service.address(call, input.log_group_name, None)?;
    let more = input.tags.unwrap_or_default();
    let arn = address.arn().to_string();
    Tagged::Group(address).change(service, |tags| add(tags, &more, &arn)).await
}

/// Takes tags off a group.
pub(crate) async fn untag_log_group(
    service: &CloudWatchLogs,
    call: &Call,
    input: UntagLogGroupRequest,
) -> Result<(), Error> {
    let address = service.address(call, input.log_group_name, None)?;
    let keys = input.tags.unwrap_or_default();
    Tagged::Group(address).change(service, |tags| remove(tags, &keys)).await
}

/// The tags of a group.
pub(crate) async fn list_tags_log_group(
    service: &CloudWatchLogs,
    call: &Call,
    input: ListTagsLogGroupRequest,
) -> Result<ListTagsLogGroupResponse, Error> {
    let group = service.group(call, input.log_group_name, None)?;
    Ok(ListTagsLogGroupResponse { tags: Some(group.record.tags.clone()) })
}
