//! Event source mappings, and all of them in memory.
//!
//! | space | key | record |
//! |---|---|---|
//! | map | `Lambda 16 uuid` | [`MappingRecord`] |
//! | map | `Lambda 17 source function` | [`PairRecord`]: there is one mapping for each pair |

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use std::sync::Arc;
use tidegate_record::{DecodeError, Key, KeyReader, Reader, Root, Stored, Writer};
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_types::{AccountId, Arn, Region, Timestamp};
use tidegate_workers::Hint;
use uuid::Uuid;

use crate::domain::{MappingKind, MappingSettings, QueueSettings, StreamSettings};

const MAPPING: u8 = 16;
const PAIR: u8 = 17;

/// Where a mapping lies.
pub(crate) fn mapping_key(id: Uuid) -> Bytes {
    let (high, low) = id.as_u64_pair();
    Key::new(Root::Lambda).u8(MAPPING).u64(high).u64(low).build()
}

/// Where it is noted that a source has a mapping to a function.
pub(crate) fn pair_key(source: &str, function: &str) -> Bytes {
    Key::new(Root::Lambda).u8(PAIR).text(source).text(function).build()
}

fn mappings() -> Bytes {
    Key::new(Root::Lambda).u8(MAPPING).build()
}

fn read_key(key: &[u8]) -> Result<Uuid, DecodeError> {
    let mut reader = KeyReader::after(key, &mappings())?;
    let id = Uuid::from_u64_pair(reader.u64()?, reader.u64()?);
    reader.end()?;
    Ok(id)
}

/// A mapping. Its number is its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingRecord {
    /// Raised with each change.
    pub revision: u64,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
    /// What is followed.
    pub source: Arn,
    /// What is called, with the qualifier that was given.
    pub function: Arn,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// How.
    pub settings: MappingSettings,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

impl MappingRecord {
    /// The mapping's own ARN.
    pub fn arn(&self, id: Uuid) -> Arn {
        Arn::new("lambda", &self.region, self.account, format!("event-source-mapping:{id}"))
    }
}

/// That a source has a mapping to a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairRecord {
    /// Which mapping.
    pub mapping: Uuid,
}

impl Stored for PairRecord {
    const NAME: &'static str = "lambda mapping pair";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.array(self.mapping.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(PairRecord { mapping: Uuid::from_bytes(from.array()?) })
    }
}

impl Stored for MappingRecord {
    const NAME: &'static str = "lambda event source mapping";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.revision);
        to.varint(self.account.as_u64());
        to.text(self.region.as_str());
        to.text(&self.source.to_string());
        to.text(&self.function.to_string());
        to.timestamp(self.modified_at);
        write_settings(to, &self.settings);
        to.list(self.tags.iter(), |to, (key, value)| {
            to.text(key);
            to.text(value);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let revision = from.varint()?;
        let account = format!("{:012}", from.varint()?);
        Ok(MappingRecord {
            revision,
            account: account.parse().map_err(|_| from.malformed("an account"))?,
            region: parsed(from, "a region")?,
            source: parsed(from, "an ARN")?,
            function: parsed(from, "an ARN")?,
            modified_at: from.timestamp()?,
            settings: read_settings(from)?,
            tags: from.list(|from| Ok((from.text()?, from.text()?)))?,
        })
    }
}

fn parsed<T: std::str::FromStr>(from: &mut Reader<'_>, what: &'static str) -> Result<T, DecodeError> {
    let text = from.str()?;
    text.parse().map_err(|_| from.malformed(what))
}

fn write_settings(to: &mut Writer, settings: &MappingSettings) {
    to.bool(settings.enabled);
    to.u32(settings.batch_size);
    to.u32(settings.window_seconds);
    to.list(settings.filters.iter(), |to, filter| to.text(filter));
    to.bool(settings.partial_failures);
    match &settings.kind {
        MappingKind::Queue(QueueSettings { fifo, max_concurrency, pollers }) => {
            to.u8(0);
            to.bool(*fifo);
            to.option(*max_concurrency, Writer::u32);
            to.option(*pollers, |to, (least, most)| {
                to.option(least, Writer::u32);
                to.option(most, Writer::u32);
            });
        }
        MappingKind::Stream(stream) => {
            to.u8(1);
            to.bool(stream.latest);
            to.u32(stream.parallelisation);
            to.bool(stream.bisect);
            to.signed(stream.max_retries.into());
            to.signed(stream.max_age_seconds.into());
            to.option(stream.on_failure.as_deref(), Writer::text);
            to.u32(stream.tumbling_seconds);
        }
    }
    to.option(settings.kms_key.as_deref(), Writer::text);
    to.option(settings.metrics.as_ref(), |to, metrics| to.list(metrics.iter(), |to, metric| to.text(metric)));
    to.option(settings.log_level.as_deref(), Writer::text);
}

fn read_settings(from: &mut Reader<'_>) -> Result<MappingSettings, DecodeError> {
    Ok(MappingSettings {
        enabled: from.bool()?,
        batch_size: from.u32()?,
        window_seconds: from.u32()?,
        filters: from.list(Reader::text)?,
        partial_failures: from.bool()?,
        kind: match from.u8()? {
            0 => MappingKind::Queue(QueueSettings {
                fifo: from.bool()?,
                max_concurrency: from.option(Reader::u32)?,
                pollers: from.option(|from| Ok((from.option(Reader::u32)?, from.option(Reader::u32)?)))?,
            }),
            1 => MappingKind::Stream(StreamSettings {
                latest: from.bool()?,
                parallelisation: from.u32()?,
                bisect: from.bool()?,
                max_retries: small(from)?,
                max_age_seconds: small(from)?,
                on_failure: from.option(Reader::text)?,
                tumbling_seconds: from.u32()?,
            }),
            _ => return Err(from.malformed("a kind of source")),
        },
        kms_key: from.option(Reader::text)?,
        metrics: from.option(|from| from.list(Reader::text))?,
        log_level: from.option(Reader::text)?,
    })
}

fn small(from: &mut Reader<'_>) -> Result<i32, DecodeError> {
    let value = from.signed()?;
    value.try_into().map_err(|_| from.malformed("a number above 32 bits"))
}

/// All mappings: a fold over their records.
pub struct Mappings {
    known: RwLock<BTreeMap<Uuid, Arc<MappingRecord>>>,
    changed: Hint,
}

impl Mappings {
    /// Empty until it is attached to a store. `changed` is given with each change.
    pub fn new(changed: Hint) -> Mappings {
        Mappings { known: RwLock::default(), changed }
    }

