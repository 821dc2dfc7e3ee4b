//! Deliveries and anomaly detectors, as AWS shows them.

use std::collections::BTreeMap;

use tidegate_api_logs as api;
use tidegate_types::{Arn, Timestamp};

use crate::store::{
    DeliveryDestinationRecord, DeliveryRecord, DeliverySourceRecord, DetectorRecord, LookupTableRecord,
};

fn some(map: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    Some(map).filter(|map| !map.is_empty())
}

pub(crate) fn millis(time: Timestamp) -> Option<i64> {
    i64::try_from(time.as_millis()).ok()
}

/// A source of deliveries.
pub(crate) fn delivery_source(name: String, arn: String, source: DeliverySourceRecord) -> api::DeliverySource {
    let service = source.resource.parse::<Arn>().ok().map(|arn| arn.service);
    api::DeliverySource {
        name: Some(name),
        arn: Some(arn),
        service,
        resource_arns: Some(vec![source.resource]),
        log_type: Some(source.log_type),
        delivery_source_configuration: some(source.configuration),
        tags: some(source.tags),
        ..api::DeliverySource::default()
    }
}

/// A destination of deliveries.
pub(crate) fn delivery_destination(
    name: String,
    arn: String,
    destination: DeliveryDestinationRecord,
) -> api::DeliveryDestination {
    let configuration = destination
        .resource
        .map(|resource| api::DeliveryDestinationConfiguration { destination_resource_arn: Some(resource) });
    api::DeliveryDestination {
        name: Some(name),
        arn: Some(arn),
        delivery_destination_type: Some(destination.kind),
        output_format: destination.format,
        delivery_destination_configuration: configuration,
        tags: some(destination.tags),
    }
}

/// A delivery.
pub(crate) fn delivery(id: String, arn: String, delivery: DeliveryRecord) -> api::Delivery {
    let is_s3 = delivery.kind == "S3";
    let how = api::S3DeliveryConfiguration {
        suffix_path: delivery.suffix,
        enable_hive_compatible_path: Some(delivery.is_hive.unwrap_or(false)),
    };
    api::Delivery {
        id: Some(id),
        arn: Some(arn),
        delivery_source_name: Some(delivery.source),
        delivery_destination_arn: Some(delivery.destination),
        delivery_destination_type: Some(delivery.kind),
        record_fields: Some(delivery.fields).filter(|fields| !fields.is_empty()),
        field_delimiter: delivery.delimiter,
        s3_delivery_configuration: is_s3.then_some(how),
        tags: some(delivery.tags),
    }
}

/// A lookup table among others.
pub(crate) fn lookup_table(arn: String, name: String, table: LookupTableRecord) -> api::LookupTable {
    api::LookupTable {
        lookup_table_arn: Some(arn),
        lookup_table_name: Some(name),
        description: table.description,
        table_fields: Some(table.columns),
        records_count: i64::try_from(table.rows).ok(),
        size_bytes: i64::try_from(table.bytes).ok(),
        last_updated_time: millis(table.updated_at),
        kms_key_id: table.kms_key,
    }
}

/// A detector among others.
pub(crate) fn detector(arn: String, detector: DetectorRecord) -> api::AnomalyDetector {
    let alone = detector_alone(detector);
    api::AnomalyDetector {
        anomaly_detector_arn: Some(arn),
        detector_name: alone.detector_name,
        log_group_arn_list: alone.log_group_arn_list,
        evaluation_frequency: alone.evaluation_frequency,
        filter_pattern: alone.filter_pattern,
        anomaly_detector_status: alone.anomaly_detector_status,
        kms_key_id: alone.kms_key_id,
        creation_time_stamp: alone.creation_time_stamp,
        last_modified_time_stamp: alone.last_modified_time_stamp,
        anomaly_visibility_time: alone.anomaly_visibility_time,
    }
}

/// A detector that was asked for. It trains for ever.
pub(crate) fn detector_alone(detector: DetectorRecord) -> api::GetLogAnomalyDetectorResponse {
    let status = if detector.is_enabled { "TRAINING" } else { "PAUSED" };
    api::GetLogAnomalyDetectorResponse {
        detector_name: detector.name,
        log_group_arn_list: Some(vec![detector.group]),
        evaluation_frequency: detector.frequency,
        filter_pattern: detector.pattern,
        anomaly_detector_status: Some(status.to_owned()),
        kms_key_id: detector.kms_key,
        creation_time_stamp: millis(detector.created_at),
        last_modified_time_stamp: millis(detector.updated_at),
        anomaly_visibility_time: detector.visible_days.and_then(|days| i64::try_from(days).ok()),
    }
}
