//! Where everything of DynamoDB lies, all of it in the space of maps. (Stream records lie in
//! `storage/log`.)
//!
//! Items lie under (table, hash of the partition key, partition key, sort key): a query reads one
//! contiguous range, and the hash spreads a scan's segments evenly. The hash is XXH3's upper half,
//! which never changes. Key values are written so that they sort as DynamoDB sorts them.

use bytes::Bytes;
use tidegate_record::{DecodeError, Key as KeyBuilder, KeyReader, Root};
use tidegate_store::KeyRange;
use tidegate_types::{AccountId, Region, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::{BackupAddress, IndexKey, Key, KeySchema, Number, TableAddress, Type, Value};

const TABLE: u8 = 1;
const ITEM: u8 = 2;
const ENTRY: u8 = 3;
const EXPIRY: u8 = 4;
const GARBAGE: u8 = 5;
const BACKFILL: u8 = 6;
const STREAM: u8 = 7;
const TOKEN: u8 = 8;
const TOKEN_AGE: u8 = 9;
const BACKUP: u8 = 10;
const COPY: u8 = 11;
const UNDONE: u8 = 12;
const COLLECTION: u8 = 13;

fn tagged(tag: u8) -> KeyBuilder {
    KeyBuilder::new(Root::DynamoDb).u8(tag)
}

/// All tables.
pub fn tables() -> Bytes {
    tagged(TABLE).build()
}

/// A table's record.
pub fn table(address: &TableAddress) -> Bytes {
    tagged(TABLE).u64(address.account.as_u64()).text(address.region.as_str()).text(&address.name).build()
}

/// The address of a table's key.
///
/// # Errors
/// What is none.
pub fn address_of(key: &[u8]) -> Result<TableAddress, DecodeError> {
    let mut reader = KeyReader::after(key, &tables())?;
    let (account, region) = owner(&mut reader)?;
    let name = reader.text()?;
    reader.end()?;
    Ok(TableAddress { account, region, name })
}

fn owner(reader: &mut KeyReader<'_>) -> Result<(AccountId, Region), DecodeError> {
    let malformed = |what| DecodeError::Malformed { at: 2, what };
    let account = format!("{:012}", reader.u64()?).parse().map_err(|_| malformed("no account"))?;
    let region = reader.text()?.parse().map_err(|_| malformed("no region"))?;
    Ok((account, region))
}

/// A key's value as bytes that sort as the values do.
pub fn component(value: &Value) -> Vec<u8> {
    match value {
        Value::S(text) => text.as_bytes().to_vec(),
        Value::B(bytes) => bytes.to_vec(),
        Value::N(number) => number.to_key(),
        other => unreachable!("a {} is never a key", other.kind().name()),
    }
}

/// The value of a component.
fn value(kind: Type, bytes: Vec<u8>) -> Result<Value, DecodeError> {
    let malformed = |what| DecodeError::Malformed { at: 0, what };
    match kind {
        Type::S => String::from_utf8(bytes).map(Value::S).map_err(|_| malformed("a text that is not UTF-8")),
        Type::N => Number::from_key(&bytes).map(Value::N).ok_or_else(|| malformed("no number")),
        _ => Ok(Value::B(bytes.into())),
    }
}

/// The hash of a partition key: where its items lie, and which shard of a stream tells of them.
pub fn partition_hash(partition: &Value) -> u32 {
    hash(&component(partition))
}

fn hash(partition: &[u8]) -> u32 {
    (xxh3_64(partition) >> 32) as u32
}

fn partition_behind(prefix: KeyBuilder, partition: &Value) -> KeyBuilder {
    let partition = component(partition);
    prefix.u32(hash(&partition)).bytes(&partition)
}

/// Several attributes of a key, each of which sorts by itself behind those before it.
fn components_behind(prefix: KeyBuilder, values: &[Value]) -> KeyBuilder {
    values.iter().fold(prefix, |prefix, value| prefix.bytes(&component(value)))
}

/// A partition of several attributes lies under the hash of all of them together.
fn partitions_behind(prefix: KeyBuilder, partition: &[Value]) -> KeyBuilder {
    match partition {
        [only] => partition_behind(prefix, only),
        several => {
            let joined = components_behind(KeyBuilder::suffix(), several).build();
            prefix.u32(hash(&joined)).rest(&joined)
        }
    }
}

fn sort_behind(prefix: KeyBuilder, key: &Key) -> KeyBuilder {
    match &key.sort {
        Some(sort) => prefix.bytes(&component(sort)),
        None => prefix,
    }
}

/// A table's items, or an index's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The items of this table.
    Items(u64),
    /// The entries of a table's index.
    Entries(u64, u32),
}

