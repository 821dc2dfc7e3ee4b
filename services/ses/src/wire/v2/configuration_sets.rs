//! Configuration sets.

use tidegate_api_sesv2 as api;
use tidegate_types::Timestamp;

use super::tags;
use crate::desk::Desk;
use crate::domain::account::Pool;
use crate::domain::configuration_set::{ConfigurationSet, Destination, Dimension, EventTarget, EventType, Reason, Vdm};
use crate::error::Error;
use crate::ops::configuration_sets as sets;
use crate::wire::paging::Paging;
use crate::wire::text;

/// Reasons that a request gives.
pub(super) fn reasons(given: &Option<Vec<String>>) -> Vec<Reason> {
    given.iter().flatten().filter_map(|name| Reason::parse(name)).collect()
}

/// Reasons as they are shown.
pub(super) fn shown_reasons(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(|reason| reason.as_str().to_owned()).collect()
}

fn vdm(given: &api::VdmOptions) -> Vdm {
    Vdm {
        engagement_metrics: given.dashboard_options.as_ref().and_then(|own| own.engagement_metrics.clone()),
        optimized_shared_delivery: given
            .guardian_options
            .as_ref()
            .and_then(|own| own.optimized_shared_delivery.clone()),
    }
}

/// Sets how mails are delivered. All of it is kept; a relay's address says whether TLS is used.
async fn deliver(
    desk: &mut Desk<'_>,
    set: &mut ConfigurationSet,
    tls_policy: Option<&str>,
    pool: Option<&str>,
    max_seconds: Option<i64>,
) -> Result<(), Error> {
    if let Some(pool) = pool {
        if pool.is_empty() {
            return Err(Error::invalid("sendingPoolName can't be blank."));
        }
        if desk.shelf.find::<Pool>(pool).await?.is_none() {
            return Err(Error::invalid(format!("SendingPool <{pool}> doesn't exist")));
        }
    }
    tls_policy.unwrap_or("OPTIONAL").clone_into(&mut set.tls_policy);
    set.pool = pool.map(str::to_owned);
    set.max_delivery_seconds = max_seconds;
    Ok(())
}

/// Sets the domain of links. They are not rewritten.
async fn track(
    desk: &mut Desk<'_>,
    set: &mut ConfigurationSet,
    domain: Option<&str>,
    https_policy: Option<&str>,
) -> Result<(), Error> {
    set.redirect_domain = match domain.filter(|domain| !domain.is_empty()) {
        Some(domain) => Some(sets::redirect_domain(desk, Some(domain)).await?),
        None => None,
    };
    set.https_policy = https_policy.map(str::to_owned);
    Ok(())
}

pub(crate) async fn create_configuration_set(
    mut desk: Desk<'_>,
    input: &api::CreateConfigurationSetRequest,
) -> Result<api::CreateConfigurationSetResponse, Error> {
    let mut set = ConfigurationSet::new(text(&input.configuration_set_name), desk.millis());
    if let Some(own) = &input.delivery_options {
        let pool = own.sending_pool_name.as_deref();
        deliver(&mut desk, &mut set, own.tls_policy.as_deref(), pool, own.max_delivery_seconds).await?;
    }
    if let Some(own) = &input.tracking_options {
        track(&mut desk, &mut set, own.custom_redirect_domain.as_deref(), own.https_policy.as_deref()).await?;
    }
    if let Some(own) = &input.reputation_options {
        set.reputation_metrics = own.reputation_metrics_enabled.unwrap_or(false);
        set.fresh_start = own.last_fresh_start.map(Timestamp::as_millis);
    }
    if let Some(own) = &input.sending_options {
        set.sending_enabled = own.sending_enabled.unwrap_or(false);
    }
    set.tags = tags::new(&input.tags)?;
    set.suppression = input.suppression_options.as_ref().map(|own| reasons(&own.suppressed_reasons));
    set.vdm = input.vdm_options.as_ref().map(vdm);
    set.archive = input.archiving_options.as_ref().and_then(|own| own.archive_arn.clone());
    sets::create(&mut desk, set).await?;
    Ok(api::CreateConfigurationSetResponse {})
}

