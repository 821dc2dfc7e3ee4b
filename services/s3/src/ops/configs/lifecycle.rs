//! When objects move and go: what may stand in rules. `domain/lifecycle.rs` says what follows from them.

use std::collections::HashSet;

use tidegate_api_s3::{
    BucketLifecycleConfiguration, DeleteBucketLifecycleRequest, GetBucketLifecycleConfigurationOutput,
    GetBucketLifecycleConfigurationRequest, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    NoncurrentVersionExpiration, NoncurrentVersionTransition, PutBucketLifecycleConfigurationOutput,
    PutBucketLifecycleConfigurationRequest, Tag, Transition,
};
use tidegate_protocol::Call;
use tidegate_types::Timestamp;

use super::{document, found, invalid, keep_all, one_of, request};
use crate::domain::lifecycle::DAY_MS;
use crate::domain::{MAX_OBJECT_TAGS, checked_tags, http_date};
use crate::error::Error;
use crate::service::S3;
use crate::store::{ConfigKey, ConfigKind};

const MAX_RULES: usize = 1000;
const MAX_ID: usize = 255;
/// The id under which lies from which size on objects move; the rules themselves have none.
pub(crate) const MINIMUM: &str = "minimum";
/// From which size on, if nobody says.
const DEFAULT_MINIMUM: &str = "all_storage_classes_128K";
/// Classes for which 30 days must pass.
const INFREQUENT: [&str; 2] = ["STANDARD_IA", "ONEZONE_IA"];

/// `GetBucketLifecycleConfiguration`
pub(crate) async fn get_bucket_lifecycle_configuration(
    s3: &S3,
    _call: &Call,
    input: GetBucketLifecycleConfigurationRequest,
) -> Result<GetBucketLifecycleConfigurationOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let (code, words) = ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
    let config: BucketLifecycleConfiguration = found(&bucket, ConfigKind::Lifecycle, code, words)?;
    let minimum = bucket.documents(ConfigKind::Lifecycle).find(|(id, _)| *id == MINIMUM);
    let minimum = minimum.map_or(DEFAULT_MINIMUM, |(_, minimum)| minimum).to_owned();
    Ok(GetBucketLifecycleConfigurationOutput {
        rules: config.rules,
        transition_default_minimum_object_size: Some(minimum),
    })
}

/// `PutBucketLifecycleConfiguration`
pub(crate) async fn put_bucket_lifecycle_configuration(
    s3: &S3,
    _call: &Call,
    input: PutBucketLifecycleConfigurationRequest,
) -> Result<PutBucketLifecycleConfigurationOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let minimum = input.transition_default_minimum_object_size.unwrap_or_else(|| DEFAULT_MINIMUM.to_owned());
    if ![DEFAULT_MINIMUM, "varies_by_storage_class"].contains(&minimum.as_str()) {
        let words = format!("Invalid TransitionDefaultMinimumObjectSize found: {minimum}");
        return Err(request(words));
    }
    let mut config = input.lifecycle_configuration.ok_or(Error::MalformedXml)?;
    let rules = config.rules.as_deref_mut().unwrap_or_default();
    if rules.is_empty() || rules.len() > MAX_RULES {
        return Err(Error::MalformedXml);
    }
    let mut ids = HashSet::new();
    for rule in &mut *rules {
        check(rule)?;
        if rule.id.as_ref().is_some_and(|id| !id.is_empty() && !ids.insert(id.clone())) {
            let words = "Rule ID must be unique. Found same ID for more than one rule";
            return Err(invalid(words, "ID", rule.id.clone().unwrap_or_default()));
        }
    }
    for rule in rules.iter_mut().filter(|rule| rule.id.as_deref().is_none_or(str::is_empty)) {
        rule.id = Some(s3.env.uuid().to_string());
    }
    let rules = document("LifecycleConfiguration", &config);
    let minimum_key = ConfigKey { kind: ConfigKind::Lifecycle, id: MINIMUM.to_owned() };
    let configs = vec![(ConfigKey::of(ConfigKind::Lifecycle), Some(rules)), (minimum_key, Some(minimum.clone()))];
    keep_all(s3, &bucket, configs).await?;
    Ok(PutBucketLifecycleConfigurationOutput { transition_default_minimum_object_size: Some(minimum) })
}

