//! Both families of operations about tags: by a group's name, and by the ARN of a group or destination.

use std::collections::BTreeMap;

use tidegate_api_logs::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, ListTagsLogGroupRequest, ListTagsLogGroupResponse,
    TagLogGroupRequest, TagResourceRequest, UntagLogGroupRequest, UntagResourceRequest,
};
use tidegate_protocol::Call;
use tidegate_types::Arn;

use super::destinations::{change_destination, read_destination};
use super::{kept, settings::change};
use crate::domain::GroupAddress;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{
    DeliveryDestinationRecord, DeliveryRecord, DeliverySourceRecord, DetectorRecord, Kept, LookupTableRecord,
};

/// The most tags of a resource.
const MAX_TAGS: usize = 50;

type Tags = BTreeMap<String, String>;

/// What has tags.
enum Tagged {
    Group(GroupAddress),
    Destination(Arn, String),
    Source(Arn, String),
    DeliveryDestination(Arn, String),
    Delivery(Arn, String),
    Detector(Arn, String),
    Table(Arn, String),
}

impl Tagged {
    fn of(arn: Option<String>) -> Result<Tagged, Error> {
        let text = arn.unwrap_or_default();
        let arn: Arn = text.parse().map_err(|_| Error::NoSuchResource(text.clone()))?;
        if let Some(group) = GroupAddress::of_arn(&arn) {
            return Ok(Tagged::Group(group));
        }
        let (kind, name) = arn.resource.split_once(':').unwrap_or_default();
        let (kind, name) = (kind.to_owned(), name.to_owned());
        match kind.as_str() {
            _ if arn.service != "logs" => Err(Error::NoSuchResource(text)),
            "destination" => Ok(Tagged::Destination(arn, name)),
            DeliverySourceRecord::RESOURCE => Ok(Tagged::Source(arn, name)),
            DeliveryDestinationRecord::RESOURCE => Ok(Tagged::DeliveryDestination(arn, name)),
            DeliveryRecord::RESOURCE => Ok(Tagged::Delivery(arn, name)),
            DetectorRecord::RESOURCE => Ok(Tagged::Detector(arn, name)),
            LookupTableRecord::RESOURCE => Ok(Tagged::Table(arn, name)),
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
            Tagged::Source(arn, name) => change_kept::<DeliverySourceRecord>(service, arn, name, edit).await,
            Tagged::DeliveryDestination(arn, name) => {
                change_kept::<DeliveryDestinationRecord>(service, arn, name, edit).await
            }
            Tagged::Delivery(arn, name) => change_kept::<DeliveryRecord>(service, arn, name, edit).await,
            Tagged::Detector(arn, name) => change_kept::<DetectorRecord>(service, arn, name, edit).await,
            Tagged::Table(arn, name) => change_kept::<LookupTableRecord>(service, arn, name, edit).await,
        }
    }
}

async fn change_kept<T: Kept>(
    service: &CloudWatchLogs,
    arn: &Arn,
    name: &str,
    edit: impl Fn(&mut Tags) -> Result<(), Error>,
) -> Result<(), Error> {
    let (account, region) = owner(arn)?;
    let make = |before: Option<T>| {
        let mut record = before.ok_or(Error::NoSuchFilter(T::WHAT))?;
        edit(record.tags())?;
        Ok(record)
    };
    kept::put(service, account, &region, name, make).await.map(drop)
}

async fn tags_of<T: Kept>(service: &CloudWatchLogs, arn: &Arn, name: &str) -> Result<Tags, Error> {
    let (account, region) = owner(arn)?;
    Ok(kept::read::<T>(service, account, &region, name).await?.tags().clone())
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
        Tagged::Source(arn, name) => tags_of::<DeliverySourceRecord>(service, &arn, &name).await?,
        Tagged::DeliveryDestination(arn, name) => tags_of::<DeliveryDestinationRecord>(service, &arn, &name).await?,
        Tagged::Delivery(arn, name) => tags_of::<DeliveryRecord>(service, &arn, &name).await?,
        Tagged::Detector(arn, name) => tags_of::<DetectorRecord>(service, &arn, &name).await?,
        Tagged::Table(arn, name) => tags_of::<LookupTableRecord>(service, &arn, &name).await?,
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
