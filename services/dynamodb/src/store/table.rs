//! A table: everything but its items. Its address is its key.

use tidegate_record::{DecodeError, Reader, Stored, Writer};

use crate::domain::{
    Billing, Encryption, Index, IndexSchema, IndexState, Insights, KeyPart, KeySchema, OnDemandLimit, OpenShard,
    Projected, Recovery, Restored, Stream, StreamView, Table, TableAddress, Throughput, Ttl, Type,
};

impl Stored for Table {
    const NAME: &'static str = "dynamodb table";
    const VERSION: u8 = 5;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.id);
        to.timestamp(self.created_at);
        write_schema(to, &self.keys);
        to.list(self.definitions.iter(), write_part);
        to.list(self.indexes.iter(), write_index);
        to.u32(self.next_index);
        to.option(
            match self.billing {
                Billing::OnDemand => None,
                Billing::Provisioned(throughput) => Some(throughput),
            },
            write_throughput,
        );
        to.option(self.on_demand_since, Writer::timestamp);
        to.option(self.stream.as_ref(), write_stream);
        to.option(self.ttl.as_ref(), |to, ttl| {
            to.u32(ttl.id);
            to.text(&ttl.attribute);
            to.bool(ttl.state == IndexState::Active);
        });
        to.bool(self.deletion_protection);
        to.option(self.class.as_ref(), |to, class| to.text(class));
        to.option(self.encryption.as_ref(), |to, encryption| {
            to.option(encryption.key.as_ref(), |to, key| to.text(key));
        });
        // Where version 1 said whether recovery was asked for, without keeping what it needs.
        to.bool(self.recovery.is_some());
        to.option(self.policy.as_ref(), write_policy);
        to.list(self.tags.iter(), |to, (key, value)| {
            to.text(key);
            to.text(value);
        });
        to.option(self.recovery, |to, recovery| {
            to.fixed_u64(recovery.journal);
            to.timestamp(recovery.since);
            to.u32(recovery.days);
            to.u32(recovery.restores);
        });
        to.list(self.copies.iter(), |to, journal| to.fixed_u64(*journal));
        to.option(self.restored.as_ref(), |to, restored| {
            to.option(restored.backup.as_ref(), |to, backup| to.text(backup));
            write_address(to, &restored.table);
            to.timestamp(restored.at);
            to.bool(restored.in_progress);
        });
        // The first open shard stands with the stream, where earlier versions had the only one.
        let others = self.stream.as_ref().map_or(&[][..], |stream| &stream.shards[1..]);
        to.list(others.iter(), |to, shard| {
            to.fixed_u64(shard.log);
            to.u32(shard.from);
        });
        write_limit(to, self.on_demand_limit);
        self.indexes.iter().for_each(|index| write_limit(to, index.on_demand_limit));
        to.option(self.stream.as_ref().and_then(|stream| stream.policy.as_ref()), write_policy);
        for index in &self.indexes {
            // The first ones stand with the index, where earlier versions had the only ones.
            let keys = index.keys.as_parts();
            to.list(keys.partition[1..].iter(), write_part);
            to.list(keys.sort.iter().skip(1), write_part);
        }
        write_throughput(to, self.warm);
        to.option(self.insights, write_insights);
        for index in &self.indexes {
            write_throughput(to, index.warm);
            to.option(index.insights, write_insights);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut table = read_fourth(from)?;
        for index in &mut table.indexes {
            let first = index.keys.as_parts();
            let (mut partition, mut sort) = (first.partition.to_vec(), first.sort.to_vec());
            partition.extend(from.list::<_, Vec<_>>(read_part)?);
            sort.extend(from.list::<_, Vec<_>>(read_part)?);
            index.keys = read_index_schema(from, partition, sort)?;
        }
        table.warm = read_throughput(from)?;
        table.insights = from.option(read_insights)?;
        for index in &mut table.indexes {
            index.warm = read_throughput(from)?;
            index.insights = from.option(read_insights)?;
        }
        Ok(table)
    }

    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            // Version 2 adds what backups need. A recovery that was asked for before has no journal:
            // the table says that it has none.
            1 => read_first(from).map(warmed),
            // Version 3 adds shards.
            2 => read_second(from).map(warmed),
            // Version 4 adds bounds of what is paid for by use, and policies of streams.
            3 => read_third(from).map(warmed),
            // Version 5 adds further attributes of indexes' keys, what is served at once, and contributor insights.
            4 => read_fourth(from).map(warmed),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

/// A table of a version that did not say what is served at once.
fn warmed(mut table: Table) -> Table {
    table.grow_warm();
    if table.on_demand_since.is_some() {
        table.warm = table.warm.or_more(Throughput::INITIAL_ON_DEMAND);
    }
    table
}

