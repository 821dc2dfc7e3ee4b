use tidegate_api_logs::DeleteLogStreamRequest;
use tidegate_log::{LogError, LogId, drop_in_tx};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{GarbageRecord, GroupId, StreamRecord, decode, keys};

/// Deletes a stream with its events.
pub(crate) async fn delete_log_stream(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteLogStreamRequest,
) -> Result<(), Error> {
    let group = service.group(call, input.log_group_name, None)?.id();
    let name = &input.log_stream_name.unwrap_or_default();
    service
        .transact(&[keys::group_size(group)], async |tx: &mut Tx| {
            let key = keys::stream(group, name);
            let record = tx.get(Space::Map, &key).await?.ok_or(Error::NoSuchStream)?;
            let stream: StreamRecord = decode(Space::Map, &key, &record)?;
            delete_stream_in_tx(tx, group, name, &stream).await?;
            tx.put(Space::Map, keys::stream_garbage(stream.id), GarbageRecord { group }.encode());
            Ok(())
        })
        .await?;
    service.garbage_left.give();
    Ok(())
}

/// Removes a stream and its log. What points at its events from the indexes is left for the sweep.
pub(crate) async fn delete_stream_in_tx(
    tx: &mut Tx,
    group: GroupId,
    name: &str,
    stream: &StreamRecord,
) -> Result<(), Error> {
    match drop_in_tx(tx, LogId(stream.id.0)).await {
        Ok(()) | Err(LogError::NoSuchLog(_)) => {}
        Err(error) => return Err(error.into()),
    }
    tx.delete(Space::Map, keys::stream(group, name));
    tx.delete(Space::Map, keys::stream_by_time(group, stream.last_ms(), name));
    Ok(())
}
