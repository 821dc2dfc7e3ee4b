//! What a session brings along: policies that limit it, and tags.

use std::collections::BTreeSet;

use tidegate_api_sts::{PolicyDescriptorType, Tag};
use tidegate_policy::Document;
use tidegate_types::AccountId;

use super::text;
use crate::error::Error;
use crate::service::Sts;

/// What policies and tags together may be, in plain bytes. AWS packs them in a way that it does not tell, into
/// a limit that it does not tell either: this value is our own, and leaves room for the longest inline policy
/// with fifty tags of ordinary length.
const PACKED_BYTES: usize = 2048 * 4;

/// How many managed policies limit a session.
const MAX_POLICY_ARNS: usize = 10;

/// How many tags a session has, and how many characters they have.
const MAX_TAGS: usize = 50;
const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;

/// The session's policies by name; `None` if none are given.
pub(super) type Limits = Option<Vec<(String, String)>>;

/// Reads what limits a session.
pub(super) fn policies(
    sts: &Sts,
    account: AccountId,
    inline: &Option<String>,
    arns: &Option<Vec<PolicyDescriptorType>>,
) -> Result<Limits, Error> {
    let mut all = Vec::new();
    if let Some(inline) = inline {
        Document::parse(inline).map_err(|_| Error::Policy)?;
        all.push(("PolicyInputList.1".to_owned(), inline.clone()));
    }
    if arns.as_ref().is_some_and(|arns| arns.len() > MAX_POLICY_ARNS) {
        return Err(Error::TooManyPolicies);
    }
    for arn in arns.iter().flatten().map(|descriptor| text(&descriptor.arn)) {
        let document = sts.iam.policy_text(account, arn).ok_or_else(|| Error::NoPolicy(arn.to_owned()))?;
        all.push((arn.to_owned(), document));
    }
    Ok(Some(all).filter(|all| !all.is_empty()))
}

/// Reads tags, whose keys differ by more than case.
pub(super) fn tags(given: &Option<Vec<Tag>>) -> Result<Vec<(String, String)>, Error> {
    let tags: Vec<_> =
        given.iter().flatten().map(|tag| (text(&tag.key).to_owned(), text(&tag.value).to_owned())).collect();
    check_tags(&tags)?;
    Ok(tags)
}

/// Refuses keys that differ by case alone, and what is more or longer than tags may be: the API's model bounds those
/// of requests, and nothing bounds those that a provider puts into its tokens.
pub(super) fn check_tags(tags: &[(String, String)]) -> Result<(), Error> {
    if tags.len() > MAX_TAGS {
        return Err(Error::TooManyTags);
    }
    let is_good = |(key, value): &(String, String)| {
        (1..=MAX_TAG_KEY).contains(&key.chars().count()) && value.chars().count() <= MAX_TAG_VALUE
    };
    if let Some((key, _)) = tags.iter().find(|tag| !is_good(tag)) {
        return Err(Error::TagLength(key.clone()));
    }
    let keys: BTreeSet<String> = tags.iter().map(|(key, _)| key.to_lowercase()).collect();
    if keys.len() == tags.len() { Ok(()) } else { Err(Error::DuplicateTag) }
}

/// How much of what they may be policies and tags are, in percent; `None` if there are none.
pub(super) fn packed(policies: &Limits, tags: &[(String, String)]) -> Result<Option<i32>, Error> {
    let inline = policies.iter().flatten().filter(|(name, _)| !name.starts_with("arn:"));
    let size = inline.chain(tags).map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let percent = (size * 100).div_ceil(PACKED_BYTES);
    match (size, percent) {
        (0, _) => Ok(None),
        (_, 101..) => Err(Error::Packed(percent)),
        _ => Ok(i32::try_from(percent).ok()),
    }
}
