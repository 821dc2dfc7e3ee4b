use tidegate_api_dynamodb::{CreateTableInput, CreateTableOutput};
use tidegate_log::{LogId, create_in_tx};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;

use crate::domain::{Stream, StreamView, Table, TableAddress, check_table_name};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{Shard, ShardName, StreamRecord, keys};
use crate::wire::{self, tables};

/// Creates a table. It can be used at once.
pub(crate) async fn create_table(
    dynamodb: &DynamoDb,
    call: &Call,
    input: CreateTableInput,
) -> Result<CreateTableOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    check_table_name(&address.name)?;
    let (now, view) = (dynamodb.now(), tables::stream_view(input.stream_specification.as_ref(), true)?);
    let mut table = tables::new_table(input, dynamodb.env.random_u64(), now)?;
    table.stream = view.map(|view| new_stream(dynamodb, view, now));
    let table = &table;
    dynamodb
        .transact(&[], async |tx: &mut Tx| {
            let key = keys::table(address);
            if tx.get(Space::Map, &key).await?.is_some() {
                return Err(Error::TableExists(address.name.clone()));
            }
            start_stream_in_tx(tx, address, table, now);
            tx.put(Space::Map, key, table.encode());
            Ok(())
        })
        .await?;
    let description = tables::description(address, table, "ACTIVE", wire::Measure::default());
    Ok(CreateTableOutput { table_description: Some(description) })
}

/// A stream that begins now.
pub(crate) fn new_stream(dynamodb: &DynamoDb, view: StreamView, now: Timestamp) -> Stream {
    Stream::new(wire::stream_label(now), dynamodb.env.random_u64(), view)
}

/// Enters the stream of a table, if it has one, that is new.
pub(crate) fn start_stream_in_tx(tx: &mut Tx, address: &TableAddress, table: &Table, now: Timestamp) {
    let Some(stream) = &table.stream else { return };
    let log = stream.shards[0].log;
    create_in_tx(tx, LogId(log));
    let name = ShardName { opened_at: now, log };
    let record = StreamRecord {
        shards: vec![Shard { name, parent: None, closed_at: None }],
        view: stream.view,
        keys: table.keys.clone(),
        created_at: now,
        disabled_at: None,
    };
    tx.put(Space::Map, keys::stream(address, &stream.label), record.encode());
}
