//! What an account wants of its groups, and what a group's owner wants of one: the policies' kinds and documents.

use serde_json::Value;
use tidegate_logfilter::{Criteria, Pattern};
use tidegate_transform::Transformer;
use tidegate_types::Arn;

use super::masking::Masking;

/// The most fields of an index policy.
const MAX_FIELDS: usize = 20;
/// The longest name of an indexed field, in characters.
const MAX_FIELD_CHARS: usize = 100;
/// The most bytes of selection criteria.
const MAX_CRITERIA_BYTES: usize = 25 * 1024;

/// A kind of policy of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountPolicyKind {
    /// What is masked.
    DataProtection,
    /// Who gets every group's events.
    Subscription,
    /// Which fields are indexed.
    FieldIndex,
    /// What events become.
    Transformer,
    /// Whether metrics are made of events that say so themselves.
    MetricExtraction,
}

/// What a policy of an account means.
#[derive(Debug, Clone)]
pub enum Meaning {
    /// This is masked.
    Masking(Masking),
    /// Events go there.
    Subscription(AccountSubscription),
    /// These fields are indexed.
    Fields(Vec<IndexedField>),
    /// Events become this.
    Transformer(Transformer),
    /// Nothing here: there are no such metrics.
    Nothing,
}

/// A subscription filter of a whole account.
#[derive(Debug, Clone)]
pub struct AccountSubscription {
    /// Which events, as its owner wrote it.
    pub pattern: String,
    /// Where they go.
    pub destination: Arn,
    /// By which role.
    pub role: Option<String>,
    /// `Random` or `ByLogStream`.
    pub is_random: bool,
}

/// A field of an index policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedField {
    /// Its name.
    pub name: String,
    /// Whether it is a facet too.
    pub is_facet: bool,
}

impl AccountPolicyKind {
    /// What its selection criteria may be about.
    fn fields(self) -> &'static [&'static str] {
        match self {
            AccountPolicyKind::DataProtection => &[],
            AccountPolicyKind::Subscription => &["LogGroupName"],
            AccountPolicyKind::FieldIndex => &["LogGroupNamePrefix", "DataSourceName", "DataSourceType"],
            AccountPolicyKind::Transformer => &["LogGroupNamePrefix"],
            AccountPolicyKind::MetricExtraction => &["LogGroupNamePrefix", "LogGroupName"],
        }
    }

    /// How many of an account there may be, with and without selection criteria.
    pub fn most(self, has_criteria: bool) -> usize {
        match (self, has_criteria) {
            (AccountPolicyKind::FieldIndex, true) => 40,
            (AccountPolicyKind::Transformer, true) => 20,
            (AccountPolicyKind::MetricExtraction, true) => 5,
            _ => 1,
        }
    }

    /// Reads selection criteria.
    ///
    /// # Errors
    /// What is wrong with them, in words for their owner.
    pub fn criteria(self, text: Option<&str>) -> Result<Option<Criteria>, String> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        let wrong = || Err("Invalid selectionCriteria".to_owned());
        if self.fields().is_empty() {
            return Err("selectionCriteria is not supported for this policy type".to_owned());
        }
        if text.len() > MAX_CRITERIA_BYTES {
            return wrong();
        }
        let Ok(criteria) = Criteria::parse(text, self.fields()) else { return wrong() };
        let of_subscription = |(_, _, negated): &(&str, &[String], bool)| *negated;
        if self == AccountPolicyKind::Subscription && !criteria.leaves().iter().all(of_subscription) {
            return wrong();
        }
        Ok(Some(criteria))
    }

    /// Reads a policy's document.
    ///
    /// # Errors
    /// What is wrong with it, in words for its owner.
    pub fn meaning(self, document: &str) -> Result<Meaning, String> {
        match self {
            AccountPolicyKind::DataProtection => Masking::parse(document).map(Meaning::Masking),
            AccountPolicyKind::Subscription => subscription(document).map(Meaning::Subscription),
            AccountPolicyKind::FieldIndex => indexed_fields(document).map(Meaning::Fields),
            AccountPolicyKind::Transformer => transformer(document).map(Meaning::Transformer),
            AccountPolicyKind::MetricExtraction => json(document).map(|_| Meaning::Nothing),
        }
    }
}

/// Whether criteria choose a group. What is about data sources chooses none: no event here has one.
pub fn chooses(criteria: Option<&Criteria>, group: &str) -> bool {
    let is = |field: &str, value: &str| match field {
        "LogGroupName" => group == value,
        "LogGroupNamePrefix" => group.starts_with(value),
        _ => false,
    };
    criteria.is_none_or(|criteria| criteria.holds(&is))
}

/// The prefixes of groups that criteria name.
pub fn prefixes(criteria: Option<&Criteria>) -> Vec<String> {
    let leaves = criteria.map(Criteria::leaves).unwrap_or_default();
    let of_prefix = leaves.into_iter().filter(|(field, _, negated)| *field == "LogGroupNamePrefix" && !negated);
    of_prefix.flat_map(|(_, values, _)| values.iter().cloned()).collect()
}