impl Place {
    fn prefix(self) -> KeyBuilder {
        match self {
            Place::Items(table) => tagged(ITEM).u64(table),
            Place::Entries(table, index) => tagged(ENTRY).u64(table).u32(index),
        }
    }

    /// Everything in it.
    pub fn all(self) -> Bytes {
        self.prefix().build()
    }

    /// One of `total` parts of it, by hash.
    pub fn segment(self, segment: u32, total: u32) -> KeyRange {
        let bound = |segment: u32| (u64::from(segment) << 32) / u64::from(total);
        let start = |hash: u64| u32::try_from(hash).ok().map(|hash| self.prefix().u32(hash).build());
        let whole = KeyRange::prefix(&self.all());
        KeyRange { start: start(bound(segment)).unwrap_or(whole.start), end: start(bound(segment + 1)).or(whole.end) }
    }

    /// What has this partition key: as many values as it has attributes.
    pub fn partition(self, partition: &[Value]) -> KeyBuilder {
        partitions_behind(self.prefix(), partition)
    }
}

/// An item.
pub fn item(table: u64, key: &Key) -> Bytes {
    sort_behind(partition_behind(Place::Items(table).prefix(), &key.partition), key).build()
}

/// The entry of an item in an index.
pub fn entry(table: u64, index: u32, key: &IndexKey, item: &Key) -> Bytes {
    let partition = Place::Entries(table, index).partition(&key.partition);
    item_behind(components_behind(partition, &key.sort), item)
}

fn item_behind(prefix: KeyBuilder, item: &Key) -> Bytes {
    sort_behind(prefix.bytes(&component(&item.partition)), item).build()
}

/// All expiries of a table's time to live.
pub fn expiries(table: u64, ttl: u32) -> Bytes {
    tagged(EXPIRY).u64(table).u32(ttl).build()
}

/// That an item expires in a second.
pub fn expiry(table: u64, ttl: u32, second: u64, item: &Key) -> Bytes {
    item_behind(tagged(EXPIRY).u64(table).u32(ttl).u64(second), item)
}

/// The second and the item of an expiry.
///
/// # Errors
/// What is none.
pub fn read_expiry(key: &[u8], prefix: &[u8], schema: &KeySchema) -> Result<(u64, Key), DecodeError> {
    let mut reader = KeyReader::after(key, prefix)?;
    let second = reader.u64()?;
    let partition = value(schema.partition.kind, reader.bytes()?)?;
    let sort = match &schema.sort {
        Some(part) => Some(value(part.kind, reader.bytes()?)?),
        None => None,
    };
    reader.end()?;
    Ok((second, Key { partition, sort }))
}

/// What is to be swept: all that a dropped table, index or time to live left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garbage {
    /// The items of a table.
    Items(u64),
    /// The entries of an index.
    Entries(u64, u32),
    /// The expiries of a table's time to live.
    Expiries(u64, u32),
    /// What a copy remembers of the items that it has undone.
    Undone(u64),
    /// The sizes of a table's item collections.
    Collections(u64),
}

/// All garbage.
pub fn all_garbage() -> Bytes {
    tagged(GARBAGE).build()
}

/// That something is garbage.
pub fn garbage(garbage: Garbage) -> Bytes {
    let (kind, table, index) = match garbage {
        Garbage::Items(table) => (0, table, 0),
        Garbage::Entries(table, index) => (1, table, index),
        Garbage::Expiries(table, ttl) => (2, table, ttl),
        Garbage::Undone(copy) => (3, copy, 0),
        Garbage::Collections(table) => (4, table, 0),
    };
    tagged(GARBAGE).u8(kind).u64(table).u32(index).build()
}

/// What is garbage.
///
/// # Errors
/// What is none.
pub fn read_garbage(key: &[u8]) -> Result<Garbage, DecodeError> {
    let mut reader = KeyReader::after(key, &all_garbage())?;
    let (kind, table, index) = (reader.u8()?, reader.u64()?, reader.u32()?);
    reader.end()?;
    match kind {
        0 => Ok(Garbage::Items(table)),
        1 => Ok(Garbage::Entries(table, index)),
        2 => Ok(Garbage::Expiries(table, index)),
        3 => Ok(Garbage::Undone(table)),
        4 => Ok(Garbage::Collections(table)),
        _ => Err(DecodeError::Malformed { at: 2, what: "an unknown kind of garbage" }),
    }
}

impl Garbage {
    /// Where it lies.
    pub fn prefix(self) -> Bytes {
        match self {
            Garbage::Items(table) => Place::Items(table).all(),
            Garbage::Entries(table, index) => Place::Entries(table, index).all(),
            Garbage::Expiries(table, ttl) => expiries(table, ttl),
            Garbage::Undone(copy) => all_undone(copy),
            Garbage::Collections(table) => collections(table),
        }
    }
}

