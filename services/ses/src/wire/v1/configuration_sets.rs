//! Configuration sets.

use tidegate_api_ses as api;
use tidegate_types::Timestamp;

use crate::desk::Desk;
use crate::domain::configuration_set::{ConfigurationSet, Destination, Dimension, EventTarget, EventType};
use crate::error::{Error, Target, Thing};
use crate::ops::configuration_sets as sets;
use crate::wire::paging::Paging;
use crate::wire::text;

/// Where the values of dimensions come from, in both APIs.
const SOURCES: [(&str, &str); 3] =
    [("messageTag", "MESSAGE_TAG"), ("emailHeader", "EMAIL_HEADER"), ("linkTag", "LINK_TAG")];

fn destination(given: &Option<api::EventDestination>) -> Result<Destination, Error> {
    let given = given.clone().unwrap_or_default();
    let targets = [
        given.sns_destination.map(|sns| EventTarget::Sns(text(&sns.topic_arn).to_owned())),
        given.cloud_watch_destination.map(|watch| {
            EventTarget::CloudWatch(watch.dimension_configurations.into_iter().flatten().map(dimension).collect())
        }),
        given.kinesis_firehose_destination.map(|firehose| EventTarget::Firehose {
            role: text(&firehose.iam_role_arn).to_owned(),
            stream: text(&firehose.delivery_stream_arn).to_owned(),
        }),
    ];
    let mut targets = targets.into_iter().flatten();
    let target = targets.next().ok_or_else(|| Error::invalid("Event destination is not provided."))?;
    if targets.next().is_some() {
        let text = "Please provide only one destination with each request. Either a Firehose Destination or a \
                    Cloudwatch Destination or an SNS Destination or an EventBridge Destination.";
        return Err(Error::invalid(text));
    }
    let events = given.matching_event_types.iter().flatten().filter_map(|name| EventType::parse(name)).collect();
    let enabled = given.enabled.unwrap_or(false);
    Ok(Destination { name: text(&given.name).to_owned(), enabled, events, target })
}

fn dimension(given: api::CloudWatchDimensionConfiguration) -> Dimension {
    let source = text(&given.dimension_value_source);
    let known = SOURCES.iter().find(|(one, _)| *one == source).map_or(source, |(_, two)| *two);
    Dimension {
        name: text(&given.dimension_name).to_owned(),
        source: known.to_owned(),
        default: text(&given.default_dimension_value).to_owned(),
    }
}

/// As this version of the API shows it. What it has no words for it leaves out.
fn shown(own: Destination) -> api::EventDestination {
    let events = own.events.iter().map(|event| event.v1().to_owned()).collect();
    let mut shown = api::EventDestination {
        name: Some(own.name),
        enabled: Some(own.enabled),
        matching_event_types: Some(events),
        ..api::EventDestination::default()
    };
    match own.target {
        EventTarget::Sns(arn) => shown.sns_destination = Some(api::SNSDestination { topic_arn: Some(arn) }),
        EventTarget::CloudWatch(dimensions) => {
            let all = dimensions.into_iter().map(|own| api::CloudWatchDimensionConfiguration {
                dimension_value_source: SOURCES
                    .iter()
                    .find(|(_, two)| *two == own.source)
                    .map(|(one, _)| (*one).to_owned()),
                dimension_name: Some(own.name),
                default_dimension_value: Some(own.default),
            });
            shown.cloud_watch_destination =
                Some(api::CloudWatchDestination { dimension_configurations: Some(all.collect()) });
        }
        EventTarget::Firehose { role, stream } => {
            shown.kinesis_firehose_destination =
                Some(api::KinesisFirehoseDestination { iam_role_arn: Some(role), delivery_stream_arn: Some(stream) });
        }
        EventTarget::EventBridge(_) | EventTarget::Pinpoint(_) => {}
    }
    shown
}

