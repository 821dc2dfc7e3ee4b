//! Where everything of CloudWatch Logs lies.
//!
//! | space | key | record |
//! |---|---|---|
//! | map | `Logs 1 1 account region name` | [`crate::store::GroupRecord`] |
//! | map | `Logs 1 2 group name` | [`crate::store::SubscriptionRecord`] |
//! | map | `Logs 1 3 group name` | [`crate::store::MetricFilterRecord`] |
//! | map | `Logs 1 4 group kind` | [`crate::store::RuleRecord`] |
//! | map | `Logs 1 5 account region kind name` | [`crate::store::AccountPolicyRecord`] |
//! | map | `Logs 2 group name` | [`crate::store::StreamRecord`] |
//! | map | `Logs 3 group time name` | nothing: a stream by the time of its last event, 0 without one |
//! | map | `Logs 4 group` | [`crate::store::GroupSizeRecord`] |
//! | map | `Logs 5 account region name` | [`crate::store::PolicyRecord`] |
//! | map | `Logs 6 account region name` | [`crate::store::DestinationRecord`] |
//! | map | `Logs 7 group` | [`crate::store::GarbageRecord`]: a group that was deleted |
//! | map | `Logs 8 stream` | [`crate::store::GarbageRecord`]: a stream that was deleted |
//! | map | `Logs 9 account region id` | [`crate::store::ExportRecord`] |
//! | map | `Logs 10 kind account region name` | one of [`crate::store::Kept`] |
//! | map | `Logs 64 1 account region id` | [`crate::store::QueryDefinitionRecord`] |
//! | map | `Logs 64 2 account region id` | [`crate::store::QueryRecord`] |
//! | map | `Logs 64 3 query row` | [`crate::store::ResultPageRecord`]: rows of an answer from that row on |
//! | log | `Logs 1 group time position` | [`crate::store::IndexRecord`]: a chunk by its last event |
//! | log | `Logs 2 stream time position` | [`crate::store::IndexRecord`]: the same, of one stream |

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};
use tidegate_store::Position;
use tidegate_types::{AccountId, Region};

use super::{GroupId, QueryKey, RuleKind, StreamId};
use crate::domain::{AccountPolicyKind, GroupAddress};

const CATALOGUE: u8 = 1;
const STREAM: u8 = 2;
const STREAM_BY_TIME: u8 = 3;
const GROUP_SIZE: u8 = 4;
const POLICY: u8 = 5;
const DESTINATION: u8 = 6;
const GROUP_GARBAGE: u8 = 7;
const STREAM_GARBAGE: u8 = 8;
const EXPORT: u8 = 9;
const KEPT: u8 = 10;
const INSIGHTS: u8 = 64;

const DEFINITION: u8 = 1;
const QUERY: u8 = 2;
const RESULT_PAGE: u8 = 3;

const GROUP: u8 = 1;
const SUBSCRIPTION: u8 = 2;
const METRIC_FILTER: u8 = 3;
const RULE: u8 = 4;
const ACCOUNT_POLICY: u8 = 5;

const GROUP_INDEX: u8 = 1;
const STREAM_INDEX: u8 = 2;

fn tagged(tag: u8) -> Key {
    Key::new(Root::Logs).u8(tag)
}

/// What a key of the catalogue names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Catalogued {
    /// A group.
    Group(GroupAddress),
    /// A subscription filter of a group.
    Subscription(GroupId, String),
    /// A metric filter of a group.
    MetricFilter(GroupId, String),
    /// A rule of a group.
    Rule(GroupId, RuleKind),
    /// A policy of an account.
    AccountPolicy(AccountId, Region, AccountPolicyKind, String),
}

/// Groups and filters: what is held in memory.
pub fn catalogue() -> Bytes {
    tagged(CATALOGUE).build()
}

/// All groups.
pub fn groups() -> Bytes {
    tagged(CATALOGUE).u8(GROUP).build()
}

/// A group.
pub fn group(address: &GroupAddress) -> Bytes {
    let GroupAddress { account, region, name } = address;
    tagged(CATALOGUE).u8(GROUP).u64(account.as_u64()).text(region.as_str()).text(name).build()
}

