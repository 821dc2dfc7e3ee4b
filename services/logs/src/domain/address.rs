use std::fmt;

use tidegate_types::{AccountId, Arn, Region};

/// Which log group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupAddress {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Its name, as the model's constraints let it through.
    pub name: String,
}

impl GroupAddress {
    /// `arn:…:log-group:NAME`, without the `:*` that older answers end with.
    pub fn arn(&self) -> Arn {
        Arn::new("logs", &self.region, self.account, format!("log-group:{}", self.name))
    }

    /// The ARN of one of its streams.
    pub fn stream_arn(&self, stream: &str) -> String {
        format!("{}:log-stream:{stream}", self.arn())
    }

    /// The group that an ARN names, with or without `:*` behind it, or by one of its streams.
    pub fn of_arn(arn: &Arn) -> Option<GroupAddress> {
        let rest = arn.resource.strip_prefix("log-group:").filter(|_| arn.service == "logs")?;
        let name = rest.split(':').next().filter(|name| !name.is_empty())?;
        Some(GroupAddress { account: arn.account?, region: arn.region.clone()?, name: name.to_owned() })
    }
}

/// How a request names a group: `logGroupName`, or a name or ARN in `logGroupIdentifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupReference(pub String);

impl GroupReference {
    /// The group, where a bare name is one of the caller's.
    pub fn resolve(&self, account: AccountId, region: &Region) -> Option<GroupAddress> {
        if self.0.starts_with("arn:") {
            return GroupAddress::of_arn(&self.0.parse().ok()?);
        }
        Some(GroupAddress { account, region: region.clone(), name: self.0.clone() })
    }
}

/// The name of a stream: 1 to 512 characters, none of them `:` or `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(String);

impl StreamName {
    /// The name, if it is one.
    pub fn parse(text: &str) -> Option<StreamName> {
        let length = text.chars().count();
        let fits = (1..=512).contains(&length) && !text.contains([':', '*']);
        fits.then(|| StreamName(text.to_owned()))
    }

    /// A name made of any text, for streams that nobody named.
    pub fn from_any(text: &str) -> StreamName {
        let name: String = text.chars().map(|c| if matches!(c, ':' | '*') { '-' } else { c }).take(512).collect();
        StreamName(if name.is_empty() { "events".to_owned() } else { name })
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_by_name_and_arn() {
        let (account, region) = (AccountId::DEFAULT, Region::us_east_1());
        let here = GroupAddress { account, region: region.clone(), name: "/aws/lambda/f".to_owned() };
        for text in [
            "/aws/lambda/f",
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f",
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*",
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:log-stream:s",
        ] {
            assert_eq!(GroupReference(text.to_owned()).resolve(account, &region), Some(here.clone()), "{text}");
        }
        for text in
            ["arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:logs:us-east-1:000000000000:destination:d", "arn:"]
        {
            assert_eq!(GroupReference(text.to_owned()).resolve(account, &region), None, "{text}");
        }
    }

    #[test]
    fn streams_have_names_without_colons_and_stars() {
        assert!(StreamName::parse("2024/01/01/[$LATEST]abc").is_some());
        for text in ["", "a:b", "a*", &"x".repeat(513)] {
            assert_eq!(StreamName::parse(text), None, "{text}");
            assert!(StreamName::parse(StreamName::from_any(text).as_str()).is_some());
        }
    }
}