pub(crate) async fn create_configuration_set(
    mut desk: Desk<'_>,
    input: &api::CreateConfigurationSetRequest,
) -> Result<api::CreateConfigurationSetResponse, Error> {
    let name = input.configuration_set.as_ref().map_or("", |set| text(&set.name));
    let new = ConfigurationSet::new(name, desk.millis());
    sets::create(&mut desk, new).await?;
    Ok(api::CreateConfigurationSetResponse {})
}

pub(crate) async fn delete_configuration_set(
    mut desk: Desk<'_>,
    input: &api::DeleteConfigurationSetRequest,
) -> Result<api::DeleteConfigurationSetResponse, Error> {
    sets::delete(&mut desk, text(&input.configuration_set_name)).await?;
    Ok(api::DeleteConfigurationSetResponse {})
}

pub(crate) async fn list_configuration_sets(
    desk: Desk<'_>,
    input: &api::ListConfigurationSetsRequest,
) -> Result<api::ListConfigurationSetsResponse, Error> {
    let paging = Paging::new(&input.next_token, input.max_items.map(i64::from), 1000)?;
    let found: Vec<ConfigurationSet> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |set| set.name.clone());
    let shown = page.into_iter().map(|set| api::ConfigurationSet { name: Some(set.name) }).collect();
    Ok(api::ListConfigurationSetsResponse { configuration_sets: Some(shown), next_token })
}

pub(crate) async fn describe_configuration_set(
    mut desk: Desk<'_>,
    input: &api::DescribeConfigurationSetRequest,
) -> Result<api::DescribeConfigurationSetResponse, Error> {
    let set = desk.shelf.set(text(&input.configuration_set_name)).await?;
    let wanted = |name: &str| {
        let asked = input.configuration_set_attribute_names.iter().flatten();
        asked.into_iter().any(|own| own == name)
    };
    let tls_policy = if set.tls_policy == "REQUIRE" { "Require" } else { "Optional" };
    let reputation = api::ReputationOptions {
        sending_enabled: Some(set.sending_enabled),
        reputation_metrics_enabled: Some(set.reputation_metrics),
        last_fresh_start: set.fresh_start.map(Timestamp::from_millis),
    };
    let tracking = set.redirect_domain.map(|domain| api::TrackingOptions { custom_redirect_domain: Some(domain) });
    let delivery = api::DeliveryOptions { tls_policy: Some(tls_policy.to_owned()) };
    let destinations = set.destinations.into_iter().map(shown).collect();
    Ok(api::DescribeConfigurationSetResponse {
        configuration_set: Some(api::ConfigurationSet { name: Some(set.name) }),
        event_destinations: wanted("eventDestinations").then_some(destinations),
        tracking_options: tracking.filter(|_| wanted("trackingOptions")),
        delivery_options: wanted("deliveryOptions").then_some(delivery),
        reputation_options: wanted("reputationOptions").then_some(reputation),
    })
}

pub(crate) async fn create_event_destination(
    mut desk: Desk<'_>,
    input: &api::CreateConfigurationSetEventDestinationRequest,
) -> Result<api::CreateConfigurationSetEventDestinationResponse, Error> {
    let destination = destination(&input.event_destination)?;
    sets::add_destination(&mut desk, text(&input.configuration_set_name), destination).await?;
    Ok(api::CreateConfigurationSetEventDestinationResponse {})
}