/// `DeleteBucketLifecycle`
pub(crate) async fn delete_bucket_lifecycle(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketLifecycleRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let minimum = ConfigKey { kind: ConfigKind::Lifecycle, id: MINIMUM.to_owned() };
    keep_all(s3, &bucket, vec![(ConfigKey::of(ConfigKind::Lifecycle), None), (minimum, None)]).await
}

fn check(rule: &LifecycleRule) -> Result<(), Error> {
    if rule.id.as_ref().is_some_and(|id| id.chars().count() > MAX_ID) {
        return Err(invalid(
            "ID length should not exceed allowed limit of 255",
            "ID",
            rule.id.clone().unwrap_or_default(),
        ));
    }
    one_of(rule.status.as_deref(), &["Enabled", "Disabled"])?;
    // Exactly one of them says what the rule is about.
    if rule.prefix.is_some() == rule.filter.is_some() {
        return Err(Error::MalformedXml);
    }
    let about = rule.filter.as_ref().map(check_filter).transpose()?.unwrap_or_default();
    let has_action = rule.expiration.is_some()
        || rule.transitions.as_ref().is_some_and(|all| !all.is_empty())
        || rule.noncurrent_version_expiration.is_some()
        || rule.noncurrent_version_transitions.as_ref().is_some_and(|all| !all.is_empty())
        || rule.abort_incomplete_multipart_upload.is_some();
    if !has_action {
        return Err(request("At least one action needs to be specified in a rule"));
    }
    if let Some(abort) = &rule.abort_incomplete_multipart_upload {
        if about.by_tags || about.by_size {
            return Err(request(format!("AbortIncompleteMultipartUpload cannot be specified with {}", about.noun())));
        }
        positive(abort.days_after_initiation, "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action")?;
    }
    check_expiration(rule.expiration.as_ref(), about)?;
    check_transitions(rule)?;
    check_older(rule)
}

/// By what a filter tells objects apart, besides their keys.
#[derive(Debug, Clone, Copy, Default)]
struct About {
    by_tags: bool,
    by_size: bool,
}

impl About {
    fn noun(self) -> &'static str {
        if self.by_tags { "Tags" } else { "Object Size" }
    }
}

fn check_filter(filter: &LifecycleRuleFilter) -> Result<About, Error> {
    let LifecycleRuleFilter { prefix, tag, object_size_greater_than, object_size_less_than, and } = filter;
    let said = [
        prefix.is_some(),
        tag.is_some(),
        object_size_greater_than.is_some(),
        object_size_less_than.is_some(),
        and.is_some(),
    ];
    if said.into_iter().filter(|said| *said).count() > 1 {
        return Err(Error::MalformedXml);
    }
    let Some(and) = and else {
        check_tags(tag.as_slice())?;
        let by_size = object_size_greater_than.is_some() || object_size_less_than.is_some();
        check_sizes(*object_size_greater_than, *object_size_less_than)?;
        return Ok(About { by_tags: tag.is_some(), by_size });
    };
    let tags = and.tags.as_deref().unwrap_or_default();
    let sizes = [and.object_size_greater_than, and.object_size_less_than];
    let parts = usize::from(and.prefix.is_some()) + tags.len() + sizes.iter().flatten().count();
    if parts < 2 {
        return Err(Error::MalformedXml);
    }
    check_tags(tags)?;
    check_sizes(and.object_size_greater_than, and.object_size_less_than)?;
    Ok(About { by_tags: !tags.is_empty(), by_size: sizes.iter().any(Option::is_some) })
}

