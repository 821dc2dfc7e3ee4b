use tidegate_api_logs::{ListLogGroupsRequest, ListLogGroupsResponse};
use tidegate_protocol::Call;

use crate::domain::AccountPolicyKind;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::Group;
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
    let is_tagged = |group: &Group| {
        let wanted = input.log_group_tags.iter().flatten();
        wanted.into_iter().all(|filter| {
            let tag = group.record.tags.get(filter.key.as_deref().unwrap_or_default());
            let values = filter.values.as_deref().unwrap_or_default();
            tag.is_some_and(|tag| values.is_empty() || values.iter().any(|value| is_like(tag, value)))
        })
    };
    let indexes = |group: &Group, name: &String| {
        let of_account = group.policies(AccountPolicyKind::FieldIndex);
        let fields = match group.indexed_fields() {
            [] => of_account.first().map_or(&[][..], |(_, policy)| policy.fields()),
            own => own,
        };
        fields.iter().any(|field| field.name == *name)
    };
    let own = call.account.to_string();
    let is_asked = input.account_identifiers.as_ref().is_none_or(|all| all.is_empty() || all.contains(&own));
    // No group here has a data source.
    let is_any = is_asked && input.data_sources.is_none();
    groups.retain(|group| {
        let is_indexed = input.field_index_names.iter().flatten().all(|name| indexes(group, name));
        is_any && is_tagged(group) && is_indexed
    });
    let next_token = paging.cut(&mut groups, |group| group.address.name.clone());
    Ok(ListLogGroupsResponse { log_groups: Some(groups.iter().map(wire::group_summary).collect()), next_token })
}

/// Whether a tag has a value: `!` in front turns it round, `*` at an end stands for anything.
fn is_like(tag: &str, wanted: &str) -> bool {
    let (wanted, negated) = wanted.strip_prefix('!').map_or((wanted, false), |rest| (rest, true));
    let found = match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(_), Some(_)) => tag.contains(wanted.trim_matches('*')),
        (Some(end), None) => tag.ends_with(end),
        (None, Some(start)) => tag.starts_with(start),
        (None, None) => tag == wanted,
    };
    found != negated
}
