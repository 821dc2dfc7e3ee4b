use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use crate::domain::ExportState;

/// An export of a group's events into a bucket. Its owner and id are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRecord {
    /// What its owner calls it.
    pub name: Option<String>,
    /// The group.
    pub group: String,
    /// Only streams whose names begin so.
    pub stream_prefix: Option<String>,
    /// From this time on.
    pub from_ms: u64,
    /// Up to this time, itself included.
    pub to_ms: u64,
    /// The bucket.
    pub bucket: String,
    /// What the keys of its objects begin with.
    pub prefix: String,
    /// How it stands.
    pub state: ExportState,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Stored for ExportRecord {
    const NAME: &'static str = "logs export";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.option(self.name.as_deref(), Writer::text);
        to.text(&self.group);
        to.option(self.stream_prefix.as_deref(), Writer::text);
        to.varint(self.from_ms);
        to.varint(self.to_ms);
        to.text(&self.bucket);
        to.text(&self.prefix);
        match &self.state {
            ExportState::Unfinished => to.u8(0),
            ExportState::Completed => to.u8(1),
            ExportState::Cancelled => to.u8(2),
            ExportState::Failed(why) => {
                to.u8(3);
                to.text(why);
            }
        }
        to.timestamp(self.created_at);
        to.option(self.ended_at, Writer::timestamp);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(ExportRecord {
            name: from.option(Reader::text)?,
            group: from.text()?,
            stream_prefix: from.option(Reader::text)?,
            from_ms: from.varint()?,
            to_ms: from.varint()?,
            bucket: from.text()?,
            prefix: from.text()?,
            state: match from.u8()? {
                0 => ExportState::Unfinished,
                1 => ExportState::Completed,
                2 => ExportState::Cancelled,
                3 => ExportState::Failed(from.text()?),
                _ => return Err(from.malformed("an unknown state of exports")),
            },
            created_at: from.timestamp()?,
            ended_at: from.option(Reader::timestamp)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let export = ExportRecord {
            name: Some("n".to_owned()),
            group: "g".to_owned(),
            stream_prefix: None,
            from_ms: 1,
            to_ms: 300,
            bucket: "b".to_owned(),
            prefix: "p".to_owned(),
            state: ExportState::Failed("w".to_owned()),
            created_at: Timestamp::from_millis(5),
            ended_at: Some(Timestamp::from_millis(6)),
        };
        tidegate_record::testing::assert_golden("0101016e01670001ac0201620170030177050106", &export);
    }
}
