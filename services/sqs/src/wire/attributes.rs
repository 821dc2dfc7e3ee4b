//! A queue's attributes between AWS's map of texts and [`QueueSettings`].

use std::collections::BTreeMap;

use tidegate_queue::Counts;

use super::policy::compact_policy;
use super::redrive::{parse_redrive, parse_redrive_allow, redrive_allow_text, redrive_text};
use crate::domain::{Attribute, DeduplicationScope, Encryption, FifoThroughputLimit, QueueSettings, Setting};
use crate::error::AttributeTextError;
use crate::store::Queue;

/// The settings that a map of attributes asks for, in the order of [`Attribute`].
pub(crate) fn settings(attributes: BTreeMap<String, String>) -> Result<Vec<Setting>, AttributeTextError> {
    let mut settings = Vec::with_capacity(attributes.len());
    for (name, text) in attributes {
        let attribute = Attribute::parse(&name).ok_or_else(|| AttributeTextError::UnknownName(name.clone()))?;
        settings.push(setting(attribute, text)?.ok_or(AttributeTextError::UnknownName(name))?);
    }
    // A key must be known before the time for which its data keys are used.
    settings.sort_by_key(Setting::attribute);
    Ok(settings)
}

/// What one attribute's text asks for; `None` for attributes that cannot be set.
fn setting(attribute: Attribute, text: String) -> Result<Option<Setting>, AttributeTextError> {
    let malformed = || AttributeTextError::Malformed(attribute);
    let number = |text: &str| parse_number(text).ok_or_else(malformed);
    // AWS takes `True` too, which is how Python writes it, and shows it in small letters.
    let flag = |text: &str| text.to_ascii_lowercase().parse::<bool>().map_err(|_| malformed());
    let unless_empty = |text: String| (!text.is_empty()).then_some(text);
    Ok(Some(match attribute {
        Attribute::DelaySeconds => Setting::DelaySeconds(number(&text)?),
        Attribute::MaximumMessageSize => Setting::MaximumMessageSize(number(&text)?),
        Attribute::MessageRetentionPeriod => Setting::MessageRetentionPeriod(number(&text)?),
        Attribute::ReceiveMessageWaitTimeSeconds => Setting::ReceiveMessageWaitTimeSeconds(number(&text)?),
        Attribute::VisibilityTimeout => Setting::VisibilityTimeout(number(&text)?),
        Attribute::Policy => Setting::Policy(unless_empty(text).map(|text| compact_policy(&text)).transpose()?),
        Attribute::RedrivePolicy => {
            Setting::RedrivePolicy(unless_empty(text).map(|text| parse_redrive(&text)).transpose()?)
        }
        Attribute::RedriveAllowPolicy => {
            Setting::RedriveAllowPolicy(unless_empty(text).map(|text| parse_redrive_allow(&text)).transpose()?)
        }
        Attribute::KmsMasterKeyId => Setting::KmsMasterKeyId(unless_empty(text)),
        Attribute::KmsDataKeyReusePeriodSeconds => Setting::KmsDataKeyReusePeriodSeconds(number(&text)?),
        Attribute::SqsManagedSseEnabled => Setting::SqsManagedSseEnabled(flag(&text)?),
        Attribute::FifoQueue => Setting::FifoQueue(flag(&text)?),
        Attribute::ContentBasedDeduplication => Setting::ContentBasedDeduplication(flag(&text)?),
        Attribute::DeduplicationScope => Setting::DeduplicationScope(match text.as_str() {
            "queue" => DeduplicationScope::Queue,
            "messageGroup" => DeduplicationScope::MessageGroup,
            _ => return Err(malformed()),
        }),
        Attribute::FifoThroughputLimit => Setting::FifoThroughputLimit(match text.as_str() {
            "perQueue" => FifoThroughputLimit::PerQueue,
            "perMessageGroupId" => FifoThroughputLimit::PerMessageGroupId,
            _ => return Err(malformed()),
        }),
        Attribute::QueueArn
        | Attribute::ApproximateNumberOfMessages
        | Attribute::ApproximateNumberOfMessagesNotVisible
        | Attribute::ApproximateNumberOfMessagesDelayed
        | Attribute::CreatedTimestamp
        | Attribute::LastModifiedTimestamp => return Ok(None),
    }))
}