    /// The mapping with this number.
    pub fn get(&self, id: Uuid) -> Option<Arc<MappingRecord>> {
        self.known.read().get(&id).cloned()
    }

    /// All of them, in the order of their numbers.
    pub fn all(&self) -> Vec<(Uuid, Arc<MappingRecord>)> {
        self.known.read().iter().map(|(id, record)| (*id, record.clone())).collect()
    }
}

impl Fold for Mappings {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, mappings())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut known = self.known.write();
        for Change { key, value } in changes {
            let id = read_key(key).expect("this crate wrote the key in this process");
            match value {
                Some(value) => {
                    let record = MappingRecord::decode(value).expect("this crate wrote the record in this process");
                    known.insert(id, Arc::new(record));
                }
                None => drop(known.remove(&id)),
            }
        }
    }

    fn announce(&self) {
        self.changed.give();
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let mut range = KeyRange::prefix(&mappings());
            let mut found = BTreeMap::new();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range.start = [&last.key[..], &[0]].concat().into();
                for entry in &page {
                    let decoded =
                        read_key(&entry.key).and_then(|id| Ok((id, MappingRecord::decode(&entry.record.value)?)));
                    match decoded {
                        Ok((id, record)) => drop(found.insert(id, Arc::new(record))),
                        // One that cannot be read takes no other with it.
                        Err(error) => tracing::error!(%error, "an event source mapping cannot be read and is left out"),
                    }
                }
            }
            *self.known.write() = found;
            Ok(())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_key, assert_round_trip};

    fn record(settings: MappingSettings) -> MappingRecord {
        MappingRecord {
            revision: 3,
            account: AccountId::DEFAULT,
            region: Region::us_east_1(),
            source: "arn:aws:sqs:us-east-1:000000000000:q".parse().unwrap(),
            function: "arn:aws:lambda:us-east-1:000000000000:function:f:live".parse().unwrap(),
            modified_at: Timestamp::from_millis(5),
            settings,
            tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        }
    }

    #[test]
    fn records_round_trip() {
        assert_round_trip(&record(MappingSettings::of_queue(true)));
        let mut settings = MappingSettings::of_stream(true);
        settings.filters.push("{}".to_owned());
        settings.metrics = Some(vec!["EventCount".to_owned()]);
        assert_round_trip(&record(settings));
    }

    #[test]
    fn golden_bytes() {
        let expected = concat!(
            "010300",
            "0975732d656173742d31",
            "2461726e3a6177733a7371733a75732d656173742d313a3030303030303030303030303a71",
            "3561726e3a6177733a6c616d6264613a75732d656173742d313a3030303030303030303030303a66756e6374696f6e3a663a6c697665",
            "05",
            "010a000000",
            "00000000",
            "000000",
            "0101610162",
        );
        assert_golden(expected, &record(MappingSettings::of_queue(false)));
        let mapping = Uuid::from_u128(1);
        assert_golden("0100000000000000000000000000000001", &PairRecord { mapping });
        let root = format!("{:02x}", Root::Lambda as u8);
        assert_key(&format!("{root}1000000000000000000000000000000001"), &mapping_key(mapping));
        assert_key(&format!("{root}11610001620001"), &pair_key("a", "b"));
        assert_eq!(read_key(&mapping_key(mapping)), Ok(mapping));
    }
}
