use tidegate_api_logs::DeleteLogGroupRequest;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use super::read_group;
use crate::domain::GroupAddress;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{GarbageRecord, keys};

/// The most filters that one group has, with room to spare.
const FILTERS: usize = 1000;

/// Deletes a group with everything in it. Costs the same however much there is: the sweep reclaims it.
pub(crate) async fn delete_log_group(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteLogGroupRequest,
) -> Result<(), Error> {
    delete_group(service, &service.address(call, input.log_group_name, None)?, false).await
}

/// Deletes a group, `force` even one that is protected.
pub(crate) async fn delete_group(service: &CloudWatchLogs, address: &GroupAddress, force: bool) -> Result<(), Error> {
    service
        .transact(&[], async |tx: &mut Tx| {
            let group = read_group(tx, address).await?.ok_or(Error::NoSuchGroup)?;
            if group.is_protected && !force {
                return Err(Error::GroupIsProtected);
            }
            for filters in [keys::subscriptions(group.id), keys::metric_filters(group.id), keys::rules(group.id)] {
                let range = KeyRange::prefix(&filters);
                for filter in tx.scan(Space::Map, &range, Order::Ascending, Page::of(FILTERS)).await? {
                    tx.delete(Space::Map, filter.key);
                }
            }
            tx.delete(Space::Map, keys::group(address));
            tx.put(Space::Map, keys::group_garbage(group.id), GarbageRecord { group: group.id }.encode());
            Ok(())
        })
        .await?;
    service.garbage_left.give();
    Ok(())
}

/// Deletes every group, policy, destination and query.
pub(crate) async fn delete_everything(service: &CloudWatchLogs) -> Result<(), Error> {
    for group in service.directory.all()? {
        match delete_group(service, &group.address, true).await {
            Ok(()) | Err(Error::NoSuchGroup) => {}
            Err(error) => return Err(error),
        }
    }
    service.board.clear();
    let others = [
        keys::all_policies(),
        keys::all_account_policies(),
        keys::all_destinations(),
        keys::all_exports(),
        keys::everything_kept(),
        keys::insights(),
    ];
    for prefix in others {
        let range = KeyRange::prefix(&prefix);
        loop {
            let range = &range;
            let step = service.transact(&[], async |tx: &mut Tx| {
                let page = tx.scan(Space::Map, range, Order::Ascending, Page::of(FILTERS)).await?;
                page.iter().for_each(|entry| tx.delete(Space::Map, entry.key.clone()));
                Ok(page.is_empty())
            });
            if step.await?.value {
                break;
            }
        }
    }
    Ok(())
}
