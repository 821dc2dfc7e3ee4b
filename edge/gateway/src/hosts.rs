//! What a host name says: `sqs.eu-west-1.amazonaws.com`, `eu-west-1.queue.amazonaws.com`,
//! `bucket.s3.localhost.localstack.cloud:4566`.

use crate::access::without_port;

/// The domains under which AWS's own names are understood.
const DOMAINS: [&str; 4] = [".amazonaws.com", ".amazonaws.com.cn", ".localhost.localstack.cloud", ".localhost"];

/// What SDKs put in front of the host that they were told, for operations whose answers go on.
pub(crate) const STREAMING: &str = "streaming-";

/// The service and region labels of a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HostLabels<'a> {
    /// The endpoint prefix, such as `sqs`.
    pub service: Option<&'a str>,
    /// The region.
    pub region: Option<&'a str>,
}

impl<'a> HostLabels<'a> {
    /// Reads `host`, asking `is_service` which labels are endpoint prefixes.
    pub fn of(host: &'a str, is_service: impl Fn(&str) -> bool) -> HostLabels<'a> {
        let name = without_port(host);
        let Some(labels) = DOMAINS.iter().find_map(|domain| name.strip_suffix(domain)) else {
            return HostLabels::default();
        };
        let mut found = HostLabels::default();
        // From the right: what stands left of the service is a bucket's or an API's name.
        for label in labels.rsplit('.') {
            // SDKs put this in front of the host for answers that go on.
            let label = label.strip_prefix(STREAMING).unwrap_or(label);
            if is_region(label) {
                found.region = Some(label);
            } else if label == "queue" {
                // SQS's name before regions had endpoints of their own; old SDKs still use it.
                found.service = Some("sqs");
            } else if is_service(label) {
                found.service = Some(label);
                break;
            }
        }
        found
    }
}

/// The bucket that a host names: `bucket.s3.eu-west-1.amazonaws.com`, `bucket.s3.localhost.localstack.cloud`, or,
/// for requests that are signed for S3 (`Some(true)`) or not at all (`None`), `bucket.localhost`.
pub(crate) fn bucket(
    host: &str,
    is_signed: impl FnOnce() -> Option<bool>,
    is_service: impl Fn(&str) -> bool,
) -> Option<&str> {
    let name = without_port(host);
    let (domain, labels) = DOMAINS.iter().find_map(|domain| Some((*domain, name.strip_suffix(domain)?)))?;
    // Most hosts are of no such domain: only now it is worth a look.
    let is_signed = is_signed();
    if is_signed == Some(false) {
        return None;
    }
    // What stands behind `s3`: a region, `dualstack`, or nothing. The last `s3` counts: a bucket may be called so.
    let parts: Vec<&str> = labels.split('.').collect();
    let named = parts
        .iter()
        .rposition(|label| is_s3(label))
        .filter(|&at| parts[at + 1..].iter().all(|label| is_region(label) || *label == "dualstack"));
    if let Some(at) = named {
        let length = parts[..at].iter().map(|label| label.len() + 1).sum::<usize>();
        return length.checked_sub(1).map(|length| &labels[..length]);
    }
    let may_be_bare = domain.starts_with(".localhost");
    let last = *parts.last()?;
    let is_other = is_signed.is_none() && (is_service(last) || is_region(last) || last == "queue");
    (may_be_bare && !is_other && !is_region(last)).then_some(labels)
}

/// `s3`, `s3-eu-west-1`, `s3-accelerate`.
fn is_s3(label: &str) -> bool {
    label == "s3" || label.strip_prefix("s3-").is_some_and(|rest| is_region(rest) || rest == "accelerate")
}

/// `us-east-1`, `us-gov-west-1`: letters, hyphens, and a number at the end.
pub(crate) fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let country = parts.next().is_some_and(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_lowercase()));
    let number = parts.next_back().is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    country && number && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_buckets() {
        let known = |label: &str| ["sqs", "s3"].contains(&label);
        for (host, is_signed, named) in [
            ("my.bucket.s3.amazonaws.com", None, Some("my.bucket")),
            ("b.s3.eu-west-1.amazonaws.com:443", Some(true), Some("b")),
            ("b.s3-eu-west-1.amazonaws.com", Some(true), Some("b")),
            ("b.s3.dualstack.us-east-1.amazonaws.com", Some(true), Some("b")),
            ("s3.s3.amazonaws.com", Some(true), Some("s3")),
            ("b.s3.localhost.localstack.cloud:4566", Some(true), Some("b")),
            ("b.localhost:4566", Some(true), Some("b")),
            ("b.localhost:4566", None, Some("b")),
            ("sqs.localhost:4566", None, None),
            ("sqs.localhost:4566", Some(true), Some("sqs")),
            ("b.localhost:4566", Some(false), None),
            ("s3.eu-west-1.amazonaws.com", Some(true), None),
            ("s3.localhost:4566", Some(true), None),
            ("localhost.localstack.cloud:4566", Some(true), None),
            ("us-east-1.localhost", Some(true), None),
            ("localhost:4566", Some(true), None),
            ("127.0.0.1:4566", Some(true), None),
        ] {
            assert_eq!(bucket(host, || is_signed, known), named, "{host} {is_signed:?}");
        }
    }

    #[test]
    fn hosts_name_services_and_regions() {
        for (host, service, region) in [
            ("sqs.eu-west-1.amazonaws.com", Some("sqs"), Some("eu-west-1")),
            ("eu-west-1.queue.amazonaws.com", Some("sqs"), Some("eu-west-1")),
            ("queue.amazonaws.com", Some("sqs"), None),
            ("sqs.us-gov-west-1.localhost.localstack.cloud:4566", Some("sqs"), Some("us-gov-west-1")),
            ("sqs.localhost:4566", Some("sqs"), None),
            ("streaming-sqs.us-east-1.amazonaws.com", Some("sqs"), Some("us-east-1")),
            ("sqs.s3.us-east-2.amazonaws.com", Some("s3"), Some("us-east-2")),
            ("my.bucket.s3.amazonaws.com", Some("s3"), None),
            ("localhost:4566", None, None),
            ("127.0.0.1:4566", None, None),
            ("[::1]:4566", None, None),
            ("unknown.amazonaws.com", None, None),
        ] {
            let labels = HostLabels::of(host, |label| ["sqs", "s3"].contains(&label));
            assert_eq!(labels, HostLabels { service, region }, "{host}");
        }
    }
}