/// The subscription filters of a group.
pub fn subscriptions(group: GroupId) -> Bytes {
    tagged(CATALOGUE).u8(SUBSCRIPTION).u64(group.0).build()
}

/// A subscription filter.
pub fn subscription(group: GroupId, name: &str) -> Bytes {
    tagged(CATALOGUE).u8(SUBSCRIPTION).u64(group.0).text(name).build()
}

/// The metric filters of a group.
pub fn metric_filters(group: GroupId) -> Bytes {
    tagged(CATALOGUE).u8(METRIC_FILTER).u64(group.0).build()
}

/// A metric filter.
pub fn metric_filter(group: GroupId, name: &str) -> Bytes {
    tagged(CATALOGUE).u8(METRIC_FILTER).u64(group.0).text(name).build()
}

/// The rules of a group.
pub fn rules(group: GroupId) -> Bytes {
    tagged(CATALOGUE).u8(RULE).u64(group.0).build()
}

/// A rule of a group.
pub fn rule(group: GroupId, kind: RuleKind) -> Bytes {
    tagged(CATALOGUE).u8(RULE).u64(group.0).u8(kind.number()).build()
}

const POLICY_KINDS: [(AccountPolicyKind, u8); 5] = [
    (AccountPolicyKind::DataProtection, 1),
    (AccountPolicyKind::Subscription, 2),
    (AccountPolicyKind::FieldIndex, 3),
    (AccountPolicyKind::Transformer, 4),
    (AccountPolicyKind::MetricExtraction, 5),
];

fn policy_number(kind: AccountPolicyKind) -> u8 {
    let (_, number) = POLICY_KINDS.iter().find(|(own, _)| *own == kind).expect("every kind has a number");
    *number
}

/// All policies of accounts.
pub fn all_account_policies() -> Bytes {
    tagged(CATALOGUE).u8(ACCOUNT_POLICY).build()
}

/// A policy of an account in a region.
pub fn account_policy(account: AccountId, region: &Region, kind: AccountPolicyKind, name: &str) -> Bytes {
    let owner = tagged(CATALOGUE).u8(ACCOUNT_POLICY).u64(account.as_u64()).text(region.as_str());
    owner.u8(policy_number(kind)).text(name).build()
}

/// The policies of one kind of an account in a region.
pub fn account_policies(account: AccountId, region: &Region, kind: AccountPolicyKind) -> Bytes {
    let owner = tagged(CATALOGUE).u8(ACCOUNT_POLICY).u64(account.as_u64()).text(region.as_str());
    owner.u8(policy_number(kind)).build()
}

/// The account and the region with which many keys begin.
fn owner(reader: &mut KeyReader<'_>) -> Result<(AccountId, Region), DecodeError> {
    let malformed = |what| DecodeError::Malformed { at: 0, what };
    let account = format!("{:012}", reader.u64()?);
    let account = account.parse().map_err(|_| malformed("an account of too many digits"))?;
    let region = reader.text()?.parse().map_err(|_| malformed("not a region"))?;
    Ok((account, region))
}

/// What a key of the catalogue names.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_catalogue(key: &[u8]) -> Result<Catalogued, DecodeError> {
    let mut reader = KeyReader::after(key, &catalogue())?;
    let malformed = |what| DecodeError::Malformed { at: 0, what };
    let found = match reader.u8()? {
        GROUP => {
            let (account, region) = owner(&mut reader)?;
            Catalogued::Group(GroupAddress { account, region, name: reader.text()? })
        }
        SUBSCRIPTION => Catalogued::Subscription(GroupId(reader.u64()?), reader.text()?),
        METRIC_FILTER => Catalogued::MetricFilter(GroupId(reader.u64()?), reader.text()?),
        RULE => {
            let group = GroupId(reader.u64()?);
            let kind = RuleKind::of_number(reader.u8()?).ok_or_else(|| malformed("an unknown kind of rule"))?;
            Catalogued::Rule(group, kind)
        }
        ACCOUNT_POLICY => {
            let (account, region) = owner(&mut reader)?;
            let number = reader.u8()?;
            let found = POLICY_KINDS.iter().find(|(_, own)| *own == number);
            let (kind, _) = found.ok_or_else(|| malformed("an unknown kind of policy"))?;
            Catalogued::AccountPolicy(account, region, *kind, reader.text()?)
        }
        _ => return Err(malformed("an unknown kind of record")),
    };
    reader.end()?;
    Ok(found)
}

