use std::time::Duration;

use ::metrics::{SetRecorderError, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::process;

/// How often [`Metrics::upkeep`] wants to be called: at 100,000 samples a second, the samples that
/// wait for it take 4 MB.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Buckets of durations: from a memory access over a disk's sync to a long poll.
const SECONDS: [f64; 16] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// Buckets of sizes.
const BYTES: [f64; 8] = [256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 16_777_216.0];
/// Buckets of everything else, which counts things.
const COUNTS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0];

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The exporter does not take these buckets.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Metrics are set up once in a process.
    #[error("metrics are already set up")]
    AlreadyInstalled(#[from] SetRecorderError<PrometheusRecorder>),
}

/// The metrics of this process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Collects what all crates measure from now on; before this, measuring does nothing.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub fn install() -> Result<Metrics, MetricsError> {
        let (recorder, metrics) = Metrics::build()?;
        ::metrics::set_global_recorder(recorder)?;
        describe();
        Ok(metrics)
    }

    fn build() -> Result<(PrometheusRecorder, Metrics), BuildError> {
        // Fixed buckets, never summaries: a summary keeps its samples and cannot be added up over servers.
        let recorder = PrometheusBuilder::new()
            .set_buckets(&COUNTS)?
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)?
            .build_recorder();
        let handle = recorder.handle();
        Ok((recorder, Metrics { handle }))
    }

    /// All metrics in Prometheus' text form (`text/plain; version=0.0.4`), with what the process
    /// takes of the machine now. `uptime` is how long the server has been running.
    pub fn render(&self, uptime: Duration) -> String {
        ::metrics::gauge!("tidegate_uptime_seconds").set(uptime.as_secs_f64());
        let usage = process::usage();
        let known = [
            ("process_resident_memory_bytes", usage.resident_bytes),
            ("process_open_fds", usage.open_fds),
            ("process_threads", usage.threads),
        ];
        for (name, value) in known {
            if let Some(value) = value {
                ::metrics::gauge!(name).set(value as f64);
            }
        }
        self.handle.render()
    }

    /// Adds the samples that histograms have collected to their buckets. See [`UPKEEP_EVERY`].
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn describe() {
    let gauge = |name: &'static str, unit, text: &'static str| ::metrics::describe_gauge!(name, unit, text);
    gauge("tidegate_uptime_seconds", Unit::Seconds, "How long the server has been running.");
    gauge("process_resident_memory_bytes", Unit::Bytes, "Memory of the process that is in RAM.");
    gauge("process_open_fds", Unit::Count, "Open file descriptors.");
    gauge("process_threads", Unit::Count, "Threads of the process.");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(record: impl FnOnce(&Metrics)) -> String {
        let (recorder, metrics) = Metrics::build().unwrap();
        ::metrics::with_local_recorder(&recorder, || {
            describe();
            record(&metrics);
            metrics.render(Duration::from_millis(1500))
        })
    }

    #[test]
    fn histograms_have_the_buckets_of_their_unit() {
        let text = rendered(|metrics| {
            ::metrics::histogram!("sync_seconds").record(0.003);
            ::metrics::histogram!("body_bytes").record(2000.0);
            metrics.upkeep();
            ::metrics::histogram!("group").record(3.0);
        });
        for line in [
            "sync_seconds_bucket{le=\"0.0025\"} 0",
            "sync_seconds_bucket{le=\"0.005\"} 1",
            "body_bytes_bucket{le=\"4096\"} 1",
            "group_bucket{le=\"4\"} 1",
            "group_count 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn the_process_is_described_and_measured() {
        let text = rendered(|_| {});
        assert!(text.contains("tidegate_uptime_seconds 1.5"), "{text}");
        if cfg!(target_os = "linux") {
            for name in ["process_resident_memory_bytes", "process_open_fds", "process_threads"] {
                assert!(text.contains(&format!("# HELP {name} ")), "{text}");
                let line = text.lines().find(|line| line.starts_with(name)).unwrap();
                let value: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
                assert!(value >= 1.0, "{line}");
            }
        }
    }
}
