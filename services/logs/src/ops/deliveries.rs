//! Deliveries of what AWS services log: sources, destinations and what joins them. Kept and shown: no service here
//! logs in that way.

use tidegate_api_logs as api;
use tidegate_protocol::Call;
use tidegate_store::Tx;
use tidegate_types::Arn;

use super::kept::{add_in, arn_of, delete, latch, name_of, page, put, read, read_in};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{DeliveryDestinationRecord, DeliveryRecord, DeliverySourceRecord};
use crate::wire;

/// Creates a source, or changes what may be changed about it.
pub(crate) async fn put_delivery_source(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::PutDeliverySourceRequest,
) -> Result<api::PutDeliverySourceResponse, Error> {
    let name = input.name.unwrap_or_default();
    let source = DeliverySourceRecord {
        resource: input.resource_arn.unwrap_or_default(),
        log_type: input.log_type.unwrap_or_default(),
        configuration: input.delivery_source_configuration.unwrap_or_default(),
        tags: input.tags.unwrap_or_default(),
    };
    if source.resource.parse::<Arn>().is_err() {
        return Err(Error::NotValid("Invalid resourceArn".to_owned()));
    }
    let make = |before: Option<DeliverySourceRecord>| match before {
        Some(before) if before.resource != source.resource || before.log_type != source.log_type => {
            Err(Error::Conflict("Cannot update the resource or log type of a delivery source".to_owned()))
        }
        Some(before) => Ok(DeliverySourceRecord { configuration: source.configuration.clone(), ..before }),
        None => Ok(source.clone()),
    };
    let written = put(service, call.account, &call.region, &name, make).await?;
    let arn = arn_of::<DeliverySourceRecord>(call, &name);
    Ok(api::PutDeliverySourceResponse { delivery_source: Some(wire::delivery_source(name, arn, written)) })
}

/// A source.
pub(crate) async fn get_delivery_source(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::GetDeliverySourceRequest,
) -> Result<api::GetDeliverySourceResponse, Error> {
    let name = input.name.unwrap_or_default();
    let found = read(service, call.account, &call.region, &name).await?;
    let arn = arn_of::<DeliverySourceRecord>(call, &name);
    Ok(api::GetDeliverySourceResponse { delivery_source: Some(wire::delivery_source(name, arn, found)) })
}

/// The caller's sources.
pub(crate) async fn describe_delivery_sources(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DescribeDeliverySourcesRequest,
) -> Result<api::DescribeDeliverySourcesResponse, Error> {
    let (found, next_token) = page(service, call, input.limit, input.next_token.as_deref(), |_, _| true).await?;
    let shown = found.into_iter().map(|(name, source)| {
        let arn = arn_of::<DeliverySourceRecord>(call, &name);
        wire::delivery_source(name, arn, source)
    });
    Ok(api::DescribeDeliverySourcesResponse { delivery_sources: Some(shown.collect()), next_token })
}

/// Deletes a source that no delivery has.
pub(crate) async fn delete_delivery_source(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DeleteDeliverySourceRequest,
) -> Result<(), Error> {
    let name = input.name.unwrap_or_default();
    delete::<DeliverySourceRecord, DeliveryRecord>(service, call, &name, |delivery| delivery.source == name).await
}

/// Creates or changes a destination.
pub(crate) async fn put_delivery_destination(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::PutDeliveryDestinationRequest,
) -> Result<api::PutDeliveryDestinationResponse, Error> {
    let name = input.name.unwrap_or_default();
    let resource = input.delivery_destination_configuration.and_then(|how| how.destination_resource_arn);
    let kind = match (&resource, input.delivery_destination_type) {
        (Some(arn), given) => {
            let of_resource = arn.parse::<Arn>().ok().and_then(|arn| kind_of(&arn.service));
            let kind = of_resource.ok_or_else(|| Error::NotValid("Invalid destinationResourceArn".to_owned()))?;
            if given.is_some_and(|given| given != kind) {
                return Err(Error::NotValid("deliveryDestinationType does not fit destinationResourceArn".to_owned()));
            }
            kind.to_owned()
        }
        (None, Some(kind)) if kind == "XRAY" => kind,
        (None, _) => return Err(Error::NotValid("deliveryDestinationConfiguration is required".to_owned())),
    };
    let (format, tags) = (input.output_format, input.tags.unwrap_or_default());
    let make = |before: Option<DeliveryDestinationRecord>| match before {
        Some(before) if before.kind != kind => {
            Err(Error::Conflict("Cannot update the type of a delivery destination".to_owned()))
        }
        Some(before) => Ok(DeliveryDestinationRecord { resource: resource.clone(), format: format.clone(), ..before }),
        None => Ok(DeliveryDestinationRecord {
            resource: resource.clone(),
            kind: kind.clone(),
            format: format.clone(),
            policy: None,
            tags: tags.clone(),
        }),
    };
    let written = put(service, call.account, &call.region, &name, make).await?;
    let arn = arn_of::<DeliveryDestinationRecord>(call, &name);
    let delivery_destination = Some(wire::delivery_destination(name, arn, written));
    Ok(api::PutDeliveryDestinationResponse { delivery_destination })
}

