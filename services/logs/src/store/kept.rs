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

/// A table that queries look things up in. Its text lies apart, in a [`TableTextRecord`] of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupTableRecord {
    /// What it is for.
    pub description: Option<String>,
    /// Its columns' names.
    pub columns: Vec<String>,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes its text has.
    pub bytes: u64,
    /// The key for its text.
    pub kms_key: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

/// An integration with OpenSearch: dashboards that nobody draws here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationRecord {
    /// The role that reads groups.
    pub role: String,
    /// Who may look.
    pub viewers: Vec<String>,
    /// The application, if it is not a new one.
    pub application: Option<String>,
    /// The key.
    pub kms_key: Option<String>,
    /// For how many days events are kept.
    pub retention_days: u64,
    /// None: it cannot be tagged.
    pub tags: BTreeMap<String, String>,
}

/// A table's comma-separated values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTextRecord(pub String);

impl TableTextRecord {
    /// Where they lie among what is kept.
    pub const KIND: u8 = 6;
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
kept!(LookupTableRecord, 5, "lookup-table", "lookup table");
kept!(IntegrationRecord, 7, "integration", "integration");

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

impl Stored for LookupTableRecord {
    const NAME: &'static str = "logs lookup table";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.option(self.description.as_deref(), Writer::text);
        to.list(self.columns.iter(), |to, column| to.text(column));
        to.varint(self.rows);
        to.varint(self.bytes);
        to.option(self.kms_key.as_deref(), Writer::text);
        to.timestamp(self.created_at);
        to.timestamp(self.updated_at);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(LookupTableRecord {
            description: from.option(Reader::text)?,
            columns: from.list(Reader::text)?,
            rows: from.varint()?,
            bytes: from.varint()?,
            kms_key: from.option(Reader::text)?,
            created_at: from.timestamp()?,
            updated_at: from.timestamp()?,
            tags: read_texts(from)?,
        })
    }
}

impl Stored for IntegrationRecord {
    const NAME: &'static str = "logs integration";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.role);
        to.list(self.viewers.iter(), |to, viewer| to.text(viewer));
        to.option(self.application.as_deref(), Writer::text);
        to.option(self.kms_key.as_deref(), Writer::text);
        to.varint(self.retention_days);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(IntegrationRecord {
            role: from.text()?,
            viewers: from.list(Reader::text)?,
            application: from.option(Reader::text)?,
            kms_key: from.option(Reader::text)?,
            retention_days: from.varint()?,
            tags: read_texts(from)?,
        })
    }
}

impl Stored for TableTextRecord {
    const NAME: &'static str = "text of a logs lookup table";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(TableTextRecord(from.text()?))
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
            tags: tags.clone(),
        };
        let table = LookupTableRecord {
            description: text("d"),
            columns: vec!["c".to_owned()],
            rows: 2,
            bytes: 300,
            kms_key: None,
            created_at: Timestamp::from_millis(5),
            updated_at: Timestamp::from_millis(6),
            tags,
        };
        assert_golden("0101016401016302ac020005060101610162", &table);
        let integration = IntegrationRecord {
            role: "r".to_owned(),
            viewers: vec!["v".to_owned()],
            application: None,
            kms_key: None,
            retention_days: 30,
            tags: BTreeMap::new(),
        };
        assert_golden("01017201017600001e00", &integration);
        assert_golden("010174", &TableTextRecord("t".to_owned()));
        assert_golden("0101016e016700000001070105060101610162", &detector);
    }
}
