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

/// `us-east-1`, `us-gov-west-1`: letters, hyphens, and a number at the end.
fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let country = parts.next().is_some_and(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_lowercase()));
    let number = parts.next_back().is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    country && number && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

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
