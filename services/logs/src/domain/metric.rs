//! What a metric filter makes of events.

use std::collections::BTreeMap;

use tidegate_logfilter::{Extracted, Pattern};

use super::batch::Event;

/// What becomes of an event that matches.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricTransformation {
    /// The metric's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// A number, or a reference to a value of the event.
    pub value: String,
    /// What counts when a batch has events and none of them matches.
    pub default: Option<f64>,
    /// Names of dimensions and references to their values.
    pub dimensions: BTreeMap<String, String>,
    /// What the number counts.
    pub unit: Option<String>,
}

/// One number for a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The number.
    pub value: f64,
    /// The dimensions of the event.
    pub dimensions: BTreeMap<String, String>,
}

/// The samples that a batch of events gives.
pub fn samples(pattern: &Pattern, metric: &MetricTransformation, events: &[Event]) -> Vec<Sample> {
    let mut matched = false;
    let mut samples = Vec::new();
    for event in events {
        let Some(extracted) = pattern.matches(&event.message) else { continue };
        matched = true;
        samples.extend(sample(metric, &extracted));
    }
    match metric.default {
        Some(value) if !matched && !events.is_empty() => vec![Sample { value, dimensions: BTreeMap::new() }],
        _ => samples,
    }
}

/// An event whose value is no number, or that lacks a dimension, gives nothing: so AWS documents it.
fn sample(metric: &MetricTransformation, extracted: &Extracted) -> Option<Sample> {
    let value = match tidegate_logfilter::is_reference(&metric.value) {
        true => extracted.value(&metric.value)?.parse().ok()?,
        false => metric.value.parse().ok()?,
    };
    let dimension = |(name, reference): (&String, &String)| Some((name.clone(), extracted.value(reference)?));
    let dimensions = metric.dimensions.iter().map(dimension).collect::<Option<_>>()?;
    f64::is_finite(value).then_some(Sample { value, dimensions })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(value: &str, default: Option<f64>, dimensions: &[(&str, &str)]) -> MetricTransformation {
        MetricTransformation {
            name: "m".to_owned(),
            namespace: "n".to_owned(),
            value: value.to_owned(),
            default,
            dimensions: dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            unit: None,
        }
    }

    fn values(pattern: &str, metric: &MetricTransformation, messages: &[&str]) -> Vec<(f64, String)> {
        let events: Vec<Event> = messages.iter().map(|message| Event::new(0, (*message).to_owned())).collect();
        samples(&Pattern::parse(pattern).unwrap(), metric, &events)
            .into_iter()
            .map(|sample| (sample.value, format!("{:?}", sample.dimensions)))
            .collect()
    }

    #[test]
    fn numbers_references_defaults_and_dimensions() {
        let none = "{}".to_owned();
        assert_eq!(values("ERROR", &metric("1", None, &[]), &["ERROR a", "b"]), [(1.0, none.clone())]);
        assert_eq!(values("ERROR", &metric("1", Some(0.0), &[]), &["b"]), [(0.0, none.clone())]);
        assert_eq!(values("ERROR", &metric("1", None, &[]), &["b"]), []);
        let latency = metric("$.latency", None, &[("Path", "$.path")]);
        let lines = [r#"{"latency":2.5,"path":"/a"}"#, r#"{"latency":"slow","path":"/a"}"#, r#"{"latency":1}"#];
        assert_eq!(values("{ $.latency = * }", &latency, &lines), [(2.5, r#"{"Path": "/a"}"#.to_owned())]);
        assert_eq!(values("[ip, bytes]", &metric("$bytes", None, &[]), &["1.2.3.4 17"]), [(17.0, none)]);
    }
}
