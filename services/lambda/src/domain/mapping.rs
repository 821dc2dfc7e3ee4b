//! What an event source mapping may be set to.

/// The settings of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingSettings {
    /// Whether its source is followed.
    pub enabled: bool,
    /// The most records of one call.
    pub batch_size: u32,
    /// For how long a batch may wait to become full.
    pub window_seconds: u32,
    /// The patterns of its filters.
    pub filters: Vec<String>,
    /// Whether the function says which records failed.
    pub partial_failures: bool,
    /// What only one kind of source has.
    pub kind: MappingKind,
    /// Kept and shown without effect.
    pub kms_key: Option<String>,
    /// Kept and shown without effect.
    pub metrics: Option<Vec<String>>,
    /// Kept and shown without effect.
    pub log_level: Option<String>,
}

/// What only one kind of source has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingKind {
    /// An SQS queue.
    Queue(QueueSettings),
    /// A table's stream.
    Stream(StreamSettings),
}

/// What only mappings of queues have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueSettings {
    /// Whether the queue keeps order.
    pub fifo: bool,
    /// The most calls at once.
    pub max_concurrency: Option<u32>,
    /// Provisioned pollers, the least and the most: kept and shown without effect.
    pub pollers: Option<(Option<u32>, Option<u32>)>,
}

/// What only mappings of streams have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSettings {
    /// Whether it begins with what is yet to come, and not with the oldest record.
    pub latest: bool,
    /// How many batches of a shard may be processed at once.
    pub parallelisation: u32,
    /// Whether a batch that failed is split.
    pub bisect: bool,
    /// How often a batch is tried again; -1 is for as long as its records live.
    pub max_retries: i32,
    /// How old records may become, in seconds; -1 is as old as they live.
    pub max_age_seconds: i32,
    /// Where what was given up is told of.
    pub on_failure: Option<String>,
    /// The length of tumbling windows; 0 is none.
    pub tumbling_seconds: u32,
}

/// What a request wants changed; `None` leaves a setting as it is. The ranges of the API's model hold.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "they are the settings above")]
pub struct MappingChange {
    pub enabled: Option<bool>,
    pub batch_size: Option<u32>,
    pub window_seconds: Option<u32>,
    pub filters: Option<Vec<String>>,
    pub partial_failures: Option<bool>,
    pub max_concurrency: Option<Option<u32>>,
    pub pollers: Option<Option<(Option<u32>, Option<u32>)>>,
    pub parallelisation: Option<u32>,
    pub bisect: Option<bool>,
    pub max_retries: Option<i32>,
    pub max_age_seconds: Option<i32>,
    pub on_failure: Option<Option<String>>,
    pub tumbling_seconds: Option<u32>,
    pub kms_key: Option<String>,
    pub metrics: Option<Vec<String>>,
    pub log_level: Option<String>,
}

/// The most filters of a mapping.
const MAX_FILTERS: usize = 10;

/// Why settings do not go together, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum MappingError {
    #[error("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")]
    NoWindow,
    #[error("Batching window is not supported for FIFO queues")]
    WindowOfFifo,
    #[error("Batch size must not exceed 10 for FIFO queues")]
    BatchOfFifo,
    #[error("Unsupported '{0}' parameter for given event source mapping type.")]
    NotForThisSource(&'static str),
    #[error(
        "Provisioned mode for SQS ESM does not support maximum concurrency feature. Use MaximumPollers as the control \
         mechanism and remove maximum concurrency."
    )]
    PollersAndConcurrency,
    #[error("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.")]
    MaxAge,
    #[error("Invalid filter pattern definition.")]
    Pattern,
    #[error("The number of filters must not exceed {MAX_FILTERS}.")]
    TooManyFilters,
}

impl MappingSettings {
    /// As AWS sets up a mapping of a queue.
    pub fn of_queue(fifo: bool) -> MappingSettings {
        let kind = MappingKind::Queue(QueueSettings { fifo, ..QueueSettings::default() });
        MappingSettings::new(10, kind)
    }

    /// As AWS sets up a mapping of a stream.
    pub fn of_stream(latest: bool) -> MappingSettings {
        let kind = MappingKind::Stream(StreamSettings {
            latest,
            parallelisation: 1,
            bisect: false,
            max_retries: -1,
            max_age_seconds: -1,
            on_failure: None,
            tumbling_seconds: 0,
        });
        MappingSettings::new(100, kind)
    }

    fn new(batch_size: u32, kind: MappingKind) -> MappingSettings {
        MappingSettings {
            enabled: true,
            batch_size,
            window_seconds: 0,
            filters: Vec::new(),
            partial_failures: false,
            kind,
            kms_key: None,
            metrics: None,
            log_level: None,
        }
    }

