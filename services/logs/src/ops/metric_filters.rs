//! Metric filters: numbers made of events, seen among the server's metrics.

use tidegate_api_logs::{
    DeleteMetricFilterRequest, DescribeMetricFiltersRequest, DescribeMetricFiltersResponse, PutMetricFilterRequest,
    TestMetricFilterRequest, TestMetricFilterResponse,
};
use tidegate_logfilter::{Pattern, Place};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use super::{delete_filter, filter_options, read_group};
use crate::domain::MetricTransformation;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{Group, MetricFilterRecord, keys};
use crate::wire::{self, Paging};

/// The most metric filters of a group.
const MAX_FILTERS: usize = 100;
/// The most dimensions of a metric.
const MAX_DIMENSIONS: usize = 3;

/// Creates or replaces a metric filter.
pub(crate) async fn put_metric_filter(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutMetricFilterRequest,
) -> Result<(), Error> {
    let address = &service.address(call, input.log_group_name, None)?;
    let name = &input.filter_name.unwrap_or_default();
    let text = input.filter_pattern.unwrap_or_default();
    let pattern = understood(&text)?;
    let metric = input.metric_transformations.unwrap_or_default().into_iter().next();
    let metric = wire::metric(metric.unwrap_or_default());
    let options = filter_options(
        input.apply_on_transformed_logs,
        input.field_selection_criteria,
        input.emit_system_field_dimensions,
    )?;
    check(&pattern, &metric, options.system_fields.len())?;
    if let Some(group) = service.directory.get(address)? {
        group.must_be_standard()?;
    }
    let filter = &MetricFilterRecord { pattern: text, metric, created_at: service.now(), options };
    service
        .transact(&[], async |tx: &mut Tx| {
            let group = read_group(tx, address).await?.ok_or(Error::NoSuchGroup)?;
            let key = keys::metric_filter(group.id, name);
            if tx.get(Space::Map, &key).await?.is_none() {
                let range = KeyRange::prefix(&keys::metric_filters(group.id));
                if tx.scan(Space::Map, &range, Order::Ascending, Page::of(MAX_FILTERS)).await?.len() == MAX_FILTERS {
                    return Err(Error::LimitExceeded);
                }
            }
            tx.put(Space::Map, key, filter.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

fn understood(text: &str) -> Result<Pattern, Error> {
    Pattern::parse(text).map_err(|error| Error::invalid(error.message(Place::MetricFilter)))
}

fn check(pattern: &Pattern, metric: &MetricTransformation, system_fields: usize) -> Result<(), Error> {
    let is_number = metric.value.parse::<f64>().is_ok_and(f64::is_finite);
    if !is_number && !tidegate_logfilter::is_reference(&metric.value) {
        return Err(Error::invalid(
            "Invalid metricTransformations: metricValue must be a number or a reference to a value in the log event",
        ));
    }
    // JSON has no such numbers, but the protocol has names for them.
    if metric.default.is_some_and(|default| !default.is_finite()) {
        return Err(Error::invalid("Invalid metricTransformations: defaultValue must be a finite number"));
    }
    if metric.dimensions.is_empty() {
        return Ok(());
    }
    if metric.default.is_some() {
        let words = "Invalid metric transformation: dimensions and default value are mutually exclusive properties.";
        return Err(Error::invalid(words));
    }
    if !pattern.supports_dimensions() {
        return Err(Error::invalid("The specified filter pattern does not support dimensions"));
    }
    if metric.dimensions.len() + system_fields > MAX_DIMENSIONS {
        return Err(Error::LimitExceeded);
    }
    Ok(())
}

/// Deletes a metric filter.
pub(crate) async fn delete_metric_filter(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteMetricFilterRequest,
) -> Result<(), Error> {
    let (address, name) = (service.address(call, input.log_group_name, None)?, input.filter_name.unwrap_or_default());
    delete_filter(service, &address, |group| keys::metric_filter(group, &name), "metric filter").await
}

/// The metric filters of a group, or of all of the caller's.
pub(crate) async fn describe_metric_filters(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeMetricFiltersRequest,
) -> Result<DescribeMetricFiltersResponse, Error> {
    match (&input.metric_name, &input.metric_namespace) {
        (Some(_), None) | (None, Some(_)) => {
            let words = "Both metricName and metricNamespace must be provided or none of them.";
            return Err(Error::invalid(words));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let groups: Vec<Group> = match input.log_group_name {
        Some(name) => {
            let group = service.group(call, Some(name), None)?;
            group.must_be_standard()?;
            vec![group]
        }
        None => service.directory.of_account(call.account, &call.region, None)?,
    };
    let paging = Paging::new(input.limit, 50, input.next_token.as_deref())?;
    let after = paging.after()?;
    let prefix = input.filter_name_prefix.unwrap_or_default();
    let mut found = Vec::new();
    for group in &groups {
        for (name, filter) in group.metric_filters() {
            let metric = &filter.record.metric;
            let is_of_metric = input.metric_name.as_ref().is_none_or(|name| *name == metric.name)
                && input.metric_namespace.as_ref().is_none_or(|namespace| *namespace == metric.namespace);
            // Behind what was answered before: by group, then by name.
            let place = format!("{}\n{name}", group.address.name);
            if name.starts_with(&prefix) && is_of_metric && after.is_none_or(|after| *place > *after) {
                found.push((place, wire::metric_filter(group, name, &filter.record)));
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let next_token = paging.cut(&mut found, |(place, _)| place.clone());
    let metric_filters = Some(found.into_iter().map(|(_, shown)| shown).collect());
    Ok(DescribeMetricFiltersResponse { metric_filters, next_token })
}

/// Says which of some messages match a pattern, and what it takes from them.
pub(crate) async fn test_metric_filter(
    _: &CloudWatchLogs,
    _: &Call,
    input: TestMetricFilterRequest,
) -> Result<TestMetricFilterResponse, Error> {
    let pattern = understood(&input.filter_pattern.unwrap_or_default())?;
    let messages = input.log_event_messages.unwrap_or_default().into_iter();
    let matches = (1..).zip(messages).filter_map(|(number, message)| {
        let extracted = pattern.matches(&message)?.values();
        Some(wire::metric_match(number, message, extracted))
    });
    Ok(TestMetricFilterResponse { matches: Some(matches.collect()) })
}