fn check_tags(tags: &[Tag]) -> Result<(), Error> {
    let pairs = tags.iter().map(|tag| tag.key.clone().zip(tag.value.clone()).ok_or(Error::MalformedXml));
    match checked_tags(pairs.collect::<Result<Vec<_>, Error>>()?, MAX_OBJECT_TAGS) {
        Err(Error::Refused { words, .. }) if words.starts_with("Cannot provide multiple") => {
            Err(request("Duplicate Tag Keys are not allowed."))
        }
        checked => checked.map(drop),
    }
}

fn check_sizes(greater: Option<i64>, less: Option<i64>) -> Result<(), Error> {
    let words = match (greater, less) {
        (Some(..0), _) => "'ObjectSizeGreaterThan' must be a nonnegative integer",
        (_, Some(..=0)) => "'ObjectSizeLessThan' must be a positive integer",
        (Some(greater), Some(less)) if less <= greater => {
            "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'"
        }
        _ => return Ok(()),
    };
    Err(request(words))
}

fn check_expiration(expiration: Option<&LifecycleExpiration>, about: About) -> Result<(), Error> {
    let Some(LifecycleExpiration { date, days, expired_object_delete_marker }) = expiration else { return Ok(()) };
    match (days, date, expired_object_delete_marker) {
        (Some(days), None, None) => positive(Some(*days), "'Days' for Expiration action"),
        (None, Some(date), None) => midnight(*date),
        (None, None, Some(_)) if about.by_tags || about.by_size => {
            Err(request(format!("ExpiredObjectDeleteMarker cannot be specified with {}", about.noun())))
        }
        (None, None, Some(_)) => Ok(()),
        _ => Err(Error::MalformedXml),
    }
}

fn positive(days: Option<i32>, what: &str) -> Result<(), Error> {
    match days {
        Some(1..) => Ok(()),
        Some(days) => Err(invalid(format!("{what} must be a positive integer"), "Days", days.to_string())),
        None => Err(Error::MalformedXml),
    }
}

fn midnight(date: Timestamp) -> Result<(), Error> {
    let is_midnight = date.as_millis().is_multiple_of(DAY_MS);
    if is_midnight { Ok(()) } else { Err(invalid("'Date' must be at midnight GMT", "Date", http_date(date))) }
}

fn check_transitions(rule: &LifecycleRule) -> Result<(), Error> {
    let transitions = rule.transitions.as_deref().unwrap_or_default();
    let expiration = rule.expiration.as_ref();
    let mut classes = HashSet::new();
    for transition in transitions {
        let Transition { date, days, storage_class } = transition;
        let class = storage_class.as_deref().ok_or(Error::MalformedXml)?;
        can_move_to(class)?;
        if !classes.insert(class) {
            let words =
                format!("'StorageClass' must be different for 'Transition' actions in same 'Rule' {}", of(rule));
            return Err(request(words));
        }
        match (days, date) {
            (Some(days), None) => check_days(*days, class, "Transition")?,
            (None, Some(date)) => midnight(*date)?,
            _ => return Err(Error::MalformedXml),
        }
        let later = expiration.and_then(|expiration| expiration.days).zip(*days);
        if later.is_some_and(|(expires, moves)| expires <= moves) {
            let words = format!(
                "'Days' in the Expiration action {} must be greater than 'Days' in the Transition action",
                of(rule)
            );
            return Err(invalid(words, "Days", later.map_or(0, |(expires, _)| expires).to_string()));
        }
        let dates = expiration.and_then(|expiration| expiration.date).zip(*date);
        if dates.is_some_and(|(expires, moves)| expires <= moves) {
            let words = format!(
                "'Date' in the Expiration action {} must be later than 'Date' in the Transition action",
                of(rule)
            );
            return Err(invalid(words, "Date", ""));
        }
    }
    let is_mixed = transitions.iter().any(|one| one.days.is_some()) && transitions.iter().any(|one| one.date.is_some());
    let disagrees = expiration.is_some_and(|expiration| {
        transitions.iter().any(|one| {
            one.days.is_some() && expiration.date.is_some() || one.date.is_some() && expiration.days.is_some()
        })
    });
    if is_mixed || disagrees {
        let words = format!(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule {}",
            of(rule)
        );
        return Err(request(words));
    }
    Ok(())
}

