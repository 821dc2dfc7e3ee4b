use tidegate_api_dynamodb::{DescribeTableInput, DescribeTableOutput};
use tidegate_protocol::Call;

use super::counting::counted;
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::tables;

/// Describes a table.
pub(crate) async fn describe_table(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeTableInput,
) -> Result<DescribeTableOutput, Error> {
    let address = dynamodb.address(call, input.table_name.as_deref())?;
    let missing = || Error::NoTableNamed(address.name.clone());
    let known = dynamodb.directory.get(&address)?.ok_or_else(missing)?;
    let counted = counted(dynamodb, &known.table).await?;
    let description = tables::description(&known.address, &known.table, "ACTIVE", counted);
    Ok(DescribeTableOutput { table: Some(description) })
}
