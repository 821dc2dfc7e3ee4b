//! Event source mappings, as the API shows and takes them.

use tidegate_api_lambda::{
    CreateEventSourceMappingRequest, DestinationConfig, EventSourceMappingConfiguration,
    EventSourceMappingLoggingConfig, EventSourceMappingMetricsConfig, Filter, FilterCriteria, OnFailure,
    ProvisionedPollerConfig, ScalingConfig, UpdateEventSourceMappingRequest,
};
use tidegate_mapping::LastResult;
use uuid::Uuid;

use crate::domain::{MappingChange, MappingKind};
use crate::store::MappingRecord;

fn natural(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| value.try_into().ok())
}

fn filters(criteria: Option<FilterCriteria>) -> Option<Vec<String>> {
    let filters = criteria?.filters.unwrap_or_default();
    Some(filters.into_iter().map(|filter| filter.pattern.unwrap_or_default()).collect())
}

fn on_failure(config: Option<DestinationConfig>) -> Option<Option<String>> {
    config.map(|config| config.on_failure?.destination.filter(|destination| !destination.is_empty()))
}

fn pollers(config: Option<ProvisionedPollerConfig>) -> Option<Option<(Option<u32>, Option<u32>)>> {
    let config = config?;
    let both = (natural(config.minimum_pollers), natural(config.maximum_pollers));
    Some(Some(both).filter(|both| *both != (None, None)))
}

/// The settings that a request to create asks for.
pub(crate) fn created(input: &CreateEventSourceMappingRequest) -> MappingChange {
    let input = input.clone();
    MappingChange {
        enabled: input.enabled,
        batch_size: natural(input.batch_size),
        window_seconds: natural(input.maximum_batching_window_in_seconds),
        filters: filters(input.filter_criteria),
        partial_failures: input.function_response_types.map(|types| !types.is_empty()),
        max_concurrency: input.scaling_config.map(|config| natural(config.maximum_concurrency)),
        pollers: pollers(input.provisioned_poller_config),
        parallelisation: natural(input.parallelization_factor),
        bisect: input.bisect_batch_on_function_error,
        max_retries: input.maximum_retry_attempts,
        max_age_seconds: input.maximum_record_age_in_seconds,
        on_failure: on_failure(input.destination_config),
        tumbling_seconds: natural(input.tumbling_window_in_seconds),
        kms_key: input.kms_key_arn,
        metrics: input.metrics_config.map(|config| config.metrics.unwrap_or_default()),
        log_level: input.logging_config.and_then(|config| config.system_log_level),
    }
}

/// The settings that a request to update asks for.
pub(crate) fn updated(input: UpdateEventSourceMappingRequest) -> MappingChange {
    MappingChange {
        enabled: input.enabled,
        batch_size: natural(input.batch_size),
        window_seconds: natural(input.maximum_batching_window_in_seconds),
        filters: filters(input.filter_criteria),
        partial_failures: input.function_response_types.map(|types| !types.is_empty()),
        max_concurrency: input.scaling_config.map(|config| natural(config.maximum_concurrency)),
        pollers: pollers(input.provisioned_poller_config),
        parallelisation: natural(input.parallelization_factor),
        bisect: input.bisect_batch_on_function_error,
        max_retries: input.maximum_retry_attempts,
        max_age_seconds: input.maximum_record_age_in_seconds,
        on_failure: on_failure(input.destination_config),
        tumbling_seconds: natural(input.tumbling_window_in_seconds),
        kms_key: input.kms_key_arn,
        metrics: input.metrics_config.map(|config| config.metrics.unwrap_or_default()),
        log_level: input.logging_config.and_then(|config| config.system_log_level),
    }
}

fn last_result(last: LastResult) -> &'static str {
    match last {
        LastResult::Nothing => "No records processed",
        LastResult::Ok => "OK",
        LastResult::CallFailed => "PROBLEM: Function call failed",
        LastResult::NoSource => "PROBLEM: The event source does not exist",
        LastResult::SourceFailed => "PROBLEM: The event source could not be read",
    }
}

/// A mapping as the API shows it.
pub(crate) fn mapping(
    id: Uuid,
    record: &MappingRecord,
    state: &str,
    last: LastResult,
) -> EventSourceMappingConfiguration {
    let settings = &record.settings;
    let patterns = settings.filters.iter().map(|pattern| Filter { pattern: Some(pattern.clone()) });
    let shown = EventSourceMappingConfiguration {
        uuid: Some(id.to_string()),
        event_source_mapping_arn: Some(record.arn(id).to_string()),
        event_source_arn: Some(record.source.to_string()),
        function_arn: Some(record.function.to_string()),
        last_modified: Some(record.modified_at),
        state: Some(state.to_owned()),
        batch_size: Some(settings.batch_size as i32),
        maximum_batching_window_in_seconds: Some(settings.window_seconds as i32),
        filter_criteria: (!settings.filters.is_empty()).then(|| FilterCriteria { filters: Some(patterns.collect()) }),
        function_response_types: Some(
            settings.partial_failures.then(|| "ReportBatchItemFailures".to_owned()).into_iter().collect(),
        ),
        kms_key_arn: settings.kms_key.clone(),
        metrics_config: settings
            .metrics
            .clone()
            .map(|metrics| EventSourceMappingMetricsConfig { metrics: Some(metrics) }),
        logging_config: settings
            .log_level
            .clone()
            .map(|level| EventSourceMappingLoggingConfig { system_log_level: Some(level) }),
        ..EventSourceMappingConfiguration::default()
    };
    match &settings.kind {
        MappingKind::Queue(queue) => EventSourceMappingConfiguration {
            state_transition_reason: Some("USER_INITIATED".to_owned()),
            scaling_config: queue.max_concurrency.map(|most| ScalingConfig { maximum_concurrency: Some(most as i32) }),
            provisioned_poller_config: queue.pollers.map(|(least, most)| ProvisionedPollerConfig {
                minimum_pollers: least.map(|least| least as i32),
                maximum_pollers: most.map(|most| most as i32),
                ..ProvisionedPollerConfig::default()
            }),
            ..shown
        },
        MappingKind::Stream(stream) => EventSourceMappingConfiguration {
            state_transition_reason: Some("User action".to_owned()),
            last_processing_result: Some(last_result(last).to_owned()),
            starting_position: Some(if stream.latest { "LATEST" } else { "TRIM_HORIZON" }.to_owned()),
            parallelization_factor: Some(stream.parallelisation as i32),
            bisect_batch_on_function_error: Some(stream.bisect),
            maximum_retry_attempts: Some(stream.max_retries),
            maximum_record_age_in_seconds: Some(stream.max_age_seconds),
            tumbling_window_in_seconds: Some(stream.tumbling_seconds as i32),
            destination_config: Some(DestinationConfig {
                on_failure: Some(OnFailure { destination: stream.on_failure.clone() }),
                ..DestinationConfig::default()
            }),
            ..shown
        },
    }
}
