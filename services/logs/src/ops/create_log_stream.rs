use tidegate_api_logs::CreateLogStreamRequest;
use tidegate_protocol::Call;
use tidegate_store::{Space, Tx};

use super::appending::create_stream_in_tx;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{StreamId, StreamRecord, keys};

/// Creates a stream.
pub(crate) async fn create_log_stream(
    service: &CloudWatchLogs,
    call: &Call,
    input: CreateLogStreamRequest,
) -> Result<(), Error> {
    let group = &service.group(call, input.log_group_name, None)?;
    let name = &input.log_stream_name.unwrap_or_default();
    let id = StreamId(service.env.random_u64());
    let stream = StreamRecord { id, created_at: service.now(), written: None };
    service
        .transact(&[], async |tx: &mut Tx| {
            if tx.get(Space::Map, &keys::stream(group.id(), name)).await?.is_some() {
                return Err(Error::StreamExists);
            }
            create_stream_in_tx(tx, group, name, stream).await
        })
        .await?;
    Ok(())
}
