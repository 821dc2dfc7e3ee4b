//! A notification configuration as what it means: who wants to hear of what.

use tidegate_api_s3::{
    LambdaFunctionConfiguration, NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration,
    TopicConfiguration,
};
use tidegate_types::Arn;

use crate::domain::{Event, KeyFilter};

/// One who wants to hear of something.
#[derive(Debug, Clone)]
pub(crate) struct Subscriber {
    /// What the configuration calls it.
    pub id: String,
    /// Who.
    pub target: Arn,
    /// Of which events, as the configuration writes them.
    pub events: Vec<String>,
    /// Of which keys.
    pub filter: KeyFilter,
}

impl Subscriber {
    /// Whether it wants to hear of such events.
    pub(crate) fn wants(&self, event: Event) -> bool {
        self.events.iter().any(|name| event.is_meant_by(name))
    }
}

/// Everybody in a configuration. A target that is no ARN was refused when the configuration came.
pub(crate) fn subscribers(config: NotificationConfiguration) -> Vec<Subscriber> {
    let queues = config
        .queue_configurations
        .into_iter()
        .flatten()
        .map(|QueueConfiguration { id, queue_arn, events, filter }| subscriber(id, queue_arn, events, filter));
    let topics = config
        .topic_configurations
        .into_iter()
        .flatten()
        .map(|TopicConfiguration { id, topic_arn, events, filter }| subscriber(id, topic_arn, events, filter));
    let functions = config.lambda_function_configurations.into_iter().flatten().map(
        |LambdaFunctionConfiguration { id, lambda_function_arn, events, filter }| {
            subscriber(id, lambda_function_arn, events, filter)
        },
    );
    topics.chain(queues).chain(functions).flatten().collect()
}

fn subscriber(
    id: Option<String>,
    target: Option<String>,
    events: Option<Vec<String>>,
    filter: Option<NotificationConfigurationFilter>,
) -> Option<Subscriber> {
    let target = target?.parse().ok()?;
    let filter = key_filter(filter.as_ref());
    Some(Subscriber { id: id.unwrap_or_default(), target, events: events.unwrap_or_default(), filter })
}

/// The filter on keys; names of rules are written in any case.
pub(crate) fn key_filter(filter: Option<&NotificationConfigurationFilter>) -> KeyFilter {
    let rules = filter.and_then(|filter| filter.key.as_ref()).and_then(|key| key.filter_rules.as_ref());
    let value = |name: &str| {
        let rule = rules
            .into_iter()
            .flatten()
            .find(|rule| rule.name.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(name)));
        rule.and_then(|rule| rule.value.clone()).unwrap_or_default()
    };
    KeyFilter { prefix: value("prefix"), suffix: value("suffix") }
}
