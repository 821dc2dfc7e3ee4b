//! Tags of tables, policies of tables and streams: what is asked for by ARN.

use tidegate_api_dynamodb::{
    DeleteResourcePolicyInput, DeleteResourcePolicyOutput, GetResourcePolicyInput, GetResourcePolicyOutput,
    ListTagsOfResourceInput, ListTagsOfResourceOutput, PutResourcePolicyInput, PutResourcePolicyOutput, Tag,
    TagResourceInput, UntagResourceInput,
};
use tidegate_protocol::Call;
use tidegate_store::Tx;
use tidegate_types::Arn;

use super::table_records::change;
use crate::domain::{Misuse, Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::streams::{read_stream_arn, stream_arn};
use crate::wire::tables;

/// The table that an ARN names.
///
/// # Errors
/// A text that is no ARN, and the ARN of something else or of another region.
fn address(dynamodb: &DynamoDb, call: &Call, arn: Option<&str>) -> Result<TableAddress, Misuse> {
    let text = arn.unwrap_or_default();
    if !text.starts_with("arn:") {
        return Err(Misuse::parameter(format!("ARNs must start with 'arn:': {text}")));
    }
    let invalid = || Misuse::new(format!("Invalid TableArn: Invalid ResourceArn provided as input {text}"));
    let arn: Arn = text.parse().map_err(|_| invalid())?;
    let resource = arn.resource.strip_prefix("table/").filter(|_| arn.service == "dynamodb");
    let part = resource.and_then(|resource| resource.split_once('/')).map(|(_, part)| part);
    if resource.is_none() || part.is_some_and(|part| part.starts_with("backup/")) {
        return Err(Misuse::parameter(format!("Provided Arn is not a DynamoDB resource arn: {text}")));
    }
    if part.is_some_and(|part| part.starts_with("index/")) {
        return Err(Misuse::parameter(format!(
            "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {text}"
        )));
    }
    if arn.region.as_ref() != Some(&call.region) {
        return Err(invalid());
    }
    dynamodb.address(call, Some(text)).map_err(|_| invalid())
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
    if tags.is_empty() {
        return Err(Misuse::new("Atleast one Tag needs to be provided as Input.").into());
    }
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
    if names.is_empty() {
        return Err(Misuse::new("Atleast one Tag Key needs to be provided as Input.").into());
    }
    names.iter().try_for_each(|name| tables::check_tag_name(name))?;
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

/// What has a policy: a table, or its stream, which is named by its label.
struct Owner {
    address: TableAddress,
    stream: Option<String>,
    arn: String,
}

impl Owner {
    fn of(dynamodb: &DynamoDb, call: &Call, arn: Option<&str>) -> Result<Owner, Error> {
        if let Some((address, label)) = arn.and_then(read_stream_arn) {
            return Ok(Owner { arn: stream_arn(&address, &label), address, stream: Some(label) });
        }
        let address = address(dynamodb, call, arn)?;
        Ok(Owner { arn: address.to_string(), address, stream: None })
    }

    fn missing(&self) -> Error {
        let table = &self.address.name;
        match &self.stream {
            None => Error::NoTableNamed(table.clone()),
            Some(label) => Error::NoSuchStream(format!(
                "Requested resource not found: Stream: {label} not found for Table: {table}"
            )),
        }
    }

    /// Where a table keeps the policy.
    fn policy<'a>(&self, table: &'a mut Table) -> Result<&'a mut Option<(String, String)>, Error> {
        match &self.stream {
            None => Ok(&mut table.policy),
            Some(label) => {
                let stream = table.stream.as_mut().filter(|stream| stream.label == *label);
                stream.map(|stream| &mut stream.policy).ok_or_else(|| self.missing())
            }
        }
    }

    /// Changes the policy if it is of the revision that is expected.
    async fn change(
        &self,
        dynamodb: &DynamoDb,
        expected: Option<&str>,
        policy: Option<(String, String)>,
    ) -> Result<(), Error> {
        let changed = change(dynamodb, &self.address, async |_: &mut Tx, table: &mut Table| {
            let place = self.policy(table)?;
            let found = place.as_ref().map(|(_, revision)| revision.as_str());
            match expected {
                None => {}
                Some("NO_POLICY") if found.is_none() => {}
                Some(revision) if found == Some(revision) => {}
                Some(_) => return Err(Error::NoPolicy { arn: self.arn.clone() }),
            }
            place.clone_from(&policy);
            Ok(())
        });
        match changed.await {
            Ok(_) => Ok(()),
            Err(Error::NoTableNamed(_)) => Err(self.missing()),
            Err(error) => Err(error),
        }
    }
}

/// The policy of a table or stream.
pub(crate) async fn get_resource_policy(
    dynamodb: &DynamoDb,
    call: &Call,
    input: GetResourcePolicyInput,
) -> Result<GetResourcePolicyOutput, Error> {
    let owner = Owner::of(dynamodb, call, input.resource_arn.as_deref())?;
    let known = dynamodb.directory.get(&owner.address)?.ok_or_else(|| owner.missing())?;
    let policy = owner.policy(&mut known.table.clone())?.clone();
    let (policy, revision) = policy.ok_or_else(|| Error::NoPolicy { arn: owner.arn.clone() })?;
    Ok(GetResourcePolicyOutput { policy: Some(policy), revision_id: Some(revision) })
}

/// Sets the policy of a table or stream.
pub(crate) async fn put_resource_policy(
    dynamodb: &DynamoDb,
    call: &Call,
    input: PutResourcePolicyInput,
) -> Result<PutResourcePolicyOutput, Error> {
    let owner = Owner::of(dynamodb, call, input.resource_arn.as_deref())?;
    let revision = dynamodb.now().as_millis().to_string();
    let policy = input.policy.unwrap_or_default();
    tables::check_policy(&policy)?;
    owner.change(dynamodb, input.expected_revision_id.as_deref(), Some((policy, revision.clone()))).await?;
    Ok(PutResourcePolicyOutput { revision_id: Some(revision) })
}

/// Removes the policy of a table or stream.
pub(crate) async fn delete_resource_policy(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DeleteResourcePolicyInput,
) -> Result<DeleteResourcePolicyOutput, Error> {
    let owner = Owner::of(dynamodb, call, input.resource_arn.as_deref())?;
    owner.change(dynamodb, input.expected_revision_id.as_deref(), None).await?;
    Ok(DeleteResourcePolicyOutput::default())
}