/// The fields of version 4, with which every later version begins.
fn read_fourth(from: &mut Reader<'_>) -> Result<Table, DecodeError> {
    let mut table = read_third(from)?;
    table.on_demand_limit = read_limit(from)?;
    for index in &mut table.indexes {
        index.on_demand_limit = read_limit(from)?;
    }
    let policy = from.option(read_policy)?;
    table.stream.iter_mut().for_each(|stream| stream.policy.clone_from(&policy));
    Ok(table)
}

/// The fields of version 3, with which every later version begins.
fn read_third(from: &mut Reader<'_>) -> Result<Table, DecodeError> {
    let mut table = read_second(from)?;
    let others: Vec<_> = from.list(|from| Ok(OpenShard { log: from.fixed_u64()?, from: from.u32()? }))?;
    if let Some(stream) = &mut table.stream {
        stream.shards.extend(others);
    }
    Ok(table)
}

/// The fields of version 2, with which every later version begins.
fn read_second(from: &mut Reader<'_>) -> Result<Table, DecodeError> {
    let table = read_first(from)?;
    Ok(Table {
        recovery: from.option(|from| {
            Ok(Recovery {
                journal: from.fixed_u64()?,
                since: from.timestamp()?,
                days: from.u32()?,
                restores: from.u32()?,
            })
        })?,
        copies: from.list(Reader::fixed_u64)?,
        restored: from.option(|from| {
            Ok(Restored {
                backup: from.option(Reader::text)?,
                table: read_address(from)?,
                at: from.timestamp()?,
                in_progress: from.bool()?,
            })
        })?,
        ..table
    })
}

/// The fields of version 1, with which every later version begins.
fn read_first(from: &mut Reader<'_>) -> Result<Table, DecodeError> {
    let table = {
        Table {
            id: from.fixed_u64()?,
            created_at: from.timestamp()?,
            keys: read_schema(from)?,
            definitions: from.list(read_part)?,
            indexes: from.list(read_index)?,
            next_index: from.u32()?,
            billing: from.option(read_throughput)?.map_or(Billing::OnDemand, Billing::Provisioned),
            on_demand_limit: OnDemandLimit::default(),
            warm: Throughput::NONE,
            on_demand_since: from.option(Reader::timestamp)?,
            stream: from.option(read_stream)?,
            ttl: from.option(|from| Ok(Ttl { id: from.u32()?, attribute: from.text()?, state: read_state(from)? }))?,
            deletion_protection: from.bool()?,
            class: from.option(Reader::text)?,
            encryption: from.option(|from| Ok(Encryption { key: from.option(Reader::text)? }))?,
            policy: {
                from.bool()?;
                from.option(read_policy)?
            },
            tags: from.list(|from| Ok((from.text()?, from.text()?)))?,
            recovery: None,
            copies: Vec::new(),
            restored: None,
            insights: None,
        }
    };
    Ok(table)
}

pub(super) fn write_address(to: &mut Writer, table: &TableAddress) {
    to.fixed_u64(table.account.as_u64());
    to.text(table.region.as_str());
    to.text(&table.name);
}

pub(super) fn read_address(from: &mut Reader<'_>) -> Result<TableAddress, DecodeError> {
    let account = format!("{:012}", from.fixed_u64()?).parse().map_err(|_| from.malformed("no account"))?;
    let region = from.text()?.parse().map_err(|_| from.malformed("no region"))?;
    Ok(TableAddress { account, region, name: from.text()? })
}

pub(super) fn write_part(to: &mut Writer, part: &KeyPart) {
    to.text(&part.name);
    to.u8(match part.kind {
        Type::S => 0,
        Type::N => 1,
        _ => 2,
    });
}

pub(super) fn read_part(from: &mut Reader<'_>) -> Result<KeyPart, DecodeError> {
    let name = from.text()?;
    let kind = match from.u8()? {
        0 => Type::S,
        1 => Type::N,
        2 => Type::B,
        _ => return Err(from.malformed("an unknown type of key")),
    };
    Ok(KeyPart { name, kind })
}

pub(super) fn write_schema(to: &mut Writer, schema: &KeySchema) {
    write_part(to, &schema.partition);
    to.option(schema.sort.as_ref(), write_part);
}

pub(super) fn read_schema(from: &mut Reader<'_>) -> Result<KeySchema, DecodeError> {
    Ok(KeySchema { partition: read_part(from)?, sort: from.option(read_part)? })
}

fn read_index_schema(
    from: &Reader<'_>,
    partition: Vec<KeyPart>,
    sort: Vec<KeyPart>,
) -> Result<IndexSchema, DecodeError> {
    IndexSchema::new(partition, sort).map_err(|_| from.malformed("an index's key that cannot be"))
}