pub(crate) async fn get_configuration_set(
    mut desk: Desk<'_>,
    input: &api::GetConfigurationSetRequest,
) -> Result<api::GetConfigurationSetResponse, Error> {
    let set = desk.shelf.set(text(&input.configuration_set_name)).await?;
    let https_policy = set.https_policy;
    let tracking =
        set.redirect_domain.map(|domain| api::TrackingOptions { custom_redirect_domain: Some(domain), https_policy });
    let vdm = set.vdm.map(|own| api::VdmOptions {
        dashboard_options: Some(api::DashboardOptions { engagement_metrics: own.engagement_metrics }),
        guardian_options: Some(api::GuardianOptions { optimized_shared_delivery: own.optimized_shared_delivery }),
    });
    let suppression = set.suppression.map(|own| api::SuppressionOptions {
        suppressed_reasons: Some(shown_reasons(&own)),
        ..api::SuppressionOptions::default()
    });
    Ok(api::GetConfigurationSetResponse {
        configuration_set_name: Some(set.name),
        tracking_options: tracking,
        delivery_options: Some(api::DeliveryOptions {
            tls_policy: Some(set.tls_policy),
            sending_pool_name: set.pool,
            max_delivery_seconds: set.max_delivery_seconds,
        }),
        reputation_options: Some(api::ReputationOptions {
            reputation_metrics_enabled: Some(set.reputation_metrics),
            last_fresh_start: set.fresh_start.map(Timestamp::from_millis),
        }),
        sending_options: Some(api::SendingOptions { sending_enabled: Some(set.sending_enabled) }),
        tags: Some(tags::shown(&set.tags)),
        suppression_options: suppression,
        vdm_options: vdm,
        archiving_options: set.archive.map(|archive| api::ArchivingOptions { archive_arn: Some(archive) }),
    })
}

pub(crate) async fn delete_configuration_set(
    mut desk: Desk<'_>,
    input: &api::DeleteConfigurationSetRequest,
) -> Result<api::DeleteConfigurationSetResponse, Error> {
    sets::delete(&mut desk, text(&input.configuration_set_name)).await?;
    Ok(api::DeleteConfigurationSetResponse {})
}

/// As [`list_configuration_sets`], from where later SDKs ask for it: the page is asked for in the body.
pub(crate) async fn list_configuration_sets_by_post(
    desk: Desk<'_>,
    input: &api::ListTenantsRequest,
) -> Result<api::ListConfigurationSetsResponse, Error> {
    let input = api::ListConfigurationSetsRequest { next_token: input.next_token.clone(), page_size: input.page_size };
    list_configuration_sets(desk, &input).await
}

pub(crate) async fn list_configuration_sets(
    desk: Desk<'_>,
    input: &api::ListConfigurationSetsRequest,
) -> Result<api::ListConfigurationSetsResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let found: Vec<ConfigurationSet> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |set| set.name.clone());
    let names = page.into_iter().map(|set| set.name).collect();
    Ok(api::ListConfigurationSetsResponse { configuration_sets: Some(names), next_token })
}

pub(crate) async fn put_sending(
    mut desk: Desk<'_>,
    input: &api::PutConfigurationSetSendingOptionsRequest,
) -> Result<api::PutConfigurationSetSendingOptionsResponse, Error> {
    let now = desk.millis();
    sets::change(&mut desk, text(&input.configuration_set_name), |set| {
        let enabled = input.sending_enabled.unwrap_or(false);
        if enabled && !set.sending_enabled {
            set.fresh_start = Some(now);
        }
        set.sending_enabled = enabled;
        Ok(())
    })
    .await?;
    Ok(api::PutConfigurationSetSendingOptionsResponse {})
}

