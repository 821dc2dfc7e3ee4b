//! Subscription filters: events that are sent on as they are written, in the same transaction.

use tidegate_api_logs::{
    DeleteSubscriptionFilterRequest, DescribeSubscriptionFiltersRequest, DescribeSubscriptionFiltersResponse,
    PutSubscriptionFilterRequest,
};
use tidegate_logfilter::Pattern;
use tidegate_ports::Refusal;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::Arn;

use super::appending::{Origin, subscription_delivery};
use super::destinations::read_destination;
use super::{delete_filter, filter_options, read_group};
use crate::domain::control_message;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{SubscriptionRecord, decode, keys};
use crate::wire::{self, Paging};

/// The most subscription filters of a group.
const MAX_FILTERS: usize = 2;

/// Creates or replaces a subscription filter, if its destination takes a message in the same transaction.
pub(crate) async fn put_subscription_filter(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutSubscriptionFilterRequest,
) -> Result<(), Error> {
    let text = input.filter_pattern.unwrap_or_default();
    Pattern::parse(&text)?;
    let options =
        filter_options(input.apply_on_transformed_logs, input.field_selection_criteria, input.emit_system_fields)?;
    let destination = input.destination_arn.unwrap_or_default();
    let destination: Arn = destination
        .parse()
        .map_err(|_| Error::invalid("Invalid destination ARN. Please check the destination ARN."))?;
    check_vendor(call, &destination, input.role_arn.as_deref())?;
    let group = service.group(call, input.log_group_name, None)?;
    group.must_be_standard()?;
    let target = target_of(service, &destination).await?;
    let filter = SubscriptionRecord {
        pattern: text,
        destination,
        target,
        role: input.role_arn,
        is_random: input.distribution.as_deref() == Some("Random"),
        created_at: service.now(),
        options,
    };
    let name = &input.filter_name.unwrap_or_default();
    let origin = Origin { hops: 0, trace: call.trace.as_deref(), creates: false };
    let test = subscription_delivery(&group, &filter, &control_message(service.now()), origin, service.now());
    let test = test.in_lane("control".to_owned());
    let latches = service.post.latches(std::slice::from_ref(&test));
    let (filter, test, address) = (&filter, &test, &group.address);
    service
        .transact(&latches, async |tx: &mut Tx| {
            let group = read_group(tx, address).await?.ok_or(Error::NoSuchGroup)?;
            let key = keys::subscription(group.id, name);
            let before = tx.get(Space::Map, &key).await?;
            let before: Option<SubscriptionRecord> =
                before.map(|record| decode(Space::Map, &key, &record)).transpose()?;
            let range = KeyRange::prefix(&keys::subscriptions(group.id));
            let present = tx.scan(Space::Map, &range, Order::Ascending, Page::of(MAX_FILTERS)).await?.len();
            if before.is_none() && present == MAX_FILTERS {
                return Err(Error::LimitExceeded);
            }
            match service.post.post(tx, test.clone()).await {
                Ok(()) => {}
                Err(Refusal::Retry(error)) => return Err(error.into()),
                Err(refusal) => {
                    return Err(Error::Undeliverable {
                        vendor: filter.target.service.clone(),
                        refusal: Box::new(refusal),
                    });
                }
            }
            let created_at = before.map_or(filter.created_at, |before| before.created_at);
            tx.put(Space::Map, key, SubscriptionRecord { created_at, ..filter.clone() }.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

/// What AWS finds wrong with a destination before it tries it.
pub(super) fn check_vendor(call: &Call, destination: &Arn, role: Option<&str>) -> Result<(), Error> {
    let vendor = destination.service.as_str();
    match vendor {
        "lambda" if destination.account.is_some_and(|account| account != call.account) => Err(Error::Denied(
            "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.".to_owned(),
        )),
        "kinesis" | "firehose" if role.is_none() => {
            Err(Error::Invalid(format!("destinationArn for vendor {vendor} cannot be used without roleArn")))
        }
        // What AWS does not serve as a destination either, and nothing here takes.
        "es" | "s3" | "events" | "dynamodb" | "iam" => Err(Error::Invalid(format!(
            "PutSubscriptionFilter operation cannot work with destinationArn for vendor {vendor}"
        ))),
        _ => Ok(()),
    }
}

/// Where events for a destination go in the end.
pub(super) async fn target_of(service: &CloudWatchLogs, destination: &Arn) -> Result<Arn, Error> {
    let name = destination.resource.strip_prefix("destination:").filter(|_| destination.service == "logs");
    let (Some(name), Some(account), Some(region)) = (name, destination.account, destination.region.as_ref()) else {
        return Ok(destination.clone());
    };
    let found = read_destination(service, account, region, name).await?.ok_or(Error::NoSuchDestination)?;
    found.target.parse().map_err(|_| Error::invalid("Invalid target Arn"))
}

/// Deletes a subscription filter.
pub(crate) async fn delete_subscription_filter(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteSubscriptionFilterRequest,
) -> Result<(), Error> {
    let (address, name) = (service.address(call, input.log_group_name, None)?, input.filter_name.unwrap_or_default());
    delete_filter(service, &address, |group| keys::subscription(group, &name), "subscription filter").await
}

/// The subscription filters of a group, by name.
pub(crate) async fn describe_subscription_filters(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeSubscriptionFiltersRequest,
) -> Result<DescribeSubscriptionFiltersResponse, Error> {
    let group = service.group(call, input.log_group_name, None)?;
    let paging = Paging::new(input.limit, 50, input.next_token.as_deref())?;
    let after = paging.after()?;
    let prefix = input.filter_name_prefix.unwrap_or_default();
    let filters = group
        .subscriptions()
        .iter()
        .filter(|(name, _)| name.starts_with(&prefix) && after.is_none_or(|after| name.as_str() > after));
    let mut filters: Vec<_> = filters.collect();
    let next_token = paging.cut(&mut filters, |(name, _)| (*name).clone());
    let shown = filters.into_iter().map(|(name, filter)| wire::subscription(&group, name, &filter.record));
    Ok(DescribeSubscriptionFiltersResponse { subscription_filters: Some(shown.collect()), next_token })
}
