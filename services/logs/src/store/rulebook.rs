//! Rules in memory, understood: what groups and accounts want of their events.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tidegate_logfilter::Pattern;
use tidegate_record::Stored;
use tidegate_transform::Transformer;
use tidegate_types::Timestamp;

use super::directory::unreadable;
use super::{AccountPolicyRecord, FilterOptions, RuleKind, RuleRecord, Subscription, SubscriptionRecord};
use crate::domain::{
    AccountPolicyKind, Criteria, IndexedField, Masking, Meaning, chooses, indexed_fields, transformer,
};

/// The rules of a group.
#[derive(Debug, Default, Clone)]
pub(super) struct Rules {
    /// The records, by kind.
    pub(super) records: BTreeMap<RuleKind, RuleRecord>,
    /// What is masked, and since when.
    pub(super) masking: Option<(Timestamp, Masking)>,
    pub(super) fields: Vec<IndexedField>,
    pub(super) transformer: Option<Transformer>,
}

/// A rule of a group, understood; or that there is none.
pub(super) struct Rule {
    record: Option<RuleRecord>,
    meaning: RuleMeaning,
}

enum RuleMeaning {
    Masking(Option<(Timestamp, Masking)>),
    Fields(Vec<IndexedField>),
    Transformer(Option<Transformer>),
    Nothing,
}

impl Rule {
    /// Reads a rule. One that cannot be read does nothing, but for one that masks: all of every event is masked then.
    /// `tidegate check` names it.
    pub(super) fn read(key: &Bytes, kind: RuleKind, value: Option<&Bytes>) -> Rule {
        let record = value.and_then(|value| RuleRecord::decode(value).map_err(|error| unreadable(key, &error)).ok());
        let document = record.as_ref().map(|record| record.document.as_str());
        let say = |error: String| unreadable(key, &error);
        let meaning = match kind {
            RuleKind::DataProtection => {
                let known = record.as_ref().and_then(|record| {
                    let masking = Masking::parse(&record.document).map_err(say).ok()?;
                    Some((record.created_at, masking))
                });
                let everything = || (Timestamp::EPOCH, Masking::everything());
                RuleMeaning::Masking(value.map(|_| known.unwrap_or_else(everything)))
            }
            RuleKind::FieldIndex => {
                let fields = document.and_then(|text| indexed_fields(text).map_err(say).ok());
                RuleMeaning::Fields(fields.unwrap_or_default())
            }
            RuleKind::Transformer => {
                RuleMeaning::Transformer(document.and_then(|text| transformer(text).map_err(say).ok()))
            }
            RuleKind::ResourcePolicy => RuleMeaning::Nothing,
        };
        Rule { record, meaning }
    }
}

impl Rules {
    /// Notes a rule, or that it is gone.
    pub(super) fn set(&mut self, kind: RuleKind, rule: Rule) {
        match rule.meaning {
            RuleMeaning::Masking(masking) => self.masking = masking,
            RuleMeaning::Fields(fields) => self.fields = fields,
            RuleMeaning::Transformer(transformer) => self.transformer = transformer,
            RuleMeaning::Nothing => {}
        }
        match rule.record {
            Some(record) => drop(self.records.insert(kind, record)),
            None => drop(self.records.remove(&kind)),
        }
    }
}

/// A policy of an account, ready to be used.
#[derive(Debug, Clone)]
pub struct AccountPolicy {
    /// As it is stored.
    pub record: AccountPolicyRecord,
    /// Which groups it is about.
    pub criteria: Option<Criteria>,
    /// What it means.
    pub(super) effect: Effect,
}

#[derive(Debug, Clone)]
pub(super) enum Effect {
    Masking(Masking),
    Subscription(Box<Subscription>),
    Fields(Vec<IndexedField>),
    Transformer(Transformer),
    Nothing,
}

impl AccountPolicy {
    /// A policy as it is understood. One that cannot be read does nothing, but for one that masks: all of every event
    /// is masked then. `tidegate check` names it.
    pub(super) fn read(key: &Bytes, kind: AccountPolicyKind, value: &Bytes) -> Option<AccountPolicy> {
        let is_masking = kind == AccountPolicyKind::DataProtection;
        Self::readable(key, kind, value).or_else(|| is_masking.then(Self::everything))
    }

    /// Masks all of every event.
    fn everything() -> AccountPolicy {
        let record = AccountPolicyRecord {
            document: String::new(),
            criteria: None,
            target: None,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        };
        AccountPolicy { record, criteria: None, effect: Effect::Masking(Masking::everything()) }
    }

    fn readable(key: &Bytes, kind: AccountPolicyKind, value: &Bytes) -> Option<AccountPolicy> {
        let record = AccountPolicyRecord::decode(value).map_err(|error| unreadable(key, &error)).ok()?;
        let say = |error: String| unreadable(key, &error);
        let criteria = kind.criteria(record.criteria.as_deref()).map_err(say).ok()?;
        let effect = match kind.meaning(&record.document).map_err(say).ok()? {
            Meaning::Masking(masking) => Effect::Masking(masking),
            Meaning::Fields(fields) => Effect::Fields(fields),
            Meaning::Transformer(transformer) => Effect::Transformer(transformer),
            Meaning::Nothing => Effect::Nothing,
            Meaning::Subscription(filter) => {
                let pattern = Pattern::parse(&filter.pattern).map_err(|error| unreadable(key, &error)).ok()?;
                let target = record.target.as_deref().and_then(|target| target.parse().ok());
                let record = SubscriptionRecord {
                    pattern: filter.pattern,
                    target: target.unwrap_or_else(|| filter.destination.clone()),
                    destination: filter.destination,
                    role: filter.role,
                    is_random: filter.is_random,
                    created_at: record.created_at,
                    options: FilterOptions::default(),
                };
                Effect::Subscription(Box::new(Subscription { record, pattern, criteria: None }))
            }
        };
        Some(AccountPolicy { record, criteria, effect })
    }

    /// Whether it is about a group.
    pub fn chooses(&self, group: &str) -> bool {
        chooses(self.criteria.as_ref(), group)
    }

    /// The fields that it indexes.
    pub fn fields(&self) -> &[IndexedField] {
        match &self.effect {
            Effect::Fields(fields) => fields,
            _ => &[],
        }
    }
}

/// The policies of an account in a region, by kind and name.
pub type AccountPolicies = BTreeMap<(AccountPolicyKind, String), AccountPolicy>;

/// Those of a kind that are about a group; the most particular first.
pub(super) fn about<'p>(
    policies: &'p Arc<AccountPolicies>,
    kind: AccountPolicyKind,
    group: &str,
) -> Vec<(&'p String, &'p AccountPolicy)> {
    let of_kind = policies.iter().filter(|((own, _), policy)| *own == kind && policy.chooses(group));
    let mut found: Vec<_> = of_kind.map(|((_, name), policy)| (name, policy)).collect();
    found.sort_by_key(|(_, policy)| policy.criteria.is_none());
    found
}
