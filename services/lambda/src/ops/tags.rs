use std::collections::BTreeMap;

use tidegate_api_lambda::{ListTagsRequest, ListTagsResponse, TagResourceRequest, UntagResourceRequest};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::event_source_mappings::{change_tags, mapping_of};
use super::read_function;
use super::signing;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Address, keys};
use crate::wire;

/// The function that a resource's ARN names. Tags belong to functions, not to their versions.
fn function(lambda: &Lambda, call: &Call, resource: Option<String>) -> Result<Address, Error> {
    let named = lambda.named(call, resource, None)?;
    if named.qualifier.is_some() {
        return Err(Error::Invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.".to_owned(),
        ));
    }
    lambda.known(&named)?;
    Ok(Address::of(&named))
}

/// Changes the tags of whatever an ARN names: a mapping, a code signing configuration or a function.
async fn change(
    lambda: &Lambda,
    call: &Call,
    resource: Option<String>,
    change: impl Fn(&mut BTreeMap<String, String>) + Copy,
) -> Result<(), Error> {
    if let Some(mapping) = mapping_of(lambda, call, resource.as_deref()) {
        return change_tags(lambda, mapping?.0, change).await;
    }
    if let Some(arn) = resource.as_deref().filter(|arn| signing::is_config(arn)) {
        return signing::change_tags(lambda, call, arn, change).await;
    }
    let address = &function(lambda, call, resource)?;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let mut record = read_function(tx, address).await?;
            change(&mut record.tags);
            record.tags = wire::tags(Some(record.tags))?;
            tx.put(Space::Map, keys::function(address), record.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

/// Adds tags.
pub(crate) async fn tag_resource(lambda: &Lambda, call: &Call, input: TagResourceRequest) -> Result<(), Error> {
    let given = &input.tags.unwrap_or_default();
    if given.is_empty() {
        return Err(Error::Invalid("An error occurred and the request cannot be processed.".to_owned()));
    }
    change(lambda, call, input.resource, |tags| tags.extend(given.clone())).await
}

/// Takes tags away.
pub(crate) async fn untag_resource(lambda: &Lambda, call: &Call, input: UntagResourceRequest) -> Result<(), Error> {
    let names = &input.tag_keys.unwrap_or_default();
    change(lambda, call, input.resource, |tags| tags.retain(|name, _| !names.contains(name))).await
}

/// What something is tagged with.
pub(crate) async fn list_tags(lambda: &Lambda, call: &Call, input: ListTagsRequest) -> Result<ListTagsResponse, Error> {
    if let Some(mapping) = mapping_of(lambda, call, input.resource.as_deref()) {
        return Ok(ListTagsResponse { tags: Some(mapping?.1) });
    }
    if let Some(arn) = input.resource.as_deref().filter(|arn| signing::is_config(arn)) {
        return Ok(ListTagsResponse { tags: Some(signing::tags_of(lambda, call, arn).await?) });
    }
    let address = function(lambda, call, input.resource)?;
    let found = lambda.directory.get(&address).ok_or_else(|| Error::NoFunction(address.arn().to_string()))?;
    Ok(ListTagsResponse { tags: Some(found.record.tags.clone()) })
}