/// Digits and nothing else: AWS takes neither signs nor spaces.
fn parse_number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number too large for the type is out of every range, as the largest is.
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

/// The attributes that a request names; all of them for `All`.
pub(crate) fn requested_attributes(names: Vec<String>) -> Result<Vec<Attribute>, AttributeTextError> {
    let mut requested = Vec::new();
    let mut all = false;
    for name in names {
        match Attribute::parse(&name) {
            Some(attribute) => requested.push(attribute),
            None if name == "All" => all = true,
            None => return Err(AttributeTextError::UnknownName(name)),
        }
    }
    Ok(if all { Attribute::ALL.to_vec() } else { requested })
}

/// The values of those attributes that the queue has.
pub(crate) fn render_attributes(queue: &Queue, counts: Counts, requested: &[Attribute]) -> BTreeMap<String, String> {
    let value = |attribute: &Attribute| Some((attribute.name().to_owned(), render(queue, counts, *attribute)?));
    requested.iter().filter_map(value).collect()
}

fn render(queue: &Queue, counts: Counts, attribute: Attribute) -> Option<String> {
    let record = &queue.record;
    let QueueSettings { encryption, fifo, redrive, redrive_allow, .. } = &record.settings;
    Some(match attribute {
        Attribute::QueueArn => queue.address.arn().to_string(),
        Attribute::ApproximateNumberOfMessages => counts.ready.to_string(),
        Attribute::ApproximateNumberOfMessagesNotVisible => counts.in_flight.to_string(),
        Attribute::ApproximateNumberOfMessagesDelayed => counts.delayed.to_string(),
        Attribute::CreatedTimestamp => record.created_at.as_secs().to_string(),
        Attribute::LastModifiedTimestamp => record.modified_at.as_secs().to_string(),
        Attribute::VisibilityTimeout => record.settings.visibility_timeout_seconds.to_string(),
        Attribute::MaximumMessageSize => record.settings.maximum_message_bytes.to_string(),
        Attribute::MessageRetentionPeriod => record.settings.retention_seconds.to_string(),
        Attribute::DelaySeconds => record.settings.delay_seconds.to_string(),
        Attribute::Policy => record.settings.policy.clone()?,
        Attribute::ReceiveMessageWaitTimeSeconds => record.settings.receive_wait_seconds.to_string(),
        Attribute::RedrivePolicy => redrive_text(redrive.as_ref()?),
        Attribute::RedriveAllowPolicy => redrive_allow_text(redrive_allow.as_ref()?),
        Attribute::KmsMasterKeyId => match encryption {
            Encryption::Kms { key_id, .. } => key_id.clone(),
            Encryption::Off | Encryption::SqsManaged => return None,
        },
        Attribute::KmsDataKeyReusePeriodSeconds => match encryption {
            Encryption::Kms { reuse_seconds, .. } => reuse_seconds.to_string(),
            Encryption::Off | Encryption::SqsManaged => return None,
        },
        Attribute::SqsManagedSseEnabled => (*encryption == Encryption::SqsManaged).to_string(),
        Attribute::FifoQueue => fifo.map(|_| true)?.to_string(),
        Attribute::ContentBasedDeduplication => fifo.as_ref()?.content_based_deduplication.to_string(),
        Attribute::DeduplicationScope => match fifo.as_ref()?.deduplication_scope {
            DeduplicationScope::Queue => "queue".to_owned(),
            DeduplicationScope::MessageGroup => "messageGroup".to_owned(),
        },
        Attribute::FifoThroughputLimit => match fifo.as_ref()?.throughput_limit {
            FifoThroughputLimit::PerQueue => "perQueue".to_owned(),
            FifoThroughputLimit::PerMessageGroupId => "perMessageGroupId".to_owned(),
        },
    })
}
