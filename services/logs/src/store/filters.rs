use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{Arn, Timestamp};

use super::group::{read_texts, write_texts};
use crate::domain::MetricTransformation;

/// How a filter looks at events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterOptions {
    /// Whether it looks at what a transformer made of them.
    pub on_transformed: bool,
    /// Which events beside its pattern, as its owner wrote it.
    pub criteria: Option<String>,
    /// Which fields of the system go along.
    pub system_fields: Vec<String>,
}

impl FilterOptions {
    fn write(&self, to: &mut Writer) {
        to.bool(self.on_transformed);
        to.option(self.criteria.as_deref(), Writer::text);
        to.list(self.system_fields.iter(), |to, field| to.text(field));
    }

    fn read(from: &mut Reader<'_>) -> Result<FilterOptions, DecodeError> {
        Ok(FilterOptions {
            on_transformed: from.bool()?,
            criteria: from.option(Reader::text)?,
            system_fields: from.list(Reader::text)?,
        })
    }
}

/// A subscription filter. Its group and name are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRecord {
    /// Which events it chooses, as its owner wrote it.
    pub pattern: String,
    /// Where they go: as its owner wrote it, perhaps a destination of CloudWatch Logs.
    pub destination: Arn,
    /// Where that is in the end.
    pub target: Arn,
    /// The role by which they go there.
    pub role: Option<String>,
    /// `Random` or `ByLogStream`.
    pub is_random: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// How it looks at events.
    pub options: FilterOptions,
}

impl Stored for SubscriptionRecord {
    const NAME: &'static str = "subscription filter";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.text(&self.pattern);
        to.text(&self.destination.to_string());
        to.text(&self.target.to_string());
        to.option(self.role.as_deref(), Writer::text);
        to.bool(self.is_random);
        to.timestamp(self.created_at);
        self.options.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let before = SubscriptionRecord::read_first(from)?;
        Ok(SubscriptionRecord { options: FilterOptions::read(from)?, ..before })
    }

    /// Version 1 had no options.
    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            1 => SubscriptionRecord::read_first(from),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

impl SubscriptionRecord {
    fn read_first(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(SubscriptionRecord {
            pattern: from.text()?,
            destination: read_arn(from)?,
            target: read_arn(from)?,
            role: from.option(Reader::text)?,
            is_random: from.bool()?,
            created_at: from.timestamp()?,
            options: FilterOptions::default(),
        })
    }
}

fn read_arn(from: &mut Reader<'_>) -> Result<Arn, DecodeError> {
    from.str()?.parse().map_err(|_| from.malformed("not an ARN"))
}

/// A metric filter. Its group and name are its key.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFilterRecord {
    /// Which events it chooses, as its owner wrote it.
    pub pattern: String,
    /// What becomes of them.
    pub metric: MetricTransformation,
    /// When it was created.
    pub created_at: Timestamp,
    /// How it looks at events.
    pub options: FilterOptions,
}

impl Stored for MetricFilterRecord {
    const NAME: &'static str = "metric filter";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        let MetricTransformation { name, namespace, value, default, dimensions, unit } = &self.metric;
        to.text(&self.pattern);
        to.text(name);
        to.text(namespace);
        to.text(value);
        to.option(*default, |to, default| to.fixed_u64(default.to_bits()));
        write_texts(to, dimensions);
        to.option(unit.as_deref(), Writer::text);
        to.timestamp(self.created_at);
        self.options.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let before = MetricFilterRecord::read_first(from)?;
        Ok(MetricFilterRecord { options: FilterOptions::read(from)?, ..before })
    }

    /// Version 1 had no options.
    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            1 => MetricFilterRecord::read_first(from),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

impl MetricFilterRecord {
    fn read_first(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(MetricFilterRecord {
            pattern: from.text()?,
            metric: MetricTransformation {
                name: from.text()?,
                namespace: from.text()?,
                value: from.text()?,
                default: from.option(read_number)?,
                dimensions: read_texts(from)?,
                unit: from.option(Reader::text)?,
            },
            created_at: from.timestamp()?,
            options: FilterOptions::default(),
        })
    }
}

fn read_number(from: &mut Reader<'_>) -> Result<f64, DecodeError> {
    let number = f64::from_bits(from.fixed_u64()?);
    if number.is_finite() { Ok(number) } else { Err(from.malformed("a number that is none")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tidegate_record::testing::{assert_golden, assert_reads_older};

    #[test]
    fn golden_bytes() {
        let options =
            FilterOptions { on_transformed: true, criteria: Some("c".to_owned()), system_fields: vec!["f".to_owned()] };
        let target: Arn = "arn:aws:sqs:us-east-1:000000000000:q".parse().unwrap();
        let subscription = SubscriptionRecord {
            pattern: "p".to_owned(),
            destination: target.clone(),
            target,
            role: Some("r".to_owned()),
            is_random: true,
            created_at: Timestamp::from_millis(5),
            options: options.clone(),
        };
        let arn = "2461726e3a6177733a7371733a75732d656173742d313a3030303030303030303030303a71";
        assert_golden(&format!("020170{arn}{arn}010172010501010163010166"), &subscription);
        let older = SubscriptionRecord { options: FilterOptions::default(), ..subscription };
        assert_reads_older(&format!("010170{arn}{arn}0101720105"), &older);
        let metric = MetricFilterRecord {
            pattern: "p".to_owned(),
            metric: MetricTransformation {
                name: "m".to_owned(),
                namespace: "n".to_owned(),
                value: "1".to_owned(),
                default: Some(1.0),
                dimensions: BTreeMap::from([("d".to_owned(), "$.d".to_owned())]),
                unit: Some("u".to_owned()),
            },
            created_at: Timestamp::from_millis(5),
            options: options.clone(),
        };
        assert_golden("020170016d016e0131013ff000000000000001016403242e640101750501010163010166", &metric);
        let older = MetricFilterRecord { options: FilterOptions::default(), ..metric };
        assert_reads_older("010170016d016e0131013ff000000000000001016403242e6401017505", &older);
    }
}