/// The streams of a group, by name.
pub fn streams(group: GroupId) -> Bytes {
    tagged(STREAM).u64(group.0).build()
}

/// The streams of a group whose names begin so.
pub fn streams_with_prefix(group: GroupId, prefix: &str) -> Bytes {
    tagged(STREAM).u64(group.0).text_prefix(prefix).build()
}

/// All streams of all groups.
pub fn all_streams() -> Bytes {
    tagged(STREAM).build()
}

/// A stream.
pub fn stream(group: GroupId, name: &str) -> Bytes {
    tagged(STREAM).u64(group.0).text(name).build()
}

/// The group and name of a stream's key.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_stream(key: &[u8]) -> Result<(GroupId, String), DecodeError> {
    let mut reader = KeyReader::after(key, &tagged(STREAM).build())?;
    let parts = (GroupId(reader.u64()?), reader.text()?);
    reader.end()?;
    Ok(parts)
}

/// The streams of a group by the time of their last event.
pub fn streams_by_time(group: GroupId) -> Bytes {
    tagged(STREAM_BY_TIME).u64(group.0).build()
}

/// A stream by the time of its last event.
pub fn stream_by_time(group: GroupId, last_ms: Option<u64>, name: &str) -> Bytes {
    tagged(STREAM_BY_TIME).u64(group.0).u64(last_ms.unwrap_or(0)).text(name).build()
}

/// The name of the stream of a key of [`stream_by_time`].
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_stream_by_time(key: &[u8], group: GroupId) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, &streams_by_time(group))?;
    reader.u64()?;
    let name = reader.text()?;
    reader.end()?;
    Ok(name)
}

/// All streams of all groups by the time of their last events.
pub fn all_streams_by_time() -> Bytes {
    tagged(STREAM_BY_TIME).build()
}

/// How much each group holds.
pub fn all_group_sizes() -> Bytes {
    tagged(GROUP_SIZE).build()
}

/// How much a group holds.
pub fn group_size(group: GroupId) -> Bytes {
    tagged(GROUP_SIZE).u64(group.0).build()
}

/// The resource policies of an account in a region.
pub fn policies(account: AccountId, region: &Region) -> Bytes {
    tagged(POLICY).u64(account.as_u64()).text(region.as_str()).build()
}

/// All resource policies.
pub fn all_policies() -> Bytes {
    tagged(POLICY).build()
}

/// All destinations.
pub fn all_destinations() -> Bytes {
    tagged(DESTINATION).build()
}

/// The destinations of an account in a region whose names begin so.
pub fn destinations_with_prefix(account: AccountId, region: &Region, prefix: &str) -> Bytes {
    tagged(DESTINATION).u64(account.as_u64()).text(region.as_str()).text_prefix(prefix).build()
}

/// A resource policy.
pub fn policy(account: AccountId, region: &Region, name: &str) -> Bytes {
    tagged(POLICY).u64(account.as_u64()).text(region.as_str()).text(name).build()
}

/// The destinations of an account in a region.
pub fn destinations(account: AccountId, region: &Region) -> Bytes {
    tagged(DESTINATION).u64(account.as_u64()).text(region.as_str()).build()
}

/// A destination.
pub fn destination(account: AccountId, region: &Region, name: &str) -> Bytes {
    tagged(DESTINATION).u64(account.as_u64()).text(region.as_str()).text(name).build()
}

/// The name in the key of a policy or destination.
///
/// # Errors
/// [`DecodeError::Malformed`] if the key is not below `prefix`.
pub fn read_name(key: &[u8], prefix: &[u8]) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, prefix)?;
    let name = reader.text()?;
    reader.end()?;
    Ok(name)
}

/// Everything that is kept and shown, of all accounts.
pub fn everything_kept() -> Bytes {
    tagged(KEPT).build()
}

/// What of one kind is kept for an account in a region.
pub fn all_kept(kind: u8, account: AccountId, region: &Region) -> Bytes {
    tagged(KEPT).u8(kind).u64(account.as_u64()).text(region.as_str()).build()
}