    /// These settings, changed.
    ///
    /// # Errors
    /// [`MappingError`] if they do not go together.
    pub fn changed(mut self, change: MappingChange) -> Result<MappingSettings, MappingError> {
        self.kind = self.kind.changed(&change)?;
        set(&mut self.enabled, change.enabled);
        set(&mut self.batch_size, change.batch_size);
        set(&mut self.window_seconds, change.window_seconds);
        set(&mut self.filters, change.filters);
        set(&mut self.partial_failures, change.partial_failures);
        self.kms_key = change.kms_key.or(self.kms_key);
        self.metrics = change.metrics.or(self.metrics);
        self.log_level = change.log_level.or(self.log_level);
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<(), MappingError> {
        if self.filters.len() > MAX_FILTERS {
            return Err(MappingError::TooManyFilters);
        }
        let MappingKind::Queue(queue) = &self.kind else { return Ok(()) };
        if queue.fifo && self.window_seconds > 0 {
            return Err(MappingError::WindowOfFifo);
        }
        if queue.fifo && self.batch_size > 10 {
            return Err(MappingError::BatchOfFifo);
        }
        if self.batch_size > 10 && self.window_seconds == 0 {
            return Err(MappingError::NoWindow);
        }
        Ok(())
    }
}

fn set<T>(setting: &mut T, wanted: Option<T>) {
    if let Some(wanted) = wanted {
        *setting = wanted;
    }
}

impl MappingKind {
    fn changed(self, change: &MappingChange) -> Result<MappingKind, MappingError> {
        match self {
            MappingKind::Queue(queue) => queue.changed(change).map(MappingKind::Queue),
            MappingKind::Stream(stream) => stream.changed(change).map(MappingKind::Stream),
        }
    }
}

/// Refuses what is given and does not belong there.
fn only_absent(given: &[(&'static str, bool)]) -> Result<(), MappingError> {
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((name, _)) => Err(MappingError::NotForThisSource(name)),
        None => Ok(()),
    }
}

impl QueueSettings {
    fn changed(mut self, change: &MappingChange) -> Result<QueueSettings, MappingError> {
        only_absent(&[
            ("parallelizationFactor", change.parallelisation.is_some()),
            ("bisectBatchOnFunctionError", change.bisect == Some(true)),
            ("maximumRetryAttempts", change.max_retries.is_some()),
            ("maximumRecordAgeInSeconds", change.max_age_seconds.is_some()),
            ("destinationConfig", change.on_failure.as_ref().is_some_and(Option::is_some)),
            ("tumblingWindowInSeconds", change.tumbling_seconds.is_some_and(|seconds| seconds > 0)),
        ])?;
        set(&mut self.max_concurrency, change.max_concurrency);
        set(&mut self.pollers, change.pollers);
        if self.pollers.is_some() && self.max_concurrency.is_some() {
            return Err(MappingError::PollersAndConcurrency);
        }
        Ok(self)
    }
}

impl StreamSettings {
    fn changed(mut self, change: &MappingChange) -> Result<StreamSettings, MappingError> {
        only_absent(&[
            ("scalingConfig", change.max_concurrency.flatten().is_some()),
            ("provisionedPollerConfig", change.pollers.flatten().is_some()),
        ])?;
        set(&mut self.parallelisation, change.parallelisation);
        set(&mut self.bisect, change.bisect);
        set(&mut self.max_retries, change.max_retries);
        set(&mut self.max_age_seconds, change.max_age_seconds);
        set(&mut self.on_failure, change.on_failure.clone());
        set(&mut self.tumbling_seconds, change.tumbling_seconds);
        if self.max_age_seconds != -1 && !(60..=604_800).contains(&self.max_age_seconds) {
            return Err(MappingError::MaxAge);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: MappingSettings, change: MappingChange) -> MappingError {
        settings.changed(change).unwrap_err()
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let large = || MappingChange { batch_size: Some(11), ..MappingChange::default() };
        let windowed = || MappingChange { window_seconds: Some(5), ..MappingChange::default() };
        assert_eq!(refused(MappingSettings::of_queue(false), large()), MappingError::NoWindow);
        assert_eq!(refused(MappingSettings::of_queue(true), large()), MappingError::BatchOfFifo);
        assert_eq!(refused(MappingSettings::of_queue(true), windowed()), MappingError::WindowOfFifo);
        let with_window = MappingSettings::of_queue(false).changed(windowed()).unwrap();
        assert_eq!(with_window.changed(large()).unwrap().batch_size, 11);
        let bisect = MappingChange { bisect: Some(true), ..MappingChange::default() };
        let not_here = MappingError::NotForThisSource("bisectBatchOnFunctionError");
        assert_eq!(refused(MappingSettings::of_queue(false), bisect), not_here);
        let young = MappingChange { max_age_seconds: Some(59), ..MappingChange::default() };
        assert_eq!(refused(MappingSettings::of_stream(true), young), MappingError::MaxAge);
        let both = MappingChange {
            max_concurrency: Some(Some(2)),
            pollers: Some(Some((Some(2), None))),
            ..MappingChange::default()
        };
        assert_eq!(refused(MappingSettings::of_queue(false), both), MappingError::PollersAndConcurrency);
    }

    #[test]
    fn what_is_not_given_stays() {
        let first =
            MappingChange { window_seconds: Some(7), max_concurrency: Some(Some(3)), ..MappingChange::default() };
        let settings = MappingSettings::of_queue(false).changed(first).unwrap();
        let next = MappingChange { max_concurrency: Some(None), enabled: Some(false), ..MappingChange::default() };
        let settings = settings.changed(next).unwrap();
        assert_eq!((settings.window_seconds, settings.enabled), (7, false));
        assert_eq!(settings.kind, MappingKind::Queue(QueueSettings::default()));
    }
}
