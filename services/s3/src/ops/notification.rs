//! Who is told of what happens in a bucket: setting it and reading it.
//!
//! Whether a destination can be reached is found out by sending: a queue or a topic gets S3's test event, in
//! the transaction that keeps the configuration; a function gets a delivery in a transaction that is given up.

use std::collections::HashSet;

use tidegate_api_s3::{
    FilterRule, GetBucketNotificationConfigurationRequest, NotificationConfiguration, NotificationConfigurationFilter,
    PutBucketNotificationConfigurationRequest,
};
use tidegate_ports::{Delivery, Refusal};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::configs::document;
use super::raising::delivery_of;
use super::subscribers::{Subscriber, key_filter, subscribers};
use super::versions::bucket_in_tx;
use crate::domain::{is_event_name, share_an_event};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKey, ConfigKind, ConfigRecord, keys};
use crate::wire::test_event;

const MAX_CONFIGURATIONS: usize = 100;
const MAX_ID: usize = 255;
const MAX_FILTER_BYTES: usize = 1024;

/// `GetBucketNotificationConfiguration`
pub(crate) async fn get_bucket_notification_configuration(
    s3: &S3,
    _call: &Call,
    input: GetBucketNotificationConfigurationRequest,
) -> Result<NotificationConfiguration, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    Ok(bucket.config(ConfigKind::Notification).unwrap_or_default())
}

/// `PutBucketNotificationConfiguration`
pub(crate) async fn put_bucket_notification_configuration(
    s3: &S3,
    call: &Call,
    input: PutBucketNotificationConfigurationRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config = input.notification_configuration.ok_or(Error::MalformedXml)?;
    let is_unchecked = input.skip_destination_validation == Some(true);
    put_notification(s3, call, &bucket, config, is_unchecked).await
}