/// The same, by its name.
pub fn kept(kind: u8, account: AccountId, region: &Region, name: &str) -> Bytes {
    tagged(KEPT).u8(kind).u64(account.as_u64()).text(region.as_str()).text(name).build()
}

/// All exports.
pub fn all_exports() -> Bytes {
    tagged(EXPORT).build()
}

/// The exports of an account in a region.
pub fn exports(account: AccountId, region: &Region) -> Bytes {
    tagged(EXPORT).u64(account.as_u64()).text(region.as_str()).build()
}

/// An export.
pub fn export(account: AccountId, region: &Region, id: &str) -> Bytes {
    tagged(EXPORT).u64(account.as_u64()).text(region.as_str()).text(id).build()
}

/// The owner and id of an export's key.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_export(key: &[u8]) -> Result<(AccountId, Region, String), DecodeError> {
    let mut reader = KeyReader::after(key, &all_exports())?;
    let (account, region) = owner(&mut reader)?;
    let id = reader.text()?;
    reader.end()?;
    Ok((account, region, id))
}

/// All groups that were deleted.
pub fn group_garbages() -> Bytes {
    tagged(GROUP_GARBAGE).build()
}

/// A group that was deleted.
pub fn group_garbage(group: GroupId) -> Bytes {
    tagged(GROUP_GARBAGE).u64(group.0).build()
}

/// All streams that were deleted.
pub fn stream_garbages() -> Bytes {
    tagged(STREAM_GARBAGE).build()
}

/// A stream that was deleted.
pub fn stream_garbage(stream: StreamId) -> Bytes {
    tagged(STREAM_GARBAGE).u64(stream.0).build()
}

/// The number in a key below `prefix`.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_number(key: &[u8], prefix: &[u8]) -> Result<u64, DecodeError> {
    let mut reader = KeyReader::after(key, prefix)?;
    let number = reader.u64()?;
    reader.end()?;
    Ok(number)
}

/// All chunks of all groups.
pub fn all_chunks() -> Bytes {
    tagged(GROUP_INDEX).build()
}

/// All chunks of all streams.
pub fn all_chunks_of_streams() -> Bytes {
    tagged(STREAM_INDEX).build()
}

/// The stream, the time of the last event and the position in a key of any stream's index.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_chunk_of_any_stream(key: &[u8]) -> Result<(u64, u64, Position), DecodeError> {
    let mut reader = KeyReader::after(key, &all_chunks_of_streams())?;
    let parts = (reader.u64()?, reader.u64()?, Position(reader.u64()?));
    reader.end()?;
    Ok(parts)
}

/// Everything by which chunks are found.
pub fn group_index(group: GroupId) -> Bytes {
    tagged(GROUP_INDEX).u64(group.0).build()
}

/// The same for one stream.
pub fn stream_index(stream: StreamId) -> Bytes {
    tagged(STREAM_INDEX).u64(stream.0).build()
}

/// What the position of a chunk with this last event is written behind, below either index.
pub fn at_time(index: Bytes, last_ms: u64) -> Bytes {
    [&index[..], &last_ms.to_be_bytes()].concat().into()
}

/// A chunk's key below an index.
pub fn chunk(index: Bytes, last_ms: u64, position: Position) -> Bytes {
    [&index[..], &last_ms.to_be_bytes(), &position.0.to_be_bytes()].concat().into()
}

/// The time of the last event and the position in a key below `index`.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_chunk(key: &[u8], index: &[u8]) -> Result<(u64, Position), DecodeError> {
    let mut reader = KeyReader::after(key, index)?;
    let parts = (reader.u64()?, Position(reader.u64()?));
    reader.end()?;
    Ok(parts)
}

/// The group, the time of the last event and the position in a key of any group's index.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_any_chunk(key: &[u8]) -> Result<(GroupId, u64, Position), DecodeError> {
    let mut reader = KeyReader::after(key, &all_chunks())?;
    let parts = (GroupId(reader.u64()?), reader.u64()?, Position(reader.u64()?));
    reader.end()?;
    Ok(parts)
}

/// Everything of Insights.
pub fn insights() -> Bytes {
    tagged(INSIGHTS).build()
}

