//! A lifecycle configuration as what it means, and the headers that tell of it.

use tidegate_api_s3::{
    BucketLifecycleConfiguration, LifecycleRule as Shown, LifecycleRuleAndOperator, LifecycleRuleFilter, Tag,
    Transition,
};
use tidegate_types::Timestamp;

use crate::domain::http_date;
use crate::domain::lifecycle::{LifecycleRule, Older, Scope, When};

/// The rules that are in force.
pub(crate) fn rules_of(config: BucketLifecycleConfiguration, archives_small_ones: bool) -> Vec<LifecycleRule> {
    let rules = config.rules.into_iter().flatten();
    rules
        .filter(|rule| rule.status.as_deref() == Some("Enabled"))
        .map(|rule| LifecycleRule { archives_small_ones, ..rule_of(rule) })
        .collect()
}

fn rule_of(rule: Shown) -> LifecycleRule {
    let expiration = rule.expiration.as_ref();
    let older =
        |days: Option<i32>, kept: Option<i32>| Some(Older { days: count(days)?, kept: count(kept).unwrap_or(0) });
    LifecycleRule {
        id: rule.id.unwrap_or_default(),
        about: scope_of(rule.prefix, rule.filter),
        expiration: expiration.and_then(|expiration| when(expiration.days, expiration.date)),
        removes_lone_markers: expiration
            .is_some_and(|expiration| expiration.expired_object_delete_marker == Some(true)),
        transitions: rule.transitions.into_iter().flatten().filter_map(transition_of).collect(),
        older_expiration: rule
            .noncurrent_version_expiration
            .and_then(|expiration| older(expiration.noncurrent_days, expiration.newer_noncurrent_versions)),
        older_transitions: rule
            .noncurrent_version_transitions
            .into_iter()
            .flatten()
            .filter_map(|to| Some((older(to.noncurrent_days, to.newer_noncurrent_versions)?, to.storage_class?)))
            .collect(),
        archives_small_ones: false,
        gives_up_uploads_after: rule
            .abort_incomplete_multipart_upload
            .and_then(|abort| count(abort.days_after_initiation)),
    }
}

fn transition_of(transition: Transition) -> Option<(When, String)> {
    Some((when(transition.days, transition.date)?, transition.storage_class?))
}

fn when(days: Option<i32>, date: Option<Timestamp>) -> Option<When> {
    count(days).map(When::Days).or(date.map(When::Date))
}

fn count(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

fn scope_of(prefix: Option<String>, filter: Option<LifecycleRuleFilter>) -> Scope {
    let mut scope = Scope { prefix: prefix.unwrap_or_default(), ..Scope::default() };
    let LifecycleRuleFilter { prefix, tag, object_size_greater_than, object_size_less_than, and } =
        filter.unwrap_or_default();
    scope.narrow(prefix, tag.into_iter(), object_size_greater_than, object_size_less_than);
    if let Some(LifecycleRuleAndOperator { prefix, tags, object_size_greater_than, object_size_less_than }) = and {
        scope.narrow(prefix, tags.into_iter().flatten(), object_size_greater_than, object_size_less_than);
    }
    scope
}

impl Scope {
    fn narrow(
        &mut self,
        prefix: Option<String>,
        tags: impl Iterator<Item = Tag>,
        larger_than: Option<i64>,
        smaller_than: Option<i64>,
    ) {
        if let Some(prefix) = prefix {
            self.prefix = prefix;
        }
        self.tags.extend(tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())));
        self.larger_than = larger_than.and_then(|size| u64::try_from(size).ok()).or(self.larger_than);
        self.smaller_than = smaller_than.and_then(|size| u64::try_from(size).ok()).or(self.smaller_than);
    }
}

/// The header `x-amz-expiration`.
pub(crate) fn expiration_header(due: Timestamp, rule: &LifecycleRule) -> String {
    let id = percent_encoding::utf8_percent_encode(&rule.id, percent_encoding::NON_ALPHANUMERIC);
    format!("expiry-date=\"{}\", rule-id=\"{id}\"", http_date(due))
}
