use tidegate_api_logs::{ListLogGroupsRequest, ListLogGroupsResponse};
use tidegate_protocol::Call;

use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::wire::{self, Paging};

/// The caller's groups, in short. The pattern is up to five parts of names, each at the beginning if it
/// begins with `^`.
pub(crate) async fn list_log_groups(
    service: &CloudWatchLogs,
    call: &Call,
    input: ListLogGroupsRequest,
) -> Result<ListLogGroupsResponse, Error> {
    let paging = Paging::new(input.limit, 50, input.next_token.as_deref())?;
    let class = input.log_group_class.as_deref().map(wire::class);
    let pattern = input.log_group_name_pattern;
    let is_named = |name: &str| {
        pattern.as_deref().is_none_or(|pattern| {
            pattern.split('|').any(|part| match part.strip_prefix('^') {
                Some(prefix) => name.starts_with(prefix),
                None => name.contains(part),
            })
        })
    };
    let mut groups = service.directory.of_account(call.account, &call.region, paging.after()?)?;
    groups.retain(|group| is_named(&group.address.name) && class.is_none_or(|class| class == group.record.class));
    let next_token = paging.cut(&mut groups, |group| group.address.name.clone());
    Ok(ListLogGroupsResponse { log_groups: Some(groups.iter().map(wire::group_summary).collect()), next_token })
}
