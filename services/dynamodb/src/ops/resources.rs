//! Tags and policies of tables: what is asked for by ARN.

use tidegate_api_dynamodb::{
    DeleteResourcePolicyInput, DeleteResourcePolicyOutput, GetResourcePolicyInput, GetResourcePolicyOutput,
    ListTagsOfResourceInput, ListTagsOfResourceOutput, PutResourcePolicyInput, PutResourcePolicyOutput, Tag,
    TagResourceInput, UntagResourceInput,
};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::table_records::change;
use crate::domain::{Misuse, Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::tables;

fn address(dynamodb: &DynamoDb, call: &Call, arn: Option<&str>) -> Result<TableAddress, Error> {
    let arn = arn.unwrap_or_default();
    if !arn.starts_with("arn:") {
        return Err(Misuse::new(format!("Invalid TableArn: Invalid ResourceArn provided as input {arn}")).into());
    }
    dynamodb
        .address(call, Some(arn))
        .map_err(|_| Misuse::new(format!("Invalid TableArn: Invalid ResourceArn provided as input {arn}")).into())
}

fn missing_as_resource(error: Error, address: &TableAddress) -> Error {
    match error {
        Error::NoTableNamed(_) => Error::NoSuchResource { arn: address.to_string() },
        other => other,
    }
}

/// Adds tags to a table, or changes their values.
pub(crate) async fn tag_resource(dynamodb: &DynamoDb, call: &Call, input: TagResourceInput) -> Result<(), Error> {
    let address = &address(dynamodb, call, input.resource_arn.as_deref())?;
    let tags = &tables::tags(input.tags.unwrap_or_default())?;
    change(dynamodb, address, async |_: &mut Tx, table: &mut Table| {
        table.tags.extend(tags.clone());
        Ok(tables::check_tag_count(table.tags.len())?)
    })
    .await
    .map_err(|error| missing_as_resource(error, address))?;
    Ok(())
}

/// Removes tags from a table.
pub(crate) async fn untag_resource(dynamodb: &DynamoDb, call: &Call, input: UntagResourceInput) -> Result<(), Error> {
    let address = &address(dynamodb, call, input.resource_arn.as_deref())?;
    let names = &input.tag_keys.unwrap_or_default();
    change(dynamodb, address, async |_: &mut Tx, table: &mut Table| {
        table.tags.retain(|name, _| !names.contains(name));
        Ok(())
    })
    .await
    .map_err(|error| missing_as_resource(error, address))?;
    Ok(())
}

/// The tags of a table, all on one page: there are at most fifty.
pub(crate) async fn list_tags_of_resource(
    dynamodb: &DynamoDb,
    call: &Call,
    input: ListTagsOfResourceInput,
) -> Result<ListTagsOfResourceOutput, Error> {
    let address = address(dynamodb, call, input.resource_arn.as_deref())?;
    let missing = || Error::NoSuchResource { arn: address.to_string() };
    let known = dynamodb.directory.get(&address)?.ok_or_else(missing)?;
    let tag = |(key, value): (&String, &String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    Ok(ListTagsOfResourceOutput { tags: Some(known.table.tags.iter().map(tag).collect()), next_token: None })
}

/// The policy of a table.
pub(crate) async fn get_resource_policy(
    dynamodb: &DynamoDb,
    call: &Call,
    input: GetResourcePolicyInput,
) -> Result<GetResourcePolicyOutput, Error> {
    let address = address(dynamodb, call, input.resource_arn.as_deref())?;
    let missing = || Error::NoSuchResource { arn: address.to_string() };
    let known = dynamodb.directory.get(&address)?.ok_or_else(missing)?;
    let (policy, revision) = known.table.policy.clone().ok_or_else(|| Error::NoPolicy { arn: address.to_string() })?;
    Ok(GetResourcePolicyOutput { policy: Some(policy), revision_id: Some(revision) })
}

/// Sets the policy of a table.
pub(crate) async fn put_resource_policy(
    dynamodb: &DynamoDb,
    call: &Call,
    input: PutResourcePolicyInput,
) -> Result<PutResourcePolicyOutput, Error> {
    let address = &address(dynamodb, call, input.resource_arn.as_deref())?;
    let revision = &dynamodb.now().as_millis().to_string();
    let (policy, expected) = (&input.policy.unwrap_or_default(), &input.expected_revision_id);
    tables::check_policy(policy)?;
    change(dynamodb, address, async |_: &mut Tx, table: &mut Table| {
        check_revision(table, expected.as_deref(), address)?;
        table.policy = Some((policy.clone(), revision.clone()));
        Ok(())
    })
    .await
    .map_err(|error| missing_as_resource(error, address))?;
    Ok(PutResourcePolicyOutput { revision_id: Some(revision.clone()) })
}

/// Removes the policy of a table.
pub(crate) async fn delete_resource_policy(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DeleteResourcePolicyInput,
) -> Result<DeleteResourcePolicyOutput, Error> {
    let address = &address(dynamodb, call, input.resource_arn.as_deref())?;
    let expected = &input.expected_revision_id;
    change(dynamodb, address, async |_: &mut Tx, table: &mut Table| {
        check_revision(table, expected.as_deref(), address)?;
        table.policy = None;
        Ok(())
    })
    .await
    .map_err(|error| missing_as_resource(error, address))?;
    Ok(DeleteResourcePolicyOutput::default())
}

fn check_revision(table: &Table, expected: Option<&str>, address: &TableAddress) -> Result<(), Error> {
    let found = table.policy.as_ref().map(|(_, revision)| revision.as_str());
    match expected {
        None => Ok(()),
        Some("NO_POLICY") if found.is_none() => Ok(()),
        Some(revision) if found == Some(revision) => Ok(()),
        Some(_) => Err(Error::NoPolicy { arn: address.to_string() }),
    }
}
