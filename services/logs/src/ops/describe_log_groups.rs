use tidegate_api_logs::{DescribeLogGroupsRequest, DescribeLogGroupsResponse};
use tidegate_protocol::Call;
use tidegate_store::Space;

use crate::domain::GroupReference;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{Group, GroupSizeRecord, decode, keys};
use crate::wire::{self, Paging};

/// The caller's groups, by name.
pub(crate) async fn describe_log_groups(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeLogGroupsRequest,
) -> Result<DescribeLogGroupsResponse, Error> {
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        let words = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
        return Err(Error::invalid(words));
    }
    let paging = Paging::new(input.limit, 50, input.next_token.as_deref())?;
    let prefix = input.log_group_name_prefix.unwrap_or_default();
    let pattern = input.log_group_name_pattern.unwrap_or_default().to_lowercase();
    let class = input.log_group_class.as_deref().map(wire::class);
    let named: Option<Vec<_>> = input.log_group_identifiers.map(|identifiers| {
        let address = |identifier| GroupReference(identifier).resolve(call.account, &call.region);
        identifiers.into_iter().map(address).collect()
    });
    let is_wanted = |group: &Group| {
        let name = &group.address.name;
        name.starts_with(&prefix)
            && name.to_lowercase().contains(&pattern)
            && class.is_none_or(|class| class == group.record.class)
            && named.as_ref().is_none_or(|named| named.contains(&Some(group.address.clone())))
    };
    let mut groups = service.directory.of_account(call.account, &call.region, paging.after()?)?;
    groups.retain(is_wanted);
    let next_token = paging.cut(&mut groups, |group| group.address.name.clone());
    let mut shown = Vec::with_capacity(groups.len());
    for group in groups {
        let bytes = stored_bytes(service, &group).await?;
        shown.push(wire::group(&group, bytes));
    }
    Ok(DescribeLogGroupsResponse { log_groups: Some(shown), next_token })
}

async fn stored_bytes(service: &CloudWatchLogs, group: &Group) -> Result<u64, Error> {
    let key = keys::group_size(group.id());
    let record = service.store.snapshot()?.get(Space::Map, &key).await?;
    let size = record.map(|record| decode::<GroupSizeRecord>(Space::Map, &key, &record)).transpose()?;
    Ok(size.unwrap_or_default().bytes)
}
