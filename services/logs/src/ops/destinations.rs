//! Destinations: names by which subscription filters, also of other accounts, reach a target.

use tidegate_api_logs::{
    DeleteDestinationRequest, DescribeDestinationsRequest, DescribeDestinationsResponse, PutDestinationPolicyRequest,
    PutDestinationRequest, PutDestinationResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::{AccountId, Arn, Region};

use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{DestinationRecord, behind, corrupt, decode, keys};
use crate::wire::{self, Paging};

/// A destination, if it is there.
pub(crate) async fn read_destination(
    service: &CloudWatchLogs,
    account: AccountId,
    region: &Region,
    name: &str,
) -> Result<Option<DestinationRecord>, Error> {
    let key = keys::destination(account, region, name);
    let record = service.store.snapshot()?.get(Space::Map, &key).await?;
    Ok(record.map(|record| decode(Space::Map, &key, &record)).transpose()?)
}

/// Changes a destination.
pub(crate) async fn change_destination(
    service: &CloudWatchLogs,
    account: AccountId,
    region: &Region,
    name: &str,
    change: impl Fn(&mut DestinationRecord) -> Result<(), Error>,
) -> Result<(), Error> {
    let (key, change) = (&keys::destination(account, region, name), &change);
    service
        .transact(&[], async |tx: &mut Tx| {
            let record = tx.get(Space::Map, key).await?.ok_or(Error::NoSuchDestination)?;
            let mut destination: DestinationRecord = decode(Space::Map, key, &record)?;
            change(&mut destination)?;
            tx.put(Space::Map, key.clone(), destination.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

/// Creates or changes a destination.
pub(crate) async fn put_destination(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutDestinationRequest,
) -> Result<PutDestinationResponse, Error> {
    let name = input.destination_name.unwrap_or_default();
    let target = input.target_arn.unwrap_or_default();
    if target.parse::<Arn>().is_err() {
        return Err(Error::invalid("Invalid target Arn"));
    }
    let fresh = &DestinationRecord {
        target,
        role: input.role_arn.unwrap_or_default(),
        policy: None,
        created_at: service.now(),
        tags: input.tags.unwrap_or_default(),
    };
    let key = &keys::destination(call.account, &call.region, &name);
    let written = service.transact(&[], async |tx: &mut Tx| {
        let destination = match tx.get(Space::Map, key).await? {
            Some(record) => {
                let before: DestinationRecord = decode(Space::Map, key, &record)?;
                DestinationRecord { target: fresh.target.clone(), role: fresh.role.clone(), ..before }
            }
            None => fresh.clone(),
        };
        tx.put(Space::Map, key.clone(), destination.encode());
        Ok(destination)
    });
    let destination = written.await?.value;
    Ok(PutDestinationResponse { destination: Some(wire::destination(call.account, &call.region, name, destination)) })
}

/// Says who may send to a destination.
pub(crate) async fn put_destination_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutDestinationPolicyRequest,
) -> Result<(), Error> {
    let policy = input.access_policy.unwrap_or_default();
    if !wire::is_json_object(&policy) {
        return Err(Error::invalid("Invalid policy document"));
    }
    let name = input.destination_name.unwrap_or_default();
    change_destination(service, call.account, &call.region, &name, |destination| {
        destination.policy = Some(policy.clone());
        Ok(())
    })
    .await
}

/// Deletes a destination. Filters that were made for it keep its target.
pub(crate) async fn delete_destination(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteDestinationRequest,
) -> Result<(), Error> {
    let key = &keys::destination(call.account, &call.region, &input.destination_name.unwrap_or_default());
    service
        .transact(&[], async |tx: &mut Tx| {
            tx.get(Space::Map, key).await?.ok_or(Error::NoSuchDestination)?;
            tx.delete(Space::Map, key.clone());
            Ok(())
        })
        .await?;
    Ok(())
}

/// The caller's destinations, by name.
pub(crate) async fn describe_destinations(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeDestinationsRequest,
) -> Result<DescribeDestinationsResponse, Error> {
    let paging = Paging::new(input.limit, 50, input.next_token.as_deref())?;
    let all = keys::destinations(call.account, &call.region);
    let prefix =
        keys::destinations_with_prefix(call.account, &call.region, &input.destination_name_prefix.unwrap_or_default());
    let mut range = KeyRange::prefix(&prefix);
    if let Some(after) = paging.after()? {
        range.start = range.start.max(behind(&keys::destination(call.account, &call.region, after)));
    }
    let entries = match range.is_empty() {
        true => Vec::new(),
        false => service.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(paging.max + 1)).await?,
    };
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = keys::read_name(&entry.key, &all).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        let destination: DestinationRecord = decode(Space::Map, &entry.key, &entry.record)?;
        found.push((name, destination));
    }
    let next_token = paging.cut(&mut found, |(name, _)| name.clone());
    let shown = found.into_iter().map(|(name, found)| wire::destination(call.account, &call.region, name, found));
    Ok(DescribeDestinationsResponse { destinations: Some(shown.collect()), next_token })
}