/// How far the backfill of an index, or of a time to live, is: its value is the last item's key.
pub fn backfill(table: u64, index: u32) -> Bytes {
    tagged(BACKFILL).u64(table).u32(index).build()
}

/// The streams of an account and region; of one table of it, if one is named.
pub fn streams(account: AccountId, region: &Region, table: Option<&str>) -> Bytes {
    let prefix = tagged(STREAM).u64(account.as_u64()).text(region.as_str());
    table.map_or(prefix.clone(), |table| prefix.text(table)).build()
}

/// All streams.
pub fn all_streams() -> Bytes {
    tagged(STREAM).build()
}

/// A stream.
pub fn stream(table: &TableAddress, label: &str) -> Bytes {
    KeyBuilder::suffix().rest(&streams(table.account, &table.region, Some(&table.name))).text(label).build()
}

/// The table and label of a stream.
///
/// # Errors
/// What is none.
pub fn read_stream(key: &[u8]) -> Result<(TableAddress, String), DecodeError> {
    let mut reader = KeyReader::after(key, &all_streams())?;
    let (account, region) = owner(&mut reader)?;
    let (name, label) = (reader.text()?, reader.text()?);
    reader.end()?;
    Ok((TableAddress { account, region, name }, label))
}

/// All backups.
pub fn all_backups() -> Bytes {
    tagged(BACKUP).build()
}

/// The backups of an account and region; of one table of it, if one is named.
pub fn backups(account: AccountId, region: &Region, table: Option<&str>) -> Bytes {
    let prefix = tagged(BACKUP).u64(account.as_u64()).text(region.as_str());
    table.map_or(prefix.clone(), |table| prefix.text(table)).build()
}

/// A backup.
pub fn backup(backup: &BackupAddress) -> Bytes {
    let table = &backup.table;
    KeyBuilder::suffix().rest(&backups(table.account, &table.region, Some(&table.name))).text(&backup.id).build()
}

/// The address of a backup's key.
///
/// # Errors
/// What is none.
pub fn read_backup(key: &[u8]) -> Result<BackupAddress, DecodeError> {
    let mut reader = KeyReader::after(key, &all_backups())?;
    let (account, region) = owner(&mut reader)?;
    let (name, id) = (reader.text()?, reader.text()?);
    reader.end()?;
    Ok(BackupAddress { table: TableAddress { account, region, name }, id })
}

/// All copies that are under way.
pub fn copies() -> Bytes {
    tagged(COPY).build()
}

/// The copy to a place.
pub fn copy(target: u64) -> Bytes {
    tagged(COPY).u64(target).build()
}

/// Where a copy's items go.
///
/// # Errors
/// What is no copy.
pub fn read_copy(key: &[u8]) -> Result<u64, DecodeError> {
    let mut reader = KeyReader::after(key, &copies())?;
    let target = reader.u64()?;
    reader.end()?;
    Ok(target)
}

fn all_undone(copy: u64) -> Bytes {
    tagged(UNDONE).u64(copy).build()
}

/// That the copy to a place has undone an item's changes.
pub fn undone(copy: u64, item: &Key) -> Bytes {
    item_behind(tagged(UNDONE).u64(copy), item)
}

/// The sizes of a table's item collections.
pub fn collections(table: u64) -> Bytes {
    tagged(COLLECTION).u64(table).build()
}

/// The size of the item collection of a partition key.
pub fn collection(table: u64, partition: &Value) -> Bytes {
    partition_behind(tagged(COLLECTION).u64(table), partition).build()
}

/// The token of a transaction.
pub fn token(account: AccountId, region: &Region, token: &str) -> Bytes {
    tagged(TOKEN).u64(account.as_u64()).text(region.as_str()).text(token).build()
}

/// All ages of tokens.
pub fn token_ages() -> Bytes {
    tagged(TOKEN_AGE).build()
}

/// When a token, named by its key, can be forgotten.
pub fn token_age(due: Timestamp, token: &[u8]) -> Bytes {
    tagged(TOKEN_AGE).timestamp(due).rest(token).build()
}