/// What a rule is about, as errors say it.
fn of(rule: &LifecycleRule) -> String {
    let filter = rule.filter.as_ref();
    let within = filter.and_then(|filter| filter.prefix.as_ref().or(filter.and.as_ref()?.prefix.as_ref()));
    match (&rule.prefix, within) {
        (Some(prefix), _) => format!("for prefix '{prefix}'"),
        (None, Some(prefix)) => format!("for filter '(prefix={prefix})'"),
        (None, None) => "for filter '()'".to_owned(),
    }
}

fn can_move_to(class: &str) -> Result<(), Error> {
    one_of(Some(class), &["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"])
}

fn check_days(days: i32, class: &str, action: &str) -> Result<(), Error> {
    if days < 0 {
        let words = format!("'Days' in {action} action must be nonnegative");
        return Err(invalid(words, "Days", days.to_string()));
    }
    if INFREQUENT.contains(&class) && days < 30 {
        let words = format!("'Days' in {action} action must be greater than or equal to 30 for storageClass '{class}'");
        return Err(invalid(words, "Days", days.to_string()));
    }
    Ok(())
}

/// What rules say of versions that are not the newest any more.
fn check_older(rule: &LifecycleRule) -> Result<(), Error> {
    let kept = |versions: Option<i32>| match versions {
        None | Some(1..=100) => Ok(()),
        Some(other) => {
            let words = "'NewerNoncurrentVersions' must be a positive integer not greater than 100";
            Err(invalid(words, "NewerNoncurrentVersions", other.to_string()))
        }
    };
    let expiration = rule.noncurrent_version_expiration.as_ref();
    if let Some(NoncurrentVersionExpiration { noncurrent_days, newer_noncurrent_versions }) = expiration {
        positive(*noncurrent_days, "'NoncurrentDays' for NoncurrentVersionExpiration action")?;
        kept(*newer_noncurrent_versions)?;
        needs_filter(rule, *newer_noncurrent_versions)?;
    }
    let mut classes = HashSet::new();
    for transition in rule.noncurrent_version_transitions.iter().flatten() {
        let NoncurrentVersionTransition { noncurrent_days, storage_class, newer_noncurrent_versions } = transition;
        let class = storage_class.as_deref().ok_or(Error::MalformedXml)?;
        can_move_to(class)?;
        if !classes.insert(class) {
            let words = "'StorageClass' must be different for 'NoncurrentVersionTransition' actions in same 'Rule'";
            return Err(request(format!("{words} {}", of(rule))));
        }
        let days = noncurrent_days.ok_or(Error::MalformedXml)?;
        check_days(days, class, "NoncurrentVersionTransition")?;
        kept(*newer_noncurrent_versions)?;
        needs_filter(rule, *newer_noncurrent_versions)?;
        if expiration.and_then(|expiration| expiration.noncurrent_days).is_some_and(|expires| expires <= days) {
            let words = format!(
                "'NoncurrentDays' in the NoncurrentVersionExpiration action {} must be greater than \
                 'NoncurrentDays' in the NoncurrentVersionTransition action",
                of(rule)
            );
            return Err(invalid(words, "NoncurrentDays", days.to_string()));
        }
    }
    Ok(())
}

/// "You must also provide a Filter element" to keep newer versions.
fn needs_filter(rule: &LifecycleRule, kept: Option<i32>) -> Result<(), Error> {
    if kept.is_some() && rule.filter.is_none() { Err(Error::MalformedXml) } else { Ok(()) }
}