fn write_index(to: &mut Writer, index: &Index) {
    to.u32(index.id);
    to.text(&index.name);
    to.bool(index.global);
    let keys = index.keys.as_parts();
    write_part(to, &keys.partition[0]);
    to.option(keys.sort.first(), write_part);
    match &index.projected {
        Projected::All => to.u8(0),
        Projected::KeysOnly => to.u8(1),
        Projected::Include(names) => {
            to.u8(2);
            to.list(names.iter(), |to, name| to.text(name));
        }
    }
    to.bool(index.state == IndexState::Active);
    to.option(index.throughput, write_throughput);
}

fn read_index(from: &mut Reader<'_>) -> Result<Index, DecodeError> {
    Ok(Index {
        id: from.u32()?,
        name: from.text()?,
        global: from.bool()?,
        keys: {
            let (partition, sort) = (read_part(from)?, from.option(read_part)?);
            read_index_schema(from, vec![partition], Vec::from_iter(sort))?
        },
        projected: match from.u8()? {
            0 => Projected::All,
            1 => Projected::KeysOnly,
            2 => Projected::Include(from.list(Reader::text)?),
            _ => return Err(from.malformed("an unknown projection")),
        },
        state: read_state(from)?,
        throughput: from.option(read_throughput)?,
        on_demand_limit: OnDemandLimit::default(),
        warm: Throughput::NONE,
        insights: None,
    })
}

fn read_state(from: &mut Reader<'_>) -> Result<IndexState, DecodeError> {
    Ok(if from.bool()? { IndexState::Active } else { IndexState::Backfilling })
}

fn write_throughput(to: &mut Writer, throughput: Throughput) {
    to.varint(throughput.read);
    to.varint(throughput.write);
}

fn write_policy(to: &mut Writer, (policy, revision): &(String, String)) {
    to.text(policy);
    to.text(revision);
}

fn read_policy(from: &mut Reader<'_>) -> Result<(String, String), DecodeError> {
    Ok((from.text()?, from.text()?))
}

fn write_limit(to: &mut Writer, limit: OnDemandLimit) {
    to.option(limit.read, Writer::varint);
    to.option(limit.write, Writer::varint);
}

fn read_limit(from: &mut Reader<'_>) -> Result<OnDemandLimit, DecodeError> {
    Ok(OnDemandLimit { read: from.option(Reader::varint)?, write: from.option(Reader::varint)? })
}

fn read_throughput(from: &mut Reader<'_>) -> Result<Throughput, DecodeError> {
    Ok(Throughput { read: from.varint()?, write: from.varint()? })
}

fn write_insights(to: &mut Writer, insights: Insights) {
    to.bool(insights.enabled);
    to.bool(insights.throttled_only);
    to.timestamp(insights.since);
}

fn read_insights(from: &mut Reader<'_>) -> Result<Insights, DecodeError> {
    Ok(Insights { enabled: from.bool()?, throttled_only: from.bool()?, since: from.timestamp()? })
}

pub(super) fn write_view(to: &mut Writer, view: StreamView) {
    to.u8(match view {
        StreamView::KeysOnly => 0,
        StreamView::NewImage => 1,
        StreamView::OldImage => 2,
        StreamView::Both => 3,
    });
}

pub(super) fn read_view(from: &mut Reader<'_>) -> Result<StreamView, DecodeError> {
    Ok(match from.u8()? {
        0 => StreamView::KeysOnly,
        1 => StreamView::NewImage,
        2 => StreamView::OldImage,
        3 => StreamView::Both,
        _ => return Err(from.malformed("an unknown view")),
    })
}

fn write_stream(to: &mut Writer, stream: &Stream) {
    to.text(&stream.label);
    to.fixed_u64(stream.shards[0].log);
    write_view(to, stream.view);
}

fn read_stream(from: &mut Reader<'_>) -> Result<Stream, DecodeError> {
    let (label, log) = (from.text()?, from.fixed_u64()?);
    Ok(Stream::new(label, log, read_view(from)?))
}