pub(crate) async fn put_reputation(
    mut desk: Desk<'_>,
    input: &api::PutConfigurationSetReputationOptionsRequest,
) -> Result<api::PutConfigurationSetReputationOptionsResponse, Error> {
    sets::change(&mut desk, text(&input.configuration_set_name), |set| {
        set.reputation_metrics = input.reputation_metrics_enabled.unwrap_or(false);
        Ok(())
    })
    .await?;
    Ok(api::PutConfigurationSetReputationOptionsResponse {})
}

pub(crate) async fn put_suppression(
    mut desk: Desk<'_>,
    input: &api::PutConfigurationSetSuppressionOptionsRequest,
) -> Result<api::PutConfigurationSetSuppressionOptionsResponse, Error> {
    sets::change(&mut desk, text(&input.configuration_set_name), |set| {
        set.suppression = input.suppressed_reasons.as_ref().map(|_| reasons(&input.suppressed_reasons));
        Ok(())
    })
    .await?;
    Ok(api::PutConfigurationSetSuppressionOptionsResponse {})
}

pub(crate) async fn put_delivery(
    mut desk: Desk<'_>,
    input: &api::PutConfigurationSetDeliveryOptionsRequest,
) -> Result<api::PutConfigurationSetDeliveryOptionsResponse, Error> {
    let mut set = desk.shelf.set(text(&input.configuration_set_name)).await?;
    let pool = input.sending_pool_name.as_deref();
    deliver(&mut desk, &mut set, input.tls_policy.as_deref(), pool, input.max_delivery_seconds).await?;
    desk.shelf.put(&set);
    Ok(api::PutConfigurationSetDeliveryOptionsResponse {})
}

pub(crate) async fn put_tracking(
    mut desk: Desk<'_>,
    input: &api::PutConfigurationSetTrackingOptionsRequest,
) -> Result<api::PutConfigurationSetTrackingOptionsResponse, Error> {
    let mut set = desk.shelf.set(text(&input.configuration_set_name)).await?;
    track(&mut desk, &mut set, input.custom_redirect_domain.as_deref(), input.https_policy.as_deref()).await?;
    desk.shelf.put(&set);
    Ok(api::PutConfigurationSetTrackingOptionsResponse {})
}

pub(crate) async fn put_vdm(
    mut desk: Desk<'_>,
    input: &api::PutConfigurationSetVdmOptionsRequest,
) -> Result<api::PutConfigurationSetVdmOptionsResponse, Error> {
    sets::change(&mut desk, text(&input.configuration_set_name), |set| {
        set.vdm = input.vdm_options.as_ref().map(vdm);
        Ok(())
    })
    .await?;
    Ok(api::PutConfigurationSetVdmOptionsResponse {})
}

pub(crate) async fn put_archiving(
    mut desk: Desk<'_>,
    input: &api::PutConfigurationSetArchivingOptionsRequest,
) -> Result<api::PutConfigurationSetArchivingOptionsResponse, Error> {
    sets::change(&mut desk, text(&input.configuration_set_name), |set| {
        set.archive.clone_from(&input.archive_arn);
        Ok(())
    })
    .await?;
    Ok(api::PutConfigurationSetArchivingOptionsResponse {})
}

fn destination(name: &str, given: &Option<api::EventDestinationDefinition>) -> Result<Destination, Error> {
    let given = given.clone().unwrap_or_default();
    let dimension = |own: api::CloudWatchDimensionConfiguration| Dimension {
        name: own.dimension_name.unwrap_or_default(),
        source: own.dimension_value_source.unwrap_or_default(),
        default: own.default_dimension_value.unwrap_or_default(),
    };
    let targets = [
        given.sns_destination.map(|own| EventTarget::Sns(own.topic_arn.unwrap_or_default())),
        given.event_bridge_destination.map(|own| EventTarget::EventBridge(own.event_bus_arn.unwrap_or_default())),
        given.cloud_watch_destination.map(|own| {
            EventTarget::CloudWatch(own.dimension_configurations.into_iter().flatten().map(dimension).collect())
        }),
        given.kinesis_firehose_destination.map(|own| EventTarget::Firehose {
            role: own.iam_role_arn.unwrap_or_default(),
            stream: own.delivery_stream_arn.unwrap_or_default(),
        }),
        given.pinpoint_destination.map(|own| EventTarget::Pinpoint(own.application_arn)),
    ];
    let mut targets = targets.into_iter().flatten();
    let target = targets.next().ok_or_else(|| Error::invalid("Event destination is not provided."))?;
    if targets.next().is_some() {
        let text = "Please provide only one destination with each request. Either a Firehose Destination or a \
                    Cloudwatch Destination or an SNS Destination or an EventBridge Destination.";
        return Err(Error::invalid(text));
    }
    let events = given.matching_event_types.iter().flatten().filter_map(|name| EventType::parse(name)).collect();
    Ok(Destination { name: name.to_owned(), enabled: given.enabled.unwrap_or(false), events, target })
}

