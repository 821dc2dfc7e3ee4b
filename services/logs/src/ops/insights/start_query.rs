use std::collections::BTreeSet;

use tidegate_api_logs::{StartQueryRequest, StartQueryResponse};
use tidegate_insights::{DEFAULT_LIMIT, Lookup, Query, Reading, Source};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, StoreError, Tx};
use tidegate_types::{AccountId, Region};

use super::query_key;
use crate::domain::{GroupAddress, GroupReference, QueryRefused, QueryState, begin_ms, end_ms};
use crate::error::Error;
use crate::ops::kept::read;
use crate::service::CloudWatchLogs;
use crate::store::{Group, GroupClass, LookupTableRecord, QueryRecord, Scanned, keys};
use crate::wire::{self, LANGUAGE};

/// The most groups of one query.
const MAX_GROUPS: usize = 50;
/// The most groups that a query chooses by itself, all of its readings together: its record has them.
const MAX_SOURCE_GROUPS: usize = 10_000;
/// The most queries of an account in a region that have not ended.
const MAX_UNFINISHED: usize = 100;

/// Notes a query and answers its id; it is run beside the requests.
pub(crate) async fn start_query(
    service: &CloudWatchLogs,
    call: &Call,
    input: StartQueryRequest,
) -> Result<StartQueryResponse, Error> {
    if input.query_language.as_deref().is_some_and(|language| language != LANGUAGE) {
        return Err(Error::NotImplemented("StartQuery in SQL or PPL"));
    }
    let text = input.query_string.clone().unwrap_or_default();
    let parsed = Query::parse(&text).map_err(QueryRefused::from)?;
    let (from, to) = (input.start_time.unwrap_or(0), input.end_time.unwrap_or(0));
    let (from_ms, to_ms) = (begin_ms(from), end_ms(to));
    if from_ms >= to_ms {
        return Err(Error::invalid("The start time of the query must not be after its end time."));
    }
    let limit = input.limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT as u32);
    tables_are_known(service, call, parsed.lookups()).await?;
    let mut left = MAX_SOURCE_GROUPS;
    let groups = match parsed.source() {
        Some(source) => {
            names_no_groups(&input)?;
            chosen(service, call, source, &mut left)?
        }
        None => groups(service, call, input)?,
    };
    let others = |reading: Reading<'_>| match reading.source.filter(|source| Some(*source) != parsed.source()) {
        Some(source) => chosen(service, call, source, &mut left).map(addresses),
        None => Ok(Vec::new()),
    };
    let chosen = parsed.readings().into_iter().map(others).collect::<Result<_, Error>>()?;
    // No event can be as early as the range ends: before every group was, or behind its retention.
    let now = service.now();
    let earliest = |group: &Group| group.record.created_at.as_millis().max(group.record.cutoff_ms(now));
    if groups.iter().map(earliest).min().is_some_and(|earliest| to_ms <= earliest) {
        return Err(QueryRefused::TooEarly { from, to }.into());
    }
    if service.board.count(call.account, &call.region) >= MAX_UNFINISHED {
        return Err(QueryRefused::TooMany(MAX_UNFINISHED).into());
    }
    let query = &QueryRecord {
        text,
        groups: addresses(groups),
        chosen,
        from_ms,
        to_ms,
        limit,
        owner: call.caller.principal_arn.clone(),
        created_at: now,
        state: QueryState::Unfinished,
        ended_at: None,
        scanned: Scanned::default(),
    };
    let key = query_key(call, Some(service.env.uuid().to_string()));
    let place = &keys::query(&key);
    service
        .transact(&[], async |tx: &mut Tx| {
            tx.put(Space::Map, place.clone(), query.encode());
            Ok(())
        })
        .await?;
    let query_id = Some(key.id.clone());
    service.board.add(key);
    service.queries_due.give();
    Ok(StartQueryResponse { query_id })
}

fn addresses(groups: Vec<Group>) -> Vec<GroupAddress> {
    groups.into_iter().map(|group| group.address).collect()
}

/// Refuses groups beside a query that names its own.
fn names_no_groups(input: &StartQueryRequest) -> Result<(), Error> {
    if input.log_group_name.is_some() || input.log_group_names.is_some() || input.log_group_identifiers.is_some() {
        return Err(Error::invalid("Log groups cannot be specified together with the SOURCE command."));
    }
    Ok(())
}