fn json(document: &str) -> Result<Value, String> {
    let value = serde_json::from_str::<Value>(document).map_err(|_| "Invalid policy document".to_owned())?;
    if value.is_object() { Ok(value) } else { Err("Invalid policy document".to_owned()) }
}

fn subscription(document: &str) -> Result<AccountSubscription, String> {
    let value = json(document)?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let pattern = text("FilterPattern").unwrap_or_default().to_owned();
    Pattern::parse(&pattern).map_err(|_| "Invalid filter pattern".to_owned())?;
    let destination = text("DestinationArn").ok_or("Invalid policy document: DestinationArn is required")?;
    let is_random = match text("Distribution") {
        None | Some("ByLogStream") => false,
        Some("Random") => true,
        Some(_) => return Err("Invalid policy document: Distribution must be Random or ByLogStream".to_owned()),
    };
    let words = || "Invalid destination ARN. Please check the destination ARN.".to_owned();
    Ok(AccountSubscription {
        pattern,
        destination: destination.parse().map_err(|_| words())?,
        role: text("RoleArn").map(str::to_owned),
        is_random,
    })
}

/// Reads the document of an index policy: `{"Fields": ["a"], "FieldsV2": {"b": {"type": "FACET"}}}`.
///
/// # Errors
/// What is wrong with it, in words for its owner.
pub fn indexed_fields(document: &str) -> Result<Vec<IndexedField>, String> {
    let value = json(document)?;
    let mut fields = Vec::new();
    if let Some(list) = value.get("Fields") {
        let list = list.as_array().ok_or("Invalid policy document: Fields must be an array")?;
        for name in list {
            let name = name.as_str().ok_or("Invalid policy document: Fields must be strings")?;
            fields.push(IndexedField { name: name.to_owned(), is_facet: false });
        }
    }
    if let Some(members) = value.get("FieldsV2") {
        let members = members.as_object().ok_or("Invalid policy document: FieldsV2 must be an object")?;
        for (name, how) in members {
            let is_facet = match how.get("type").and_then(Value::as_str) {
                Some("FACET") => true,
                Some("FIELD_INDEX") => false,
                _ => return Err("Invalid policy document: type must be FIELD_INDEX or FACET".to_owned()),
            };
            fields.push(IndexedField { name: name.clone(), is_facet });
        }
    }
    if fields.is_empty() {
        return Err("Invalid policy document: at least one field is required".to_owned());
    }
    if fields.len() > MAX_FIELDS {
        return Err(format!("Invalid policy document: at most {MAX_FIELDS} fields are allowed"));
    }
    for (at, field) in fields.iter().enumerate() {
        if field.name.is_empty() || field.name.chars().count() > MAX_FIELD_CHARS {
            return Err(format!(
                "Invalid policy document: field names have between 1 and {MAX_FIELD_CHARS} characters"
            ));
        }
        if fields[..at].iter().any(|other| other.name == field.name) {
            return Err(format!("Invalid policy document: the field {} appears twice", field.name));
        }
    }
    Ok(fields)
}

/// Reads the document of a transformer.
///
/// # Errors
/// What is wrong with it, in words for its owner.
pub fn transformer(document: &str) -> Result<Transformer, String> {
    let value: Value = serde_json::from_str(document).map_err(|_| "Invalid policy document".to_owned())?;
    Transformer::parse(&value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexed_fields_are_listed() {
        let fields = indexed_fields(r#"{"Fields":["a"],"FieldsV2":{"b":{"type":"FACET"}}}"#).unwrap();
        let names: Vec<(&str, bool)> = fields.iter().map(|field| (field.name.as_str(), field.is_facet)).collect();
        assert_eq!(names, [("a", false), ("b", true)]);
        for (document, words) in [
            ("{}", "Invalid policy document: at least one field is required"),
            (
                r#"{"Fields":["a"],"FieldsV2":{"a":{"type":"FACET"}}}"#,
                "Invalid policy document: the field a appears twice",
            ),
            ("[]", "Invalid policy document"),
        ] {
            assert_eq!(indexed_fields(document).unwrap_err(), words);
        }
    }

    #[test]
    fn criteria_choose_groups() {
        let kind = AccountPolicyKind::Subscription;
        let criteria = kind.criteria(Some(r#"LogGroupName NOT IN ["a", "b"]"#)).unwrap();
        assert!(chooses(criteria.as_ref(), "c") && !chooses(criteria.as_ref(), "a") && chooses(None, "a"));
        assert_eq!(kind.criteria(Some(r#"LogGroupName IN ["a"]"#)).unwrap_err(), "Invalid selectionCriteria");
        let criteria = AccountPolicyKind::Transformer.criteria(Some(r#"LogGroupNamePrefix IN ["/app/"]"#)).unwrap();
        assert!(chooses(criteria.as_ref(), "/app/x") && !chooses(criteria.as_ref(), "/lib"));
        assert_eq!(prefixes(criteria.as_ref()), ["/app/"]);
    }
}