fn kind_of(service: &str) -> Option<&'static str> {
    match service {
        "s3" => Some("S3"),
        "logs" => Some("CWL"),
        "firehose" => Some("FH"),
        _ => None,
    }
}

/// A destination.
pub(crate) async fn get_delivery_destination(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::GetDeliveryDestinationRequest,
) -> Result<api::GetDeliveryDestinationResponse, Error> {
    let name = input.name.unwrap_or_default();
    let found = read(service, call.account, &call.region, &name).await?;
    let arn = arn_of::<DeliveryDestinationRecord>(call, &name);
    let delivery_destination = Some(wire::delivery_destination(name, arn, found));
    Ok(api::GetDeliveryDestinationResponse { delivery_destination })
}

/// The caller's destinations.
pub(crate) async fn describe_delivery_destinations(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DescribeDeliveryDestinationsRequest,
) -> Result<api::DescribeDeliveryDestinationsResponse, Error> {
    let (found, next_token) = page(service, call, input.limit, input.next_token.as_deref(), |_, _| true).await?;
    let shown = found.into_iter().map(|(name, destination)| {
        let arn = arn_of::<DeliveryDestinationRecord>(call, &name);
        wire::delivery_destination(name, arn, destination)
    });
    Ok(api::DescribeDeliveryDestinationsResponse { delivery_destinations: Some(shown.collect()), next_token })
}

/// Deletes a destination that no delivery has.
pub(crate) async fn delete_delivery_destination(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DeleteDeliveryDestinationRequest,
) -> Result<(), Error> {
    let name = input.name.unwrap_or_default();
    let arn = arn_of::<DeliveryDestinationRecord>(call, &name);
    let uses = |delivery: &DeliveryRecord| delivery.destination == arn;
    delete::<DeliveryDestinationRecord, DeliveryRecord>(service, call, &name, uses).await
}

async fn set_policy(
    service: &CloudWatchLogs,
    call: &Call,
    name: Option<String>,
    policy: Option<String>,
) -> Result<(), Error> {
    let make = |before: Option<DeliveryDestinationRecord>| match before {
        Some(before) => Ok(DeliveryDestinationRecord { policy: policy.clone(), ..before }),
        None => Err(Error::NoSuchFilter("delivery destination")),
    };
    put(service, call.account, &call.region, &name.unwrap_or_default(), make).await.map(drop)
}

/// Notes who may send to a destination.
pub(crate) async fn put_delivery_destination_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::PutDeliveryDestinationPolicyRequest,
) -> Result<api::PutDeliveryDestinationPolicyResponse, Error> {
    let text = input.delivery_destination_policy.unwrap_or_default();
    if !wire::is_json_object(&text) {
        return Err(Error::NotValid("Invalid delivery destination policy".to_owned()));
    }
    set_policy(service, call, input.delivery_destination_name, Some(text.clone())).await?;
    let policy = Some(api::Policy { delivery_destination_policy: Some(text) });
    Ok(api::PutDeliveryDestinationPolicyResponse { policy })
}

/// Who may send to a destination.
pub(crate) async fn get_delivery_destination_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::GetDeliveryDestinationPolicyRequest,
) -> Result<api::GetDeliveryDestinationPolicyResponse, Error> {
    let name = input.delivery_destination_name.unwrap_or_default();
    let found: DeliveryDestinationRecord = read(service, call.account, &call.region, &name).await?;
    let text = found.policy.ok_or(Error::NoSuchFilter("delivery destination policy"))?;
    let policy = Some(api::Policy { delivery_destination_policy: Some(text) });
    Ok(api::GetDeliveryDestinationPolicyResponse { policy })
}

