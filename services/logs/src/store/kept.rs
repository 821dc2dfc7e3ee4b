//! What is kept and shown, and done by nobody here: deliveries of what AWS services log, and anomaly detectors.

use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::group::{read_texts, write_texts};

/// A record that an account has by name, with tags.
pub trait Kept: Stored + Clone + Send + Sync {
    /// Where such records lie.
    const KIND: u8;
    /// What its ARN has before its name.
    const RESOURCE: &'static str;
    /// What errors call it.
    const WHAT: &'static str;

    /// What its owner calls it by.
    fn tags(&mut self) -> &mut BTreeMap<String, String>;
}

/// Something that logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySourceRecord {
    /// Its ARN.
    pub resource: String,
    /// What of its logs.
    pub log_type: String,
    /// How it logs.
    pub configuration: BTreeMap<String, String>,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

/// Where logs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDestinationRecord {
    /// The ARN of a bucket, group or stream; traces have none.
    pub resource: Option<String>,
    /// `S3`, `CWL`, `FH` or `XRAY`.
    pub kind: String,
    /// In which form.
    pub format: Option<String>,
    /// Who may send to it.
    pub policy: Option<String>,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

/// A source with a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The source's name.
    pub source: String,
    /// The destination's ARN.
    pub destination: String,
    /// What kind of destination that is.
    pub kind: String,
    /// Which fields go there, in order.
    pub fields: Vec<String>,
    /// What stands between them.
    pub delimiter: Option<String>,
    /// What keys of objects end with.
    pub suffix: Option<String>,
    /// Whether keys are as Hive has them.
    pub is_hive: Option<bool>,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

/// A watch over a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectorRecord {
    /// What its owner calls it.
    pub name: Option<String>,
    /// The group's ARN.
    pub group: String,
    /// How often it looks.
    pub frequency: Option<String>,
    /// Which events.
    pub pattern: Option<String>,
    /// The key for what it finds.
    pub kms_key: Option<String>,
    /// For how many days it tells of what it found.
    pub visible_days: Option<u64>,
    /// Whether it looks at all.
    pub is_enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

macro_rules! kept {
    ($record:ty, $kind:literal, $resource:literal, $what:literal) => {
        impl Kept for $record {
            const KIND: u8 = $kind;
            const RESOURCE: &'static str = $resource;
            const WHAT: &'static str = $what;

            fn tags(&mut self) -> &mut BTreeMap<String, String> {
                &mut self.tags
            }
        }
    };
}

kept!(DeliverySourceRecord, 1, "delivery-source", "delivery source");
kept!(DeliveryDestinationRecord, 2, "delivery-destination", "delivery destination");
kept!(DeliveryRecord, 3, "delivery", "delivery");
kept!(DetectorRecord, 4, "anomaly-detector", "anomaly detector");

impl Stored for DeliverySourceRecord {
    const NAME: &'static str = "logs delivery source";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.resource);
        to.text(&self.log_type);
        write_texts(to, &self.configuration);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(DeliverySourceRecord {
            resource: from.text()?,
            log_type: from.text()?,
            configuration: read_texts(from)?,
            tags: read_texts(from)?,
        })
    }
}

impl Stored for DeliveryDestinationRecord {
    const NAME: &'static str = "logs delivery destination";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.option(self.resource.as_deref(), Writer::text);
        to.text(&self.kind);
        to.option(self.format.as_deref(), Writer::text);
        to.option(self.policy.as_deref(), Writer::text);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(DeliveryDestinationRecord {
            resource: from.option(Reader::text)?,
            kind: from.text()?,
            format: from.option(Reader::text)?,
            policy: from.option(Reader::text)?,
            tags: read_texts(from)?,
        })
    }
}

impl Stored for DeliveryRecord {
    const NAME: &'static str = "logs delivery";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.source);
        to.text(&self.destination);
        to.text(&self.kind);
        to.list(self.fields.iter(), |to, field| to.text(field));
        to.option(self.delimiter.as_deref(), Writer::text);
        to.option(self.suffix.as_deref(), Writer::text);
        to.option(self.is_hive, Writer::bool);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(DeliveryRecord {
            source: from.text()?,
            destination: from.text()?,
            kind: from.text()?,
            fields: from.list(Reader::text)?,
            delimiter: from.option(Reader::text)?,
            suffix: from.option(Reader::text)?,
            is_hive: from.option(Reader::bool)?,
            tags: read_texts(from)?,
        })
    }
}

impl Stored for DetectorRecord {
    const NAME: &'static str = "logs anomaly detector";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.option(self.name.as_deref(), Writer::text);
        to.text(&self.group);
        to.option(self.frequency.as_deref(), Writer::text);
        to.option(self.pattern.as_deref(), Writer::text);
        to.option(self.kms_key.as_deref(), Writer::text);
        to.option(self.visible_days, Writer::varint);
        to.bool(self.is_enabled);
        to.timestamp(self.created_at);
        to.timestamp(self.updated_at);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(DetectorRecord {
            name: from.option(Reader::text)?,
            group: from.text()?,
            frequency: from.option(Reader::text)?,
            pattern: from.option(Reader::text)?,
            kms_key: from.option(Reader::text)?,
            visible_days: from.option(Reader::varint)?,
            is_enabled: from.bool()?,
            created_at: from.timestamp()?,
            updated_at: from.timestamp()?,
            tags: read_texts(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let text = |text: &str| Some(text.to_owned());
        let source = DeliverySourceRecord {
            resource: "r".to_owned(),
            log_type: "t".to_owned(),
            configuration: BTreeMap::new(),
            tags: tags.clone(),
        };
        assert_golden("0101720174000101610162", &source);
        let destination = DeliveryDestinationRecord {
            resource: text("r"),
            kind: "S3".to_owned(),
            format: None,
            policy: text("p"),
            tags: tags.clone(),
        };
        assert_golden("01010172025333000101700101610162", &destination);
        let delivery = DeliveryRecord {
            source: "s".to_owned(),
            destination: "d".to_owned(),
            kind: "S3".to_owned(),
            fields: vec!["f".to_owned()],
            delimiter: text(","),
            suffix: None,
            is_hive: Some(true),
            tags: tags.clone(),
        };
        assert_golden("010173016402533301016601012c0001010101610162", &delivery);
        let detector = DetectorRecord {
            name: text("n"),
            group: "g".to_owned(),
            frequency: None,
            pattern: None,
            kms_key: None,
            visible_days: Some(7),
            is_enabled: true,
            created_at: Timestamp::from_millis(5),
            updated_at: Timestamp::from_millis(6),
            tags,
        };
        assert_golden("0101016e016700000001070105060101610162", &detector);
    }
}