pub(crate) async fn update_event_destination(
    mut desk: Desk<'_>,
    input: &api::UpdateConfigurationSetEventDestinationRequest,
) -> Result<api::UpdateConfigurationSetEventDestinationResponse, Error> {
    let destination = destination(&input.event_destination)?;
    sets::replace_destination(&mut desk, text(&input.configuration_set_name), destination).await?;
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

fn redirect_domain(options: &Option<api::TrackingOptions>) -> Option<&str> {
    options.as_ref().and_then(|options| options.custom_redirect_domain.as_deref())
}

pub(crate) async fn create_tracking_options(
    mut desk: Desk<'_>,
    input: &api::CreateConfigurationSetTrackingOptionsRequest,
) -> Result<api::CreateConfigurationSetTrackingOptionsResponse, Error> {
    let mut set = desk.shelf.set(text(&input.configuration_set_name)).await?;
    let domain = sets::redirect_domain(&mut desk, redirect_domain(&input.tracking_options)).await?;
    if set.redirect_domain.is_some() {
        return Err(Error::Exists(Thing::TrackingOptions, set.name));
    }
    set.redirect_domain = Some(domain);
    desk.shelf.put(&set);
    Ok(api::CreateConfigurationSetTrackingOptionsResponse {})
}

pub(crate) async fn update_tracking_options(
    mut desk: Desk<'_>,
    input: &api::UpdateConfigurationSetTrackingOptionsRequest,
) -> Result<api::UpdateConfigurationSetTrackingOptionsResponse, Error> {
    let mut set = desk.shelf.set(text(&input.configuration_set_name)).await?;
    if set.redirect_domain.is_none() {
        return Err(Error::NoSuch(Thing::TrackingOptions, set.name));
    }
    set.redirect_domain = Some(sets::redirect_domain(&mut desk, redirect_domain(&input.tracking_options)).await?);
    desk.shelf.put(&set);
    Ok(api::UpdateConfigurationSetTrackingOptionsResponse {})
}

pub(crate) async fn delete_tracking_options(
    mut desk: Desk<'_>,
    input: &api::DeleteConfigurationSetTrackingOptionsRequest,
) -> Result<api::DeleteConfigurationSetTrackingOptionsResponse, Error> {
    sets::change(&mut desk, text(&input.configuration_set_name), |set| match set.redirect_domain.take() {
        Some(_) => Ok(()),
        None => Err(Error::NoSuch(Thing::TrackingOptions, set.name.clone())),
    })
    .await?;
    Ok(api::DeleteConfigurationSetTrackingOptionsResponse {})
}

pub(crate) async fn put_delivery_options(
    mut desk: Desk<'_>,
    input: &api::PutConfigurationSetDeliveryOptionsRequest,
) -> Result<api::PutConfigurationSetDeliveryOptionsResponse, Error> {
    let policy = input.delivery_options.as_ref().and_then(|options| options.tls_policy.as_deref());
    let policy = match policy {
        None | Some("Optional") => "OPTIONAL",
        Some("Require") => "REQUIRE",
        Some(other) => {
            let what = format!("Invalid TLS policy: {other}");
            return Err(Error::Target { target: Target::Delivery, what });
        }
    };
    sets::change(&mut desk, text(&input.configuration_set_name), |set| {
        policy.clone_into(&mut set.tls_policy);
        Ok(())
    })
    .await?;
    Ok(api::PutConfigurationSetDeliveryOptionsResponse {})
}

pub(crate) async fn update_reputation_metrics_enabled(
    mut desk: Desk<'_>,
    input: &api::UpdateConfigurationSetReputationMetricsEnabledRequest,
) -> Result<(), Error> {
    sets::change(&mut desk, text(&input.configuration_set_name), |set| {
        set.reputation_metrics = input.enabled.unwrap_or(false);
        Ok(())
    })
    .await
}

pub(crate) async fn update_sending_enabled(
    mut desk: Desk<'_>,
    input: &api::UpdateConfigurationSetSendingEnabledRequest,
) -> Result<(), Error> {
    let now = desk.millis();
    sets::change(&mut desk, text(&input.configuration_set_name), |set| {
        let enabled = input.enabled.unwrap_or(false);
        // "If email sending for the configuration set was disabled and later re-enabled", reputation begins anew.
        if enabled && !set.sending_enabled {
            set.fresh_start = Some(now);
        }
        set.sending_enabled = enabled;
        Ok(())
    })
    .await
}