/// A table with everything, for tests.
#[cfg(test)]
pub(super) use tests::example;

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_reads_older, assert_round_trip, to_hex};
    use tidegate_types::Timestamp;

    pub(in crate::store) fn example() -> Table {
        let part = |name: &str, kind| KeyPart { name: name.to_owned(), kind };
        let keys = KeySchema { partition: part("p", Type::S), sort: Some(part("s", Type::N)) };
        let index = Index {
            id: 3,
            name: "i".to_owned(),
            global: true,
            keys: IndexSchema::new(vec![part("g", Type::B)], Vec::new()).unwrap(),
            projected: Projected::Include(vec!["x".to_owned()]),
            state: IndexState::Backfilling,
            throughput: Some(Throughput { read: 1, write: 2 }),
            on_demand_limit: OnDemandLimit::default(),
            warm: Throughput { read: 1, write: 2 },
            insights: None,
        };
        Table {
            id: 7,
            created_at: Timestamp::from_millis(9),
            definitions: vec![part("p", Type::S), part("s", Type::N), part("g", Type::B)],
            keys,
            indexes: vec![index],
            next_index: 4,
            billing: Billing::Provisioned(Throughput { read: 5, write: 6 }),
            on_demand_limit: OnDemandLimit::default(),
            warm: Throughput::INITIAL_ON_DEMAND,
            on_demand_since: Some(Timestamp::from_millis(8)),
            stream: Some(Stream::new("l".to_owned(), 1, StreamView::Both)),
            ttl: Some(Ttl { id: 2, attribute: "ttl".to_owned(), state: IndexState::Active }),
            deletion_protection: true,
            class: Some("STANDARD".to_owned()),
            encryption: Some(Encryption { key: Some("k".to_owned()) }),
            policy: Some(("{}".to_owned(), "1".to_owned())),
            tags: [("k".to_owned(), "v".to_owned())].into(),
            recovery: Some(Recovery { journal: 5, since: Timestamp::from_millis(7), days: 35, restores: 1 }),
            copies: vec![6],
            restored: None,
            insights: None,
        }
    }

    #[test]
    fn a_table_of_version_2_has_one_shard() {
        let newer = to_hex(&example().encode());
        let older =
            newer.strip_prefix("05").and_then(|rest| rest.strip_suffix(&*format!("0000000000000000{WARM}"))).unwrap();
        assert_reads_older(&format!("02{older}"), &example());
        let mut table = example();
        table.stream.iter_mut().for_each(|stream| stream.replace(0, &[2, 3]));
        assert_round_trip(&table);
    }

    #[test]
    fn a_table_of_version_3_has_no_bounds() {
        let newer = to_hex(&example().encode());
        let older =
            newer.strip_prefix("05").and_then(|rest| rest.strip_suffix(&*format!("00000000000000{WARM}"))).unwrap();
        assert_reads_older(&format!("03{older}"), &example());
    }

    #[test]
    fn an_index_of_version_4_has_one_attribute_of_each_kind() {
        let newer = to_hex(&example().encode());
        let older = newer.strip_prefix("05").and_then(|rest| rest.strip_suffix(&*format!("0000{WARM}"))).unwrap();
        assert_reads_older(&format!("04{older}"), &example());
    }

    #[test]
    fn further_attributes_of_an_index_stand_at_the_end() {
        let part = |name: &str, kind| KeyPart { name: name.to_owned(), kind };
        let mut table = example();
        table.indexes[0].keys = IndexSchema::new(
            vec![part("g", Type::B), part("h", Type::S)],
            vec![part("r", Type::N), part("t", Type::B), part("u", Type::S)],
        )
        .unwrap();
        assert_round_trip(&table);
        let bytes = to_hex(&table.encode());
        assert!(bytes.starts_with("05") && bytes.ends_with(&format!("0101680002017402017500{WARM}")), "{bytes}");
    }

    /// What the example and its index serve at once, and that neither has insights.
    const WARM: &str = "e05da01f00010200";

    #[test]
    fn insights_stand_behind_what_is_served_at_once() {
        let mut table = example();
        let since = Timestamp::from_millis(5);
        table.insights = Some(Insights { enabled: true, throttled_only: false, since });
        table.indexes[0].insights = Some(Insights { enabled: false, throttled_only: true, since });
        assert_round_trip(&table);
        let bytes = to_hex(&table.encode());
        assert!(bytes.ends_with("e05da01f01010005010201000105"), "{bytes}");
    }

    #[test]
    fn tables_round_trip() {
        let table = example();
        let mut bounded = example();
        bounded.on_demand_limit = OnDemandLimit { read: Some(5), write: None };
        bounded.stream.iter_mut().for_each(|stream| stream.policy = Some(("{}".to_owned(), "2".to_owned())));
        bounded.indexes[0].on_demand_limit = OnDemandLimit { read: None, write: Some(400) };
        assert_round_trip(&bounded);
        assert_round_trip(&table);
        assert_round_trip(&Table { billing: Billing::OnDemand, stream: None, ttl: None, policy: None, ..table });
    }

    #[test]
    fn tables_of_version_1_lack_what_backups_need() {
        let table = Table { stream: None, recovery: None, copies: Vec::new(), restored: None, ..example() };
        assert_reads_older(VERSION_1, &table);
    }

    /// Whether recovery was wanted is the byte before the policy; it kept no journal.
    const VERSION_1: &str = "01000000000000000709017000010173010301700001730101670201030169010167020002010178000101020401050601080001020374746c010101085354414e444152440101016b0101027b7d013101016b0176";
}
