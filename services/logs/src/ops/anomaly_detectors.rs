//! Anomaly detectors: kept and shown. None of them finds anything.

use tidegate_api_logs as api;
use tidegate_logfilter::Pattern;
use tidegate_protocol::Call;
use tidegate_store::Tx;
use tidegate_types::Arn;

use super::kept::{add_in, arn_of, delete, latch, name_of, page, put, read};
use crate::domain::GroupAddress;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{DetectorRecord, Kept};
use crate::wire;

/// Creates a detector for one group.
pub(crate) async fn create_log_anomaly_detector(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::CreateLogAnomalyDetectorRequest,
) -> Result<api::CreateLogAnomalyDetectorResponse, Error> {
    let groups = input.log_group_arn_list.unwrap_or_default();
    let [group] = groups.as_slice() else {
        return Err(Error::invalid("logGroupArnList must contain exactly one log group ARN."));
    };
    let address = group.trim_end_matches(":*").parse::<Arn>().ok().and_then(|arn| GroupAddress::of_arn(&arn));
    let address = address.ok_or_else(|| Error::NoSuchResource(group.clone()))?;
    service.known(&address)?.must_be_standard()?;
    input.filter_pattern.as_deref().map(Pattern::parse).transpose()?;
    let group = address.arn().to_string();
    let now = service.now();
    let detector = &DetectorRecord {
        name: input.detector_name,
        group,
        frequency: input.evaluation_frequency,
        pattern: input.filter_pattern,
        kms_key: input.kms_key_id,
        visible_days: input.anomaly_visibility_time.and_then(|days| u64::try_from(days).ok()),
        is_enabled: true,
        created_at: now,
        updated_at: now,
        tags: input.tags.unwrap_or_default(),
    };
    let id = service.env.uuid().to_string();
    // Two that look for another at the same time could both find none.
    let latch = latch::<DetectorRecord>(call);
    let created = service.transact(std::slice::from_ref(&latch), async |tx: &mut Tx| {
        let is_same = |other: &DetectorRecord| other.group == detector.group;
        add_in(tx, call, &id, detector, (is_same, Error::LimitExceeded)).await
    });
    created.await?;
    let anomaly_detector_arn = Some(arn_of::<DetectorRecord>(call, &id));
    Ok(api::CreateLogAnomalyDetectorResponse { anomaly_detector_arn })
}

/// A detector.
pub(crate) async fn get_log_anomaly_detector(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::GetLogAnomalyDetectorRequest,
) -> Result<api::GetLogAnomalyDetectorResponse, Error> {
    let id = name_of::<DetectorRecord>(call, &input.anomaly_detector_arn.unwrap_or_default())?;
    Ok(wire::detector_alone(read(service, call.account, &call.region, &id).await?))
}

/// Changes a detector, or pauses it.
pub(crate) async fn update_log_anomaly_detector(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::UpdateLogAnomalyDetectorRequest,
) -> Result<(), Error> {
    let id = name_of::<DetectorRecord>(call, input.anomaly_detector_arn.as_deref().unwrap_or_default())?;
    input.filter_pattern.as_deref().map(Pattern::parse).transpose()?;
    let now = service.now();
    let make = |before: Option<DetectorRecord>| {
        let before = before.ok_or(Error::NoSuchFilter(DetectorRecord::WHAT))?;
        let days = input.anomaly_visibility_time.and_then(|days| u64::try_from(days).ok());
        Ok(DetectorRecord {
            frequency: input.evaluation_frequency.clone().or(before.frequency),
            pattern: input.filter_pattern.clone().or(before.pattern),
            visible_days: days.or(before.visible_days),
            is_enabled: input.enabled.unwrap_or(before.is_enabled),
            updated_at: now,
            ..before
        })
    };
    put(service, call.account, &call.region, &id, make).await.map(drop)
}

/// Deletes a detector.
pub(crate) async fn delete_log_anomaly_detector(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DeleteLogAnomalyDetectorRequest,
) -> Result<(), Error> {
    let id = name_of::<DetectorRecord>(call, &input.anomaly_detector_arn.unwrap_or_default())?;
    delete::<DetectorRecord, DetectorRecord>(service, call, &id, |_| false).await
}

/// The caller's detectors.
pub(crate) async fn list_log_anomaly_detectors(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::ListLogAnomalyDetectorsRequest,
) -> Result<api::ListLogAnomalyDetectorsResponse, Error> {
    let wanted = input.filter_log_group_arn.map(|arn| arn.trim_end_matches(":*").to_owned());
    let is_wanted = |_: &str, detector: &DetectorRecord| wanted.as_ref().is_none_or(|wanted| *wanted == detector.group);
    let (found, next_token) = page(service, call, input.limit, input.next_token.as_deref(), is_wanted).await?;
    let shown = found.into_iter().map(|(id, detector)| wire::detector(arn_of::<DetectorRecord>(call, &id), detector));
    Ok(api::ListLogAnomalyDetectorsResponse { anomaly_detectors: Some(shown.collect()), next_token })
}

/// Whether an anomaly, or all of a pattern, is told of: there is none of which it could be.
pub(crate) async fn update_anomaly(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::UpdateAnomalyRequest,
) -> Result<(), Error> {
    if input.anomaly_id.is_some() == input.pattern_id.is_some() {
        return Err(Error::invalid("Exactly one of anomalyId and patternId must be specified."));
    }
    let id = name_of::<DetectorRecord>(call, &input.anomaly_detector_arn.unwrap_or_default())?;
    let _: DetectorRecord = read(service, call.account, &call.region, &id).await?;
    Err(Error::NoSuchFilter(if input.anomaly_id.is_some() { "anomaly" } else { "pattern" }))
}

/// What a detector found, which is nothing.
pub(crate) async fn list_anomalies(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::ListAnomaliesRequest,
) -> Result<api::ListAnomaliesResponse, Error> {
    if let Some(arn) = input.anomaly_detector_arn {
        let id = name_of::<DetectorRecord>(call, &arn)?;
        let _: DetectorRecord = read(service, call.account, &call.region, &id).await?;
    }
    Ok(api::ListAnomaliesResponse { anomalies: Some(Vec::new()), next_token: None })
}