fn shown(own: Destination) -> api::EventDestination {
    let mut shown = api::EventDestination {
        name: Some(own.name),
        enabled: Some(own.enabled),
        matching_event_types: Some(own.events.iter().map(|event| event.v2().to_owned()).collect()),
        ..api::EventDestination::default()
    };
    match own.target {
        EventTarget::Sns(arn) => shown.sns_destination = Some(api::SnsDestination { topic_arn: Some(arn) }),
        EventTarget::EventBridge(arn) => {
            shown.event_bridge_destination = Some(api::EventBridgeDestination { event_bus_arn: Some(arn) });
        }
        EventTarget::CloudWatch(dimensions) => {
            let all = dimensions.into_iter().map(|own| api::CloudWatchDimensionConfiguration {
                dimension_name: Some(own.name),
                dimension_value_source: Some(own.source),
                default_dimension_value: Some(own.default),
            });
            shown.cloud_watch_destination =
                Some(api::CloudWatchDestination { dimension_configurations: Some(all.collect()) });
        }
        EventTarget::Firehose { role, stream } => {
            shown.kinesis_firehose_destination =
                Some(api::KinesisFirehoseDestination { iam_role_arn: Some(role), delivery_stream_arn: Some(stream) });
        }
        EventTarget::Pinpoint(arn) => {
            shown.pinpoint_destination = Some(api::PinpointDestination { application_arn: arn });
        }
    }
    shown
}

pub(crate) async fn create_event_destination(
    mut desk: Desk<'_>,
    input: &api::CreateConfigurationSetEventDestinationRequest,
) -> Result<api::CreateConfigurationSetEventDestinationResponse, Error> {
    let new = destination(text(&input.event_destination_name), &input.event_destination)?;
    sets::add_destination(&mut desk, text(&input.configuration_set_name), new).await?;
    Ok(api::CreateConfigurationSetEventDestinationResponse {})
}

pub(crate) async fn update_event_destination(
    mut desk: Desk<'_>,
    input: &api::UpdateConfigurationSetEventDestinationRequest,
) -> Result<api::UpdateConfigurationSetEventDestinationResponse, Error> {
    let new = destination(text(&input.event_destination_name), &input.event_destination)?;
    sets::replace_destination(&mut desk, text(&input.configuration_set_name), new).await?;
    Ok(api::UpdateConfigurationSetEventDestinationResponse {})
}

pub(crate) async fn delete_event_destination(
    mut desk: Desk<'_>,
    input: &api::DeleteConfigurationSetEventDestinationRequest,
) -> Result<api::DeleteConfigurationSetEventDestinationResponse, Error> {
    let (set, name) = (text(&input.configuration_set_name), text(&input.event_destination_name));
    sets::remove_destination(&mut desk, set, name).await?;
    Ok(api::DeleteConfigurationSetEventDestinationResponse {})
}

pub(crate) async fn get_event_destinations(
    mut desk: Desk<'_>,
    input: &api::GetConfigurationSetEventDestinationsRequest,
) -> Result<api::GetConfigurationSetEventDestinationsResponse, Error> {
    let set = desk.shelf.set(text(&input.configuration_set_name)).await?;
    let all = set.destinations.into_iter().map(shown).collect();
    Ok(api::GetConfigurationSetEventDestinationsResponse { event_destinations: Some(all) })
}