/// Forgets who may send to a destination.
pub(crate) async fn delete_delivery_destination_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DeleteDeliveryDestinationPolicyRequest,
) -> Result<(), Error> {
    set_policy(service, call, input.delivery_destination_name, None).await
}

/// Joins a source with a destination.
pub(crate) async fn create_delivery(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::CreateDeliveryRequest,
) -> Result<api::CreateDeliveryResponse, Error> {
    let source = input.delivery_source_name.unwrap_or_default();
    let destination = input.delivery_destination_arn.unwrap_or_default();
    let name = &name_of::<DeliveryDestinationRecord>(call, &destination)?;
    let how = input.s3_delivery_configuration.unwrap_or_default();
    let wanted = &DeliveryRecord {
        source,
        destination,
        kind: String::new(),
        fields: input.record_fields.unwrap_or_default(),
        delimiter: input.field_delimiter,
        suffix: how.suffix_path,
        is_hive: how.enable_hive_compatible_path,
        tags: input.tags.unwrap_or_default(),
    };
    let id = service.env.uuid().simple().to_string()[..16].to_owned();
    // What deletes a source or a destination has the same latch: neither goes away meanwhile.
    let latch = latch::<DeliveryRecord>(call);
    let created = service.transact(std::slice::from_ref(&latch), async |tx: &mut Tx| {
        let _: DeliverySourceRecord = read_in(tx, call, &wanted.source).await?;
        let to: DeliveryDestinationRecord = read_in(tx, call, name).await?;
        let record = DeliveryRecord { kind: to.kind, ..wanted.clone() };
        let is_same = |other: &DeliveryRecord| other.source == record.source && other.kind == record.kind;
        let words = "Delivery already exists for this delivery source and delivery destination type";
        add_in(tx, call, &id, &record, (is_same, Error::Conflict(words.to_owned()))).await?;
        Ok(record)
    });
    let written = created.await?.value;
    let arn = arn_of::<DeliveryRecord>(call, &id);
    Ok(api::CreateDeliveryResponse { delivery: Some(wire::delivery(id, arn, written)) })
}

/// A delivery.
pub(crate) async fn get_delivery(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::GetDeliveryRequest,
) -> Result<api::GetDeliveryResponse, Error> {
    let id = input.id.unwrap_or_default();
    let found = read(service, call.account, &call.region, &id).await?;
    let arn = arn_of::<DeliveryRecord>(call, &id);
    Ok(api::GetDeliveryResponse { delivery: Some(wire::delivery(id, arn, found)) })
}

/// The caller's deliveries.
pub(crate) async fn describe_deliveries(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DescribeDeliveriesRequest,
) -> Result<api::DescribeDeliveriesResponse, Error> {
    let (found, next_token) = page(service, call, input.limit, input.next_token.as_deref(), |_, _| true).await?;
    let shown = found.into_iter().map(|(id, delivery)| {
        let arn = arn_of::<DeliveryRecord>(call, &id);
        wire::delivery(id, arn, delivery)
    });
    Ok(api::DescribeDeliveriesResponse { deliveries: Some(shown.collect()), next_token })
}

/// Changes what a delivery delivers.
pub(crate) async fn update_delivery_configuration(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::UpdateDeliveryConfigurationRequest,
) -> Result<api::UpdateDeliveryConfigurationResponse, Error> {
    let make = |before: Option<DeliveryRecord>| {
        let mut delivery = before.ok_or(Error::NoSuchFilter("delivery"))?;
        if let Some(fields) = &input.record_fields {
            delivery.fields.clone_from(fields);
        }
        if input.field_delimiter.is_some() {
            delivery.delimiter.clone_from(&input.field_delimiter);
        }
        if let Some(how) = &input.s3_delivery_configuration {
            delivery.suffix.clone_from(&how.suffix_path);
            delivery.is_hive = how.enable_hive_compatible_path;
        }
        Ok(delivery)
    };
    put(service, call.account, &call.region, input.id.as_deref().unwrap_or_default(), make).await?;
    Ok(api::UpdateDeliveryConfigurationResponse {})
}

/// Deletes a delivery.
pub(crate) async fn delete_delivery(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DeleteDeliveryRequest,
) -> Result<(), Error> {
    delete::<DeliveryRecord, DeliveryRecord>(service, call, &input.id.unwrap_or_default(), |_| false).await
}
