//! What the service counts, for all groups together: a label for each group would make the number of time
//! series the clients' choice. Metric filters are the exception: they are asked for one by one.

use std::collections::HashSet;

use metrics::{Counter, counter, gauge};
use parking_lot::Mutex;

use crate::domain::{MetricTransformation, Sample};
use crate::store::Group;

/// The most time series of metric filters: dimensions are made of what logs say.
const MAX_SERIES: usize = 10_000;

/// The counters, looked up once.
pub(crate) struct Meters {
    /// Events that were written.
    pub written: Counter,
    /// Their size.
    pub written_bytes: Counter,
    /// Events that were removed because they had outlived their group's retention.
    pub expired_bytes: Counter,
    /// Deliveries that a subscriber refused.
    pub refused: Counter,
    dropped: Counter,
    series: Mutex<HashSet<String>>,
}

impl Meters {
    /// The counters of the recorder that is installed by now.
    pub(crate) fn new() -> Meters {
        metrics::describe_counter!(
            "tidegate_logs_metric_samples_total",
            "Samples that metric filters made, by account, region, namespace, metric and dimensions."
        );
        metrics::describe_gauge!("tidegate_logs_metric_sum", "The sum of the samples that metric filters made.");
        Meters {
            written: counter!("tidegate_logs_events_written_total"),
            written_bytes: counter!("tidegate_logs_bytes_written_total"),
            expired_bytes: counter!("tidegate_logs_bytes_expired_total"),
            refused: counter!("tidegate_logs_subscription_refusals_total"),
            dropped: counter!("tidegate_logs_metric_samples_dropped_total"),
            series: Mutex::default(),
        }
    }

    /// Counts a metric filter's samples.
    pub(crate) fn samples(&self, group: &Group, metric: &MetricTransformation, samples: &[Sample]) {
        for sample in samples {
            let pairs = sample.dimensions.iter().map(|(name, value)| format!("{name}={value}"));
            let dimensions = pairs.collect::<Vec<_>>().join(",");
            let labels = [
                ("account", group.address.account.to_string()),
                ("region", group.address.region.to_string()),
                ("namespace", metric.namespace.clone()),
                ("metric", metric.name.clone()),
                ("dimensions", dimensions),
            ];
            if self.has_room(&labels) {
                counter!("tidegate_logs_metric_samples_total", &labels).increment(1);
                gauge!("tidegate_logs_metric_sum", &labels).increment(sample.value);
            } else {
                self.dropped.increment(1);
            }
        }
    }

    fn has_room(&self, labels: &[(&str, String)]) -> bool {
        let name = labels.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\u{0}");
        let mut series = self.series.lock();
        series.contains(&name) || (series.len() < MAX_SERIES && series.insert(name))
    }
}