/// The query definitions of an account in a region.
pub fn definitions(account: AccountId, region: &Region) -> Bytes {
    tagged(INSIGHTS).u8(DEFINITION).u64(account.as_u64()).text(region.as_str()).build()
}

/// A query definition.
pub fn definition(account: AccountId, region: &Region, id: &str) -> Bytes {
    tagged(INSIGHTS).u8(DEFINITION).u64(account.as_u64()).text(region.as_str()).text(id).build()
}

/// All queries.
pub fn queries() -> Bytes {
    tagged(INSIGHTS).u8(QUERY).build()
}

/// The queries of an account in a region.
pub fn queries_of(account: AccountId, region: &Region) -> Bytes {
    tagged(INSIGHTS).u8(QUERY).u64(account.as_u64()).text(region.as_str()).build()
}

/// A query.
pub fn query(query: &QueryKey) -> Bytes {
    let QueryKey { account, region, id } = query;
    tagged(INSIGHTS).u8(QUERY).u64(account.as_u64()).text(region.as_str()).text(id).build()
}

/// Which query a key is of.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is another key.
pub fn read_query(key: &[u8]) -> Result<QueryKey, DecodeError> {
    let mut reader = KeyReader::after(key, &queries())?;
    let (account, region) = owner(&mut reader)?;
    let id = reader.text()?;
    reader.end()?;
    Ok(QueryKey { account, region, id })
}

/// The pages of a query's answer.
pub fn result_pages(query: &str) -> Bytes {
    tagged(INSIGHTS).u8(RESULT_PAGE).text(query).build()
}

/// The page of a query's answer that begins with this row.
pub fn result_page(query: &str, row: u64) -> Bytes {
    tagged(INSIGHTS).u8(RESULT_PAGE).text(query).u64(row).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_key;

    #[test]
    fn golden_keys() {
        let (account, region) = (AccountId::DEFAULT, Region::us_east_1());
        let address = GroupAddress { account, region: region.clone(), name: "g".to_owned() };
        let owner = "000000000000000075732d656173742d310001";
        let (one, two) = ("0000000000000001", "0000000000000002");
        let (first, second) = (GroupId(1), StreamId(2));
        assert_key(&format!("170101{owner}670001"), &group(&address));
        assert_eq!(read_catalogue(&group(&address)), Ok(Catalogued::Group(address)));
        assert_key(&format!("170102{one}660001"), &subscription(first, "f"));
        assert_key(&format!("170103{one}660001"), &metric_filter(first, "f"));
        assert_key(&format!("170104{one}03"), &rule(first, RuleKind::Transformer));
        let kind = AccountPolicyKind::Transformer;
        let policy_of_account = account_policy(account, &region, kind, "p");
        assert_key(&format!("170105{owner}04700001"), &policy_of_account);
        let read = Catalogued::AccountPolicy(account, region.clone(), kind, "p".to_owned());
        assert_eq!(read_catalogue(&policy_of_account), Ok(read));
        assert_key(&format!("1702{one}730001"), &stream(first, "s"));
        assert_key(&format!("1703{one}{two}730001"), &stream_by_time(first, Some(2), "s"));
        assert_key(&format!("1704{one}"), &group_size(first));
        assert_key(&format!("1705{owner}700001"), &policy(account, &region, "p"));
        assert_key(&format!("1706{owner}640001"), &destination(account, &region, "d"));
        assert_key(&format!("170a02{owner}640001"), &kept(2, account, &region, "d"));
        assert_key(&format!("1707{one}"), &group_garbage(first));
        assert_key(&format!("1708{two}"), &stream_garbage(second));
        assert_key(&format!("1701{one}{two}{one}"), &chunk(group_index(first), 2, Position(1)));
        assert_key(&format!("1702{two}{two}{one}"), &chunk(stream_index(second), 2, Position(1)));
        assert_eq!(read_any_chunk(&chunk(group_index(first), 2, Position(3))), Ok((first, 2, Position(3))));
        assert_eq!(read_stream(&stream(first, "s")), Ok((first, "s".to_owned())));
        assert_eq!(read_stream_by_time(&stream_by_time(first, None, "s"), first), Ok("s".to_owned()));
    }
}
