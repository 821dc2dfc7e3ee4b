use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{Arn, Timestamp};

use super::group::{read_texts, write_texts};
use crate::domain::MetricTransformation;

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
}

impl Stored for SubscriptionRecord {
    const NAME: &'static str = "subscription filter";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.pattern);
        to.text(&self.destination.to_string());
        to.text(&self.target.to_string());
        to.option(self.role.as_deref(), Writer::text);
        to.bool(self.is_random);
        to.timestamp(self.created_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(SubscriptionRecord {
            pattern: from.text()?,
            destination: read_arn(from)?,
            target: read_arn(from)?,
            role: from.option(Reader::text)?,
            is_random: from.bool()?,
            created_at: from.timestamp()?,
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
}

impl Stored for MetricFilterRecord {
    const NAME: &'static str = "metric filter";
    const VERSION: u8 = 1;

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
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
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
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let target: Arn = "arn:aws:sqs:us-east-1:000000000000:q".parse().unwrap();
        let subscription = SubscriptionRecord {
            pattern: "p".to_owned(),
            destination: target.clone(),
            target,
            role: Some("r".to_owned()),
            is_random: true,
            created_at: Timestamp::from_millis(5),
        };
        let arn = "2461726e3a6177733a7371733a75732d656173742d313a3030303030303030303030303a71";
        assert_golden(&format!("010170{arn}{arn}0101720105"), &subscription);
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
        };
        assert_golden("010170016d016e0131013ff000000000000001016403242e6401017505", &metric);
    }
}
