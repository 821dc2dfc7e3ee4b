use tidegate_api_logs::{GetQueryResultsRequest, GetQueryResultsResponse};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order, Page, Snapshot, Space};

use super::query_key;
use crate::domain::{QueryRefused, QueryState};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{QueryKey, QueryRecord, ResultPageRecord, corrupt, decode, keys};
use crate::wire;

/// The most rows of one answer.
const MAX_ROWS: usize = 10_000;
/// The most bytes of one answer's values; a token leads to the rest.
const MAX_BYTES: usize = 16 * 1024 * 1024;

type Row = Vec<(String, String)>;

/// How a query stands, and its rows once it has ended.
pub(crate) async fn get_query_results(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetQueryResultsRequest,
) -> Result<GetQueryResultsResponse, Error> {
    let key = query_key(call, input.query_id);
    // Asked before the record: between the two a query may end, but not begin anew.
    let progress = service.board.progress(&key);
    let snapshot = service.store.snapshot()?;
    let place = keys::query(&key);
    let found = snapshot.get(Space::Map, &place).await?;
    let found = found.ok_or_else(|| QueryRefused::NoSuchQuery(key.id.clone()))?;
    let record: QueryRecord = decode(Space::Map, &place, &found)?;
    let from = match &input.next_token {
        Some(token) => token.parse().map_err(|_| Error::InvalidToken)?,
        None => 0,
    };
    let most = wire::count(input.max_items, MAX_ROWS).min(MAX_ROWS);
    let (rows, next) = match record.state {
        QueryState::Complete => rows(&*snapshot, &key, from, most).await?,
        QueryState::Unfinished | QueryState::Failed | QueryState::Cancelled | QueryState::TimedOut => {
            (Vec::new(), None)
        }
    };
    let scanned = match record.state {
        QueryState::Unfinished => progress.unwrap_or_default().scanned,
        _ => record.scanned,
    };
    Ok(GetQueryResultsResponse {
        query_language: Some(wire::LANGUAGE.to_owned()),
        results: Some(rows.into_iter().map(wire::row).collect()),
        statistics: Some(wire::statistics(scanned, record.groups.len())),
        status: Some(wire::status(record.state, progress).to_owned()),
        encryption_key: None,
        next_token: next.map(|next| next.to_string()),
    })
}

/// Rows from one on, and the number of the first that is left.
async fn rows(
    snapshot: &dyn Snapshot,
    query: &QueryKey,
    from: u64,
    most: usize,
) -> Result<(Vec<Row>, Option<u64>), Error> {
    let pages = keys::result_pages(&query.id);
    // The page that the first row is on is the last that begins at it or before.
    let mut range = KeyRange::between(pages.clone(), keys::result_page(&query.id, from.saturating_add(1)));
    let first = snapshot.scan(Space::Map, &range, Order::Descending, Page::of(1)).await?.pop();
    range = KeyRange::prefix(&pages);
    range.start = first.map_or(range.start, |entry| entry.key);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    loop {
        let Some(entry) = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1)).await?.pop() else {
            return Ok((rows, None));
        };
        let begin = keys::read_number(&entry.key, &pages).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        let page: ResultPageRecord = decode(Space::Map, &entry.key, &entry.record)?;
        for (number, row) in (begin..).zip(page.rows).filter(|(number, _)| *number >= from) {
            if rows.len() >= most || bytes > MAX_BYTES {
                return Ok((rows, Some(number)));
            }
            bytes += row.iter().map(|(field, value)| field.len() + value.len()).sum::<usize>();
            rows.push(row);
        }
        range.start = crate::store::behind(&entry.key);
    }
}
