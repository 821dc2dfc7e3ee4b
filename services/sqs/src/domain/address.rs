use tidegate_types::{AccountId, Arn, Region};

use super::QueueName;

/// Which queue: names are unique within an account and a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueAddress {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Its name.
    pub name: QueueName,
}

/// What a client wrote to name a queue: account and region may be left to the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueReference {
    account: Option<AccountId>,
    region: Option<Region>,
    name: QueueName,
}

impl QueueAddress {
    /// The queue's ARN.
    pub fn arn(&self) -> Arn {
        Arn::new("sqs", &self.region, self.account, self.name.as_str())
    }

    /// The queue that an ARN names; `None` if it is not the ARN of a queue.
    pub fn of_arn(arn: &Arn) -> Option<QueueAddress> {
        if arn.service != "sqs" {
            return None;
        }
        let name = QueueName::parse(&arn.resource).ok()?;
        Some(QueueAddress { account: arn.account?, region: arn.region.clone()?, name })
    }
}

impl QueueReference {
    /// Reads a queue URL in any of the forms that are in use, or a bare queue name:
    ///
    /// - `https://sqs.eu-central-1.amazonaws.com/123456789012/orders` and its older form
    ///   `https://eu-central-1.queue.amazonaws.com/…` (the region is the host's)
    /// - `http://localhost:4566/000000000000/orders`
    /// - `http://localhost:4566/queue/eu-central-1/000000000000/orders` (LocalStack's path style)
    ///
    /// The host is otherwise ignored: whoever reached us meant us. `None` means that no queue can
    /// have this URL.
    pub fn parse(url: &str) -> Option<QueueReference> {
        let (host, path) = match url.split_once("://") {
            Some((_scheme, rest)) => rest.split_once('/')?,
            // SDKs pass what they were given, and AWS takes a bare name.
            None => ("", url),
        };
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (region, account, name) = match segments[..] {
            [name] => (region_of_host(host), None, name),
            [account, name] => (region_of_host(host), Some(account), name),
            ["queue", region, account, name] => (Some(region), Some(account), name),
            _ => return None,
        };
        Some(QueueReference {
            account: account.map(str::parse).transpose().ok()?,
            region: region.map(str::parse).transpose().ok()?,
            name: QueueName::parse(name).ok()?,
        })
    }

    /// Whether it names the account too, as a queue's URL does.
    pub fn is_whole(&self) -> bool {
        self.account.is_some()
    }

    /// The address, with what the client left out taken from its request.
    pub fn resolve(self, account: AccountId, region: &Region) -> QueueAddress {
        QueueAddress {
            account: self.account.unwrap_or(account),
            region: self.region.unwrap_or_else(|| region.clone()),
            name: self.name,
        }
    }
}

/// The region in `sqs.REGION.…` and `REGION.queue.…`.
fn region_of_host(host: &str) -> Option<&str> {
    let host = host.split(':').next().unwrap_or(host);
    let mut labels = host.split('.');
    match (labels.next()?, labels.next()?, labels.next()) {
        ("sqs", region, Some(_domain)) => Some(region),
        (region, "queue", Some(_domain)) => Some(region),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Option<String> {
        let default = (AccountId::DEFAULT, Region::us_east_1());
        QueueReference::parse(url).map(|queue| queue.resolve(default.0, &default.1).arn().to_string())
    }

    #[test]
    fn every_style_of_url_is_understood() {
        for (url, arn) in [
            ("http://localhost:4566/123456789012/q", "us-east-1:123456789012:q"),
            ("https://sqs.eu-central-1.amazonaws.com/123456789012/q.fifo", "eu-central-1:123456789012:q.fifo"),
            ("http://sqs.eu-west-1.localhost.localstack.cloud:4566/123456789012/q", "eu-west-1:123456789012:q"),
            ("https://eu-west-1.queue.amazonaws.com/123456789012/q", "eu-west-1:123456789012:q"),
            ("http://queue.amazonaws.com/123456789012/q", "us-east-1:123456789012:q"),
            ("http://localhost:4566/queue/eu-west-2/123456789012/q", "eu-west-2:123456789012:q"),
            ("http://127.0.0.1:4566/123456789012/q/", "us-east-1:123456789012:q"),
            ("q", "us-east-1:000000000000:q"),
            ("123456789012/q", "us-east-1:123456789012:q"),
            ("http://localhost:4566/q", "us-east-1:000000000000:q"),
        ] {
            assert_eq!(parsed(url), Some(format!("arn:aws:sqs:{arn}")), "{url}");
        }
    }

    #[test]
    fn what_no_queue_can_have_is_refused() {
        for url in ["", "/", "http://host", "http://host/", "http://host/1/q", "http://h/000000000000/a b", "a/b/c/d/e"]
        {
            assert_eq!(parsed(url), None, "{url}");
        }
    }
}