/// When a token can be forgotten, and its key.
///
/// # Errors
/// What is none.
pub fn read_token_age(key: &[u8]) -> Result<(Timestamp, Bytes), DecodeError> {
    let mut reader = KeyReader::after(key, &token_ages())?;
    let due = reader.timestamp()?;
    Ok((due, Bytes::copy_from_slice(reader.rest())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::KeyPart;
    use tidegate_record::testing::assert_key;

    fn address() -> TableAddress {
        TableAddress { account: AccountId::DEFAULT, region: Region::us_east_1(), name: "t".to_owned() }
    }

    fn key(sort: &str) -> Key {
        Key { partition: Value::S("p".to_owned()), sort: Some(Value::N(Number::parse(sort).unwrap())) }
    }

    #[test]
    fn golden_keys() {
        assert_key("1401000000000000000075732d656173742d31000174 0001".replace(' ', "").as_str(), &table(&address()));
        assert_key("14020000000000000007", &Place::Items(7).all());
        assert_eq!(address_of(&table(&address())), Ok(address()));
        let label = "2026-01-01T00:00:00.000".to_owned();
        assert_eq!(read_stream(&stream(&address(), &label)), Ok((address(), label)));
    }

    #[test]
    fn items_of_a_partition_sort_by_their_sort_key() {
        let numbers = ["-1e9", "-2", "-1.5", "0", "3", "20", "1e9"];
        let keys: Vec<_> = numbers.iter().map(|number| item(7, &key(number))).collect();
        assert!(keys.is_sorted());
        let partition = Place::Items(7).partition(&[Value::S("p".to_owned())]).build();
        assert!(keys.iter().all(|key| key.starts_with(&partition)));
    }

    fn index_key(partition: &[&str], sort: &[(&str, &str)]) -> IndexKey {
        let text = |text: &str| Value::S(text.to_owned());
        let number = |number: &str| Value::N(Number::parse(number).unwrap());
        IndexKey {
            partition: partition.iter().map(|part| text(part)).collect(),
            sort: sort.iter().flat_map(|(first, second)| [number(first), text(second)]).collect(),
        }
    }

    #[test]
    fn golden_entries() {
        // A key of one attribute each lies where it lay before there could be more.
        let one = IndexKey { partition: vec![Value::S("p".to_owned())], sort: vec![Value::S("s".to_owned())] };
        let hash = xxh3_64(b"p") >> 32;
        let expected = format!("1403{:016x}{:08x}{hash:08x}700001730001{}", 7, 1, "700001");
        let item = Key { partition: Value::S("p".to_owned()), sort: None };
        assert_key(&expected, &entry(7, 1, &one, &item));
        let hash = xxh3_64(b"a\0\x01b\0\x01") >> 32;
        let two = IndexKey { partition: ["a", "b"].map(|part| Value::S(part.to_owned())).into(), ..one };
        let expected = format!("1403{:016x}{:08x}{hash:08x}610001620001730001{}", 7, 1, "700001");
        assert_key(&expected, &entry(7, 1, &two, &item));
    }

    #[test]
    fn entries_sort_by_each_attribute_in_turn() {
        let sorts =
            [("-2", "b"), ("-1.5", "a"), ("-1.5", "a\0"), ("-1.5", "aa"), ("-1.5", "b"), ("3", ""), ("20", "a")];
        let of = |sort| entry(7, 1, &index_key(&["p", "q"], &[sort]), &key("1"));
        assert!(sorts.map(of).is_sorted());
        let partition = Place::Entries(7, 1).partition(&index_key(&["p", "q"], &[]).partition).build();
        assert!(sorts.map(of).iter().all(|key| key.starts_with(&partition)));
        // Attributes do not run into each other.
        let other = Place::Entries(7, 1).partition(&index_key(&["pq", ""], &[]).partition).build();
        assert_ne!(partition, other);
    }

    #[test]
    fn expiries_and_garbage_are_read_back() {
        let part = |name: &str, kind| KeyPart { name: name.to_owned(), kind };
        let schema = KeySchema { partition: part("p", Type::S), sort: Some(part("s", Type::N)) };
        assert_eq!(read_expiry(&expiry(7, 1, 9, &key("-3.5")), &expiries(7, 1), &schema), Ok((9, key("-3.5"))));
        for what in [
            Garbage::Items(1),
            Garbage::Entries(1, 2),
            Garbage::Expiries(1, 3),
            Garbage::Undone(4),
            Garbage::Collections(5),
        ] {
            assert_eq!(read_garbage(&garbage(what)), Ok(what));
        }
    }

    #[test]
    fn segments_cover_everything_once() {
        let all = KeyRange::prefix(&Place::Items(7).all());
        let parts: Vec<_> = (0..5).map(|segment| Place::Items(7).segment(segment, 5)).collect();
        assert!(parts.windows(2).all(|pair| pair[0].end.as_ref() == Some(&pair[1].start)));
        assert_eq!(parts[4].end, all.end);
        assert!(parts[0].start >= all.start && parts[0].start <= item(7, &key("1")));
    }
}