/// Checks a configuration and its destinations, and keeps it.
async fn put_notification(
    s3: &S3,
    call: &Call,
    bucket: &Bucket,
    mut config: NotificationConfiguration,
    is_unchecked: bool,
) -> Result<(), Error> {
    complete(s3, &mut config)?;
    check(bucket, &config)?;
    let wanted = subscribers(config.clone());
    if wanted.len() > MAX_CONFIGURATIONS {
        return Err(invalid("The number of notification configurations cannot exceed 100", "Event", ""));
    }
    let mut tests = Vec::new();
    if !is_unchecked {
        let test = test_event(&bucket.name, &call.request_id, s3.now()).to_string();
        for Subscriber { target, .. } in &wanted {
            let test = delivery_of(bucket, target, test.clone().into(), s3.now());
            match target.service.as_str() {
                "lambda" => try_out(s3, &test).await?,
                _ => tests.push(test),
            }
        }
    }
    let key = keys::config(bucket.id(), &ConfigKey::of(ConfigKind::Notification));
    let is_empty = wanted.is_empty() && config.event_bridge_configuration.is_none();
    let record =
        (!is_empty).then(|| ConfigRecord { document: document("NotificationConfiguration", &config) }.encode());
    let (tests, key, record, name) = (&tests, &key, &record, &bucket.name);
    s3.transact(&s3.post.latches(tests), async |tx: &mut Tx| {
        bucket_in_tx(tx, name).await?;
        for test in tests {
            s3.post.post(tx, test.clone()).await.map_err(unreachable_destination)?;
        }
        match record {
            Some(record) => tx.put(Space::Map, key.clone(), record.clone()),
            None => tx.delete(Space::Map, key.clone()),
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// Whether a function would take a delivery, without sending it.
async fn try_out(s3: &S3, test: &Delivery) -> Result<(), Error> {
    let latches = s3.post.latches(std::slice::from_ref(test));
    let outcome = s3
        .transact(&latches, async |tx: &mut Tx| {
            s3.post.post(tx, test.clone()).await.map_err(unreachable_destination)?;
            // Given up, so that nothing is sent.
            Err::<(), Error>(Error::Aborted)
        })
        .await;
    match outcome {
        Err(Error::Aborted) => Ok(()),
        Err(error) => Err(error),
        Ok(_committed) => unreachable!("the transaction was given up"),
    }
}

/// What S3 says of a destination that does not take its test event.
fn unreachable_destination(refusal: Refusal) -> Error {
    let noun = |service: &str| match service {
        "sqs" => "queue",
        "sns" => "topic",
        _ => "Lambda",
    };
    let (target, why) = match refusal {
        Refusal::Retry(error) => return error.into(),
        Refusal::NoSuchTarget(target) => {
            let why = format!("The destination {} does not exist", noun(&target.service));
            (target, why)
        }
        Refusal::Denied { target, .. } if target.service == "lambda" => {
            let why = format!("Not authorized to invoke function [{target}]");
            (target, why)
        }
        Refusal::Denied { target, .. } => {
            let noun = noun(&target.service);
            let why = format!(
                "Permissions on the destination {noun} do not allow S3 to publish notifications from this bucket"
            );
            (target, why)
        }
        Refusal::TooManyHops { target, .. } => (target, "The destination is part of a loop".to_owned()),
        Refusal::Unacceptable { target, what } => (target, what.to_owned()),
    };
    invalid("Unable to validate the following destination configurations", target.to_string(), why)
}

fn invalid(words: &str, name: impl Into<String>, value: impl Into<String>) -> Error {
    Error::InvalidArgument { words: words.to_owned(), name: name.into(), value: value.into() }
}

/// Gives ids to those that have none, and writes the names of filters as S3 does.
fn complete(s3: &S3, config: &mut NotificationConfiguration) -> Result<(), Error> {
    let mut ids = HashSet::new();
    let mut each = |id: &mut Option<String>, filter: &mut Option<NotificationConfigurationFilter>| {
        let id = id.get_or_insert_with(|| s3.env.uuid().to_string());
        if id.len() > MAX_ID {
            return Err(invalid("The ID of a configuration cannot be longer than 255 characters", "Id", id.clone()));
        }
        if !ids.insert(id.clone()) {
            return Err(invalid("Same ID used for multiple configurations. IDs must be unique", "Id", id.clone()));
        }
        let key = filter.as_mut().and_then(|filter| filter.key.as_mut());
        check_rules(key.and_then(|key| key.filter_rules.as_mut()).map_or(&mut [], Vec::as_mut_slice))
    };
    for topic in config.topic_configurations.iter_mut().flatten() {
        each(&mut topic.id, &mut topic.filter)?;
    }
    for queue in config.queue_configurations.iter_mut().flatten() {
        each(&mut queue.id, &mut queue.filter)?;
    }
    for function in config.lambda_function_configurations.iter_mut().flatten() {
        each(&mut function.id, &mut function.filter)?;
    }
    Ok(())
}

fn check_rules(rules: &mut [FilterRule]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for rule in rules {
        let given = rule.name.clone().unwrap_or_default();
        let (name, twice) = match given.to_ascii_lowercase().as_str() {
            "prefix" => ("Prefix", "Cannot specify more than one prefix rule in a filter."),
            "suffix" => ("Suffix", "Cannot specify more than one suffix rule in a filter."),
            _ => return Err(invalid("filter rule name must be either prefix or suffix", "FilterRule.Name", given)),
        };
        if !seen.insert(name) {
            return Err(invalid(twice, "FilterRule.Name", given));
        }
        let value = rule.value.get_or_insert_default();
        if value.len() > MAX_FILTER_BYTES {
            let words = "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation";
            return Err(invalid(words, "FilterRule.Value", value.clone()));
        }
        rule.name = Some(name.to_owned());
    }
    Ok(())
}

/// The rules of a configuration, before anybody is asked.
fn check(bucket: &Bucket, config: &NotificationConfiguration) -> Result<(), Error> {
    let queues = config.queue_configurations.iter().flatten();
    let topics = config.topic_configurations.iter().flatten();
    let functions = config.lambda_function_configurations.iter().flatten();
    let all: Vec<Entry<'_>> = topics
        .map(|t| ("sns", "TopicArn", &t.topic_arn, &t.events, &t.filter))
        .chain(queues.map(|q| ("sqs", "QueueArn", &q.queue_arn, &q.events, &q.filter)))
        .chain(functions.map(|f| ("lambda", "LambdaArn", &f.lambda_function_arn, &f.events, &f.filter)))
        .collect();
    for (service, name, arn, events, _) in &all {
        check_arn(bucket, service, name, arn.as_deref().unwrap_or_default())?;
        let events = events.as_deref().unwrap_or_default();
        if events.is_empty() {
            return Err(Error::MalformedXml);
        }
        if let Some(event) = events.iter().find(|event| !is_event_name(event)) {
            return Err(invalid("The event is not supported for notifications", "Event", event.clone()));
        }
    }
    for (place, one) in all.iter().enumerate() {
        all[place + 1..].iter().try_for_each(|other| check_pair(one, other))?;
    }
    Ok(())
}

/// The service, the ARN's name, the ARN, the events, the filter.
type Entry<'a> = (
    &'static str,
    &'static str,
    &'a Option<String>,
    &'a Option<Vec<String>>,
    &'a Option<NotificationConfigurationFilter>,
);

fn check_arn(bucket: &Bucket, service: &str, name: &str, text: &str) -> Result<(), Error> {
    let arn: tidegate_types::Arn = text.parse().map_err(|_| invalid("The ARN could not be parsed", name, text))?;
    if arn.service != service {
        let words = "A specified destination ARN does not exist or is not well-formed. Verify the destination ARN.";
        return Err(invalid(words, name, text));
    }
    if arn.region.as_ref() != Some(&bucket.record.region) {
        let words = "The notification destination service region is not valid for the bucket location constraint";
        return Err(invalid(words, name, text));
    }
    Ok(())
}

/// No event of a key may have two destinations.
fn check_pair(one: &Entry<'_>, other: &Entry<'_>) -> Result<(), Error> {
    let events = |entry: &Entry<'_>| entry.3.clone().unwrap_or_default();
    let (first, second) = (events(one), events(other));
    let shared = first.iter().any(|name| second.iter().any(|twin| share_an_event(name, twin)));
    if !shared || !key_filter(one.4.as_ref()).overlaps(&key_filter(other.4.as_ref())) {
        return Ok(());
    }
    if one.4.is_none() && other.4.is_none() {
        let words = "Configurations overlap. Configurations on the same bucket cannot share a common event type.";
        return Err(invalid(words, "Event", [first, second].concat().join(", ")));
    }
    let words = "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes \
                 are overlapping for the same event type.";
    Err(Error::Refused { code: "InvalidArgument", status: 400, words: words.to_owned() })
}
