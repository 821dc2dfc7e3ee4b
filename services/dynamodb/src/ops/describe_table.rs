use tidegate_api_dynamodb::{DescribeTableInput, DescribeTableOutput};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order, Page, Space};

use crate::domain::{Table, item_size};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::Place;
use crate::store::{ItemRecord, decode};
use crate::wire::{Measure, tables};

/// How many items are counted for a description. AWS counts every six hours; a count that is right
/// for small tables at once is worth more to a test, and one of a large table would cost too much.
const MAX_COUNTED: usize = 10_000;

/// Describes a table.
pub(crate) async fn describe_table(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeTableInput,
) -> Result<DescribeTableOutput, Error> {
    let address = dynamodb.address(call, input.table_name.as_deref())?;
    let missing = || Error::NoTableNamed(address.name.clone());
    let known = dynamodb.directory.get(&address)?.ok_or_else(missing)?;
    let measure = measure(dynamodb, &known.table).await?;
    let description = tables::description(&known.address, &known.table, "ACTIVE", measure);
    Ok(DescribeTableOutput { table: Some(description) })
}

async fn measure(dynamodb: &DynamoDb, table: &Table) -> Result<Measure, Error> {
    let range = KeyRange::prefix(&Place::Items(table.id).all());
    let entries = dynamodb.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(MAX_COUNTED)).await?;
    let mut measure = Measure::default();
    for entry in &entries {
        let item: ItemRecord = decode(&entry.key, &entry.record)?;
        measure.items += 1;
        measure.bytes += i64::try_from(item_size(&item.0)).unwrap_or(i64::MAX);
    }
    Ok(measure)
}