/// The groups that a `SOURCE` chooses, of as many as are `left`. One that it names must be there.
fn chosen(service: &CloudWatchLogs, call: &Call, source: &Source, left: &mut usize) -> Result<Vec<Group>, Error> {
    let groups = chosen_groups(service, call.account, &call.region, source)?;
    let is_there = |address: &GroupAddress| groups.binary_search_by(|group| group.address.cmp(address)).is_ok();
    for name in &source.names {
        if !GroupReference(name.clone()).resolve(call.account, &call.region).is_some_and(|address| is_there(&address)) {
            let account = call.account.to_string();
            return Err(QueryRefused::NoSuchGroup { name: name.clone(), account }.into());
        }
    }
    *left = left.checked_sub(groups.len()).filter(|_| !groups.is_empty()).ok_or_else(|| {
        Error::invalid(format!("The SOURCE command must choose between 1 and {MAX_SOURCE_GROUPS} log groups."))
    })?;
    Ok(groups)
}

/// Refuses a `lookup` in a table, or of a column, that is not there.
async fn tables_are_known(service: &CloudWatchLogs, call: &Call, lookups: &[Lookup]) -> Result<(), Error> {
    for lookup in lookups {
        let table = read::<LookupTableRecord>(service, call.account, &call.region, &lookup.table).await?;
        if let Some(column) = lookup.on.iter().chain(&lookup.output).find(|column| !table.columns.contains(column)) {
            return Err(Error::invalid(format!("The lookup table {} has no field {column}.", lookup.table)));
        }
    }
    Ok(())
}

/// The groups that a `SOURCE` chooses, in order of name.
pub(crate) fn chosen_groups(
    service: &CloudWatchLogs,
    account: AccountId,
    region: &Region,
    source: &Source,
) -> Result<Vec<Group>, StoreError> {
    if !source.names.is_empty() {
        let resolved = source.names.iter().filter_map(|name| GroupReference(name.clone()).resolve(account, region));
        let named: BTreeSet<_> = resolved.filter(|one| one.account == account && one.region == *region).collect();
        return named.iter().filter_map(|address| service.directory.get(address).transpose()).collect();
    }
    let own = account.to_string();
    let mut groups = service.directory.of_account(account, region, None)?;
    groups.retain(|group| {
        let is_named = |prefix: &String| group.address.name.starts_with(prefix.as_str());
        let of_class = match source.classes.as_slice() {
            [] => group.record.class == GroupClass::Standard,
            classes => classes.iter().any(|class| wire::class(class) == group.record.class),
        };
        let of_account = source.accounts.is_empty() || source.accounts.contains(&own);
        of_class && of_account && (source.prefixes.is_empty() || source.prefixes.iter().any(is_named))
    });
    Ok(groups)
}

/// The groups that a request names in exactly one of three ways.
fn groups(service: &CloudWatchLogs, call: &Call, input: StartQueryRequest) -> Result<Vec<Group>, Error> {
    let own = |name: String| GroupAddress { account: call.account, region: call.region.clone(), name };
    let no_such = |name: &str| QueryRefused::NoSuchGroup { name: name.to_owned(), account: call.account.to_string() };
    let addresses = match (input.log_group_name, input.log_group_names, input.log_group_identifiers) {
        (Some(name), None, None) => vec![own(name)],
        (None, Some(names), None) => names.into_iter().map(own).collect(),
        (None, None, Some(identifiers)) => {
            let resolved = |identifier: String| {
                let address = GroupReference(identifier.clone()).resolve(call.account, &call.region);
                address.filter(|address| address.account == call.account).ok_or_else(|| no_such(&identifier))
            };
            identifiers.into_iter().map(resolved).collect::<Result<_, _>>()?
        }
        _ => {
            let words = "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.";
            return Err(Error::invalid(words));
        }
    };
    if addresses.is_empty() || addresses.len() > MAX_GROUPS {
        return Err(Error::invalid(format!("A query must name between 1 and {MAX_GROUPS} log groups.")));
    }
    let mut groups: Vec<Group> = Vec::with_capacity(addresses.len());
    for address in addresses {
        let group = service.directory.get(&address)?.ok_or_else(|| no_such(&address.name))?;
        if groups.iter().all(|known| known.address != group.address) {
            groups.push(group);
        }
    }
    Ok(groups)
}
