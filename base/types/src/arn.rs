use std::fmt;
use std::str::FromStr;

use crate::{AccountId, Region};

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// Region and account are absent where a service's ARNs leave them empty (`arn:aws:s3:::bucket`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// The service's name in ARNs, such as `sqs`.
    pub service: String,
    /// Empty in the ARNs of global services.
    pub region: Option<Region>,
    /// Empty in some ARNs, such as a bucket's.
    pub account: Option<AccountId>,
    /// Everything behind the fifth colon; it may contain further colons and slashes.
    pub resource: String,
}

/// The text is not an ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ARN (arn:partition:service:region:account:resource): {0:?}")]
pub struct InvalidArn(pub String);

impl Arn {
    /// An ARN of the `aws` partition with region and account.
    pub fn new(service: &str, region: &Region, account: AccountId, resource: impl Into<String>) -> Arn {
        Arn {
            partition: "aws".to_owned(),
            service: service.to_owned(),
            region: Some(region.clone()),
            account: Some(account),
            resource: resource.into(),
        }
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidArn(text.to_owned());
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or_else(invalid);
        let (prefix, partition, service) = (next()?, next()?, next()?);
        let (region, account, resource) = (next()?, next()?, next()?);
        if prefix != "arn" || partition.is_empty() || service.is_empty() || resource.is_empty() {
            return Err(invalid());
        }
        Ok(Arn {
            partition: partition.to_owned(),
            service: service.to_owned(),
            region: optional(region).map_err(|_| invalid())?,
            account: optional(account).map_err(|_| invalid())?,
            resource: resource.to_owned(),
        })
    }
}

fn optional<T: FromStr>(text: &str) -> Result<Option<T>, T::Err> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}:", self.partition, self.service)?;
        if let Some(region) = &self.region {
            write!(f, "{region}")?;
        }
        f.write_str(":")?;
        if let Some(account) = &self.account {
            write!(f, "{account}")?;
        }
        write!(f, ":{}", self.resource)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_round_trip() {
        for text in [
            "arn:aws:sqs:us-east-1:000000000000:orders",
            "arn:aws:s3:::bucket/key:with:colons",
            "arn:aws:iam::123456789012:role/service-role/x",
        ] {
            assert_eq!(text.parse::<Arn>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_an_arn_is_refused() {
        for text in
            ["", "arn", "arn:aws:sqs:us-east-1:1:orders", "arn:aws:sqs:us-east-1:000000000000:", "urn:aws:sqs:::x"]
        {
            assert!(text.parse::<Arn>().is_err(), "{text:?} must not parse");
        }
    }
}
