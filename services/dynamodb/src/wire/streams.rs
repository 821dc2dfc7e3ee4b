//! Labels, sequence numbers, shards and iterators of streams, as clients see them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use tidegate_api_dynamodbstreams::KeySchemaElement;
use tidegate_log::Position;
use tidegate_types::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use crate::domain::{KeySchema, StreamView, TableAddress};
use crate::store::{ChangeKind, ShardName};

/// For how long an iterator can be used.
const ITERATOR_MS: u64 = 15 * 60_000;

/// The label of a stream that begins now: the time, as AWS writes it.
pub(crate) fn stream_label(now: Timestamp) -> String {
    let (days, millis) = (now.as_millis() / 86_400_000, now.as_millis() % 86_400_000);
    let (year, month, day) = date(days);
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}")
}

/// The date of a day since 1970: Howard Hinnant's `civil_from_days`, for years from 1970 on.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The ARN of a stream.
pub(crate) fn stream_arn(table: &TableAddress, label: &str) -> String {
    format!("{table}/stream/{label}")
}

/// The table and label of a stream's ARN.
pub(crate) fn read_stream_arn(arn: &str) -> Option<(TableAddress, String)> {
    let arn: tidegate_types::Arn = arn.parse().ok()?;
    let (name, label) = arn.resource.strip_prefix("table/")?.split_once("/stream/")?;
    if arn.service != "dynamodb" {
        return None;
    }
    let address = TableAddress { account: arn.account?, region: arn.region?, name: name.to_owned() };
    Some((address, label.to_owned()))
}

/// A position as a sequence number: digits of one length, so that they sort as texts and as numbers.
pub(crate) fn sequence_number(position: Position) -> String {
    format!("1{:020}", position.0)
}

/// The position of a sequence number.
pub(crate) fn read_sequence_number(text: &str) -> Option<Position> {
    let digits = text.strip_prefix('1').filter(|digits| digits.len() == 20)?;
    digits.parse().ok().map(Position)
}

/// A shard's identifier: identifiers sort by when shards were opened, parents before their children.
pub(crate) fn shard_id(shard: ShardName) -> String {
    format!("shardId-{:020}-{:08x}", shard.opened_at.as_millis(), shard.log_shown())
}

/// A place in a shard that a client holds on to. It says all that reading on needs, so it stays valid
/// over a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Iterator {
    pub arn: String,
    /// The shard's log.
    pub log: u64,
    pub from: Position,
    pub issued_at: Timestamp,
}

impl Iterator {
    /// For a client.
    pub(crate) fn seal(&self) -> String {
        BASE64.encode(format!("2|{}|{}|{}|{}", self.log, self.from.0, self.issued_at.as_millis(), self.arn))
    }

    /// From a client.
    pub(crate) fn open(text: &str) -> Option<Iterator> {
        let text = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(5, '|');
        if parts.next() != Some("2") {
            return None;
        }
        let log = parts.next()?.parse().ok()?;
        let from = Position(parts.next()?.parse().ok()?);
        let issued_at = Timestamp::from_millis(parts.next()?.parse().ok()?);
        Some(Iterator { arn: parts.next()?.to_owned(), log, from, issued_at })
    }

    /// Whether it is too old.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.issued_at.plus_millis(ITERATOR_MS)
    }
}

/// What tells a record from every other one, however often it is read.
pub(crate) fn event_id(log: u64, position: Position) -> String {
    let id = [log.to_be_bytes(), position.0.to_be_bytes()].concat();
    format!("{:032x}", xxh3_128(&id))
}

/// What happened to the item.
pub(crate) fn event_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Insert => "INSERT",
        ChangeKind::Modify => "MODIFY",
        ChangeKind::Remove => "REMOVE",
    }
}

/// A key schema as the streams' API has it.
pub(crate) fn stream_schema(keys: &KeySchema) -> Vec<KeySchemaElement> {
    let element = |(part, kind): (&crate::domain::KeyPart, &str)| KeySchemaElement {
        attribute_name: Some(part.name.clone()),
        key_type: Some(kind.to_owned()),
    };
    keys.parts().zip(["HASH", "RANGE"]).map(element).collect()
}

/// The name of a view.
pub(crate) fn view_name(view: StreamView) -> String {
    view.name().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_time_as_aws_writes_it() {
        assert_eq!(stream_label(Timestamp::from_millis(1_456_789_012_345)), "2016-02-29T23:36:52.345");
        assert_eq!(stream_label(Timestamp::EPOCH), "1970-01-01T00:00:00.000");
        assert_eq!(stream_label(Timestamp::from_secs(4_102_444_799)), "2099-12-31T23:59:59.000");
    }

    #[test]
    fn iterators_and_sequence_numbers_are_read_back() {
        let iterator =
            Iterator { arn: "a|b".to_owned(), log: 8, from: Position(7), issued_at: Timestamp::from_millis(9) };
        assert_eq!(Iterator::open(&iterator.seal()), Some(iterator));
        assert_eq!(Iterator::open("AAAA"), None);
        assert_eq!(read_sequence_number(&sequence_number(Position(u64::MAX))), Some(Position(u64::MAX)));
        assert!(sequence_number(Position(9)) < sequence_number(Position(10)));
        assert_eq!(read_sequence_number("1"), None);
    }
}
