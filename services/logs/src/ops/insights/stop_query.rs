use tidegate_api_logs::{StopQueryRequest, StopQueryResponse};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::query_key;
use crate::domain::{QueryRefused, QueryState};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{QueryRecord, decode, keys};

/// Ends a query that has not ended by itself.
pub(crate) async fn stop_query(
    service: &CloudWatchLogs,
    call: &Call,
    input: StopQueryRequest,
) -> Result<StopQueryResponse, Error> {
    let query = &query_key(call, input.query_id);
    let key = &keys::query(query);
    let now = service.now();
    let scanned = service.board.progress(query).unwrap_or_default().scanned;
    service
        .transact(&[], async |tx: &mut Tx| {
            let found = tx.get(Space::Map, key).await?;
            let found = found.ok_or_else(|| QueryRefused::NoSuchQuery(query.id.clone()))?;
            let record: QueryRecord = decode(Space::Map, key, &found)?;
            if record.state != QueryState::Unfinished {
                return Err(QueryRefused::NotRunning.into());
            }
            let stopped = QueryRecord { state: QueryState::Cancelled, ended_at: Some(now), scanned, ..record };
            tx.put(Space::Map, key.clone(), stopped.encode());
            Ok(())
        })
        .await?;
    service.board.remove(query);
    Ok(StopQueryResponse { success: Some(true) })
}
