//! What must hold in every store, whatever happened to it. Tests, the simulator and `tidegate check` ask the
//! same questions.
//!
//! - LOGS-1: every record can be read, every filter's pattern is one, and rules' and policies' documents are understood.
//! - LOGS-2: a chunk is in both indexes or in neither.
//! - LOGS-3: an indexed chunk's stream belongs to a group that exists, or that waits to be swept.
//! - LOGS-4: every stream is listed once by the time of its last event, and nothing else is.
//! - LOGS-5: what a group is said to hold is what its chunks hold.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_logfilter::Pattern;
use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Entry, KeyRange, Order, Page, Position, Snapshot, Space, StoreError};

use crate::domain::Criteria;
use crate::store::keys::{self, Catalogued};
use crate::store::{
    AccountPolicyRecord, GroupId, GroupRecord, GroupSizeRecord, IndexRecord, MetricFilterRecord, RuleRecord,
    SYSTEM_FIELDS, StreamRecord, SubscriptionRecord, behind, corrupt, decode,
};

/// How many records one scan reads.
const PAGE: usize = 1000;

/// Checks all records of CloudWatch Logs in a view, and says what is wrong.
///
/// # Errors
/// What reading the store answers; [`StoreError::Corrupt`] for bytes that are no record.
pub async fn violations(view: &dyn Snapshot) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let mut groups = catalogue(view, &mut found).await?;
    each(view, Space::Map, &keys::group_garbages(), |entry| {
        groups.insert(GroupId(read(Space::Map, &entry, keys::read_number(&entry.key, &keys::group_garbages()))?));
        Ok(())
    })
    .await?;
    streams(view, &mut found).await?;
    chunks(view, &groups, &mut found).await?;
    Ok(found)
}

/// Groups by number; the patterns of their filters are tried.
async fn catalogue(view: &dyn Snapshot, found: &mut Vec<String>) -> Result<BTreeSet<GroupId>, StoreError> {
    let mut groups = BTreeSet::new();
    each(view, Space::Map, &keys::catalogue(), |entry| {
        let (pattern, options) = match read(Space::Map, &entry, keys::read_catalogue(&entry.key))? {
            Catalogued::Group(_) => {
                groups.insert(decoded::<GroupRecord>(Space::Map, &entry)?.id);
                return Ok(());
            }
            Catalogued::Subscription(..) => {
                let filter = decoded::<SubscriptionRecord>(Space::Map, &entry)?;
                (filter.pattern, filter.options)
            }
            Catalogued::MetricFilter(..) => {
                let filter = decoded::<MetricFilterRecord>(Space::Map, &entry)?;
                (filter.pattern, filter.options)
            }
            Catalogued::Rule(_, kind) => {
                let rule = decoded::<RuleRecord>(Space::Map, &entry)?;
                if let Err(error) = kind.check(&rule.document) {
                    found.push(format!("LOGS-1: the rule {:02x?} cannot be read: {error}", entry.key));
                }
                return Ok(());
            }
            Catalogued::AccountPolicy(.., kind, _) => {
                let policy = decoded::<AccountPolicyRecord>(Space::Map, &entry)?;
                let criteria = kind.criteria(policy.criteria.as_deref());
                if let Err(error) = criteria.and_then(|_| kind.meaning(&policy.document)) {
                    found.push(format!("LOGS-1: the account policy {:02x?} cannot be read: {error}", entry.key));
                }
                return Ok(());
            }
        };
        if let Err(error) = Pattern::parse(&pattern) {
            found.push(format!("LOGS-1: the filter {:02x?} has the pattern {pattern:?}: {error}", entry.key));
        }
        let selection = options.criteria.as_deref().filter(|text| !text.is_empty());
        if let Some(Err(at)) = selection.map(|text| Criteria::parse(text, &SYSTEM_FIELDS)) {
            found.push(format!("LOGS-1: the filter {:02x?} has a selection that cannot be read at {at}", entry.key));
        }
        Ok(())
    })
    .await?;
    Ok(groups)
}

async fn streams(view: &dyn Snapshot, found: &mut Vec<String>) -> Result<(), StoreError> {
    let (mut expected, mut listed) = (BTreeSet::new(), BTreeSet::new());
    each(view, Space::Map, &keys::all_streams(), |entry| {
        let (group, name) = read(Space::Map, &entry, keys::read_stream(&entry.key))?;
        let stream: StreamRecord = decoded(Space::Map, &entry)?;
        expected.insert(keys::stream_by_time(group, stream.last_ms(), &name));
        Ok(())
    })
    .await?;
    each(view, Space::Map, &keys::all_streams_by_time(), |entry| {
        listed.insert(entry.key);
        Ok(())
    })
    .await?;
    for key in expected.symmetric_difference(&listed) {
        found.push(format!("LOGS-4: {key:02x?} lists a stream that is not so, or is missing"));
    }
    Ok(())
}

async fn chunks(view: &dyn Snapshot, groups: &BTreeSet<GroupId>, found: &mut Vec<String>) -> Result<(), StoreError> {
    let (mut of_groups, mut of_streams) = (BTreeSet::new(), BTreeSet::new());
    let mut sizes: BTreeMap<GroupId, u64> = BTreeMap::new();
    each(view, Space::Log, &keys::all_chunks(), |entry| {
        let (group, last_ms, position) = read(Space::Log, &entry, keys::read_any_chunk(&entry.key))?;
        let index: IndexRecord = decoded(Space::Log, &entry)?;
        of_groups.insert((index.stream.0, last_ms, position));
        *sizes.entry(group).or_default() += index.bytes;
        if !groups.contains(&group) {
            found.push(format!("LOGS-3: {position:?} lies in {group:?}, which does not exist"));
        }
        Ok(())
    })
    .await?;
    each(view, Space::Log, &keys::all_chunks_of_streams(), |entry| {
        let parts: (u64, u64, Position) = read(Space::Log, &entry, keys::read_chunk_of_any_stream(&entry.key))?;
        of_streams.insert(parts);
        Ok(())
    })
    .await?;
    for chunk in of_groups.symmetric_difference(&of_streams) {
        found.push(format!("LOGS-2: {chunk:?} (stream, time, position) is in one index only"));
    }
    each(view, Space::Map, &keys::all_group_sizes(), |entry| {
        let group = GroupId(read(Space::Map, &entry, keys::read_number(&entry.key, &keys::all_group_sizes()))?);
        let size: GroupSizeRecord = decoded(Space::Map, &entry)?;
        let held = sizes.remove(&group).unwrap_or_default();
        if size.bytes != held {
            found.push(format!("LOGS-5: {group:?} is said to hold {} bytes and holds {held}", size.bytes));
        }
        Ok(())
    })
    .await?;
    for (group, held) in sizes {
        found.push(format!("LOGS-5: {group:?} holds {held} bytes, of which nothing is said"));
    }
    Ok(())
}

fn read<T>(space: Space, entry: &Entry, outcome: Result<T, DecodeError>) -> Result<T, StoreError> {
    outcome.map_err(|error| corrupt(space, &entry.key, &error))
}

fn decoded<T: Stored>(space: Space, entry: &Entry) -> Result<T, StoreError> {
    decode(space, &entry.key, &entry.record)
}

async fn each(
    view: &dyn Snapshot,
    space: Space,
    prefix: &[u8],
    mut look: impl FnMut(Entry) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut range = KeyRange::prefix(prefix);
    loop {
        let page = view.scan(space, &range, Order::Ascending, Page::of(PAGE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        range.start = behind(&last.key);
        for entry in page {
            look(entry)?;
        }
    }
}
