//! Redrive policies between JSON texts and the domain's types.

use serde_json::{Map, Value, json};
use tidegate_types::Arn;

use crate::domain::{QueueAddress, RedriveAllowPolicy, RedrivePermission, RedrivePolicy};
use crate::error::{AttributeTextError, RedriveAllowTextError, RedriveTextError};

const TARGET: &str = "deadLetterTargetArn";
const COUNT: &str = "maxReceiveCount";

/// The redrive policy that a text states.
pub(crate) fn parse_redrive(text: &str) -> Result<RedrivePolicy, AttributeTextError> {
    let fields = object(text).ok_or(AttributeTextError::RedriveNotAnObject)?;
    redrive_of(&fields).map_err(|reason| AttributeTextError::Redrive { text: text.to_owned(), reason })
}

fn redrive_of(fields: &Map<String, Value>) -> Result<RedrivePolicy, RedriveTextError> {
    let field = |name| fields.get(name).ok_or(RedriveTextError::Missing(name));
    let (count, target) = (field(COUNT)?, field(TARGET)?);
    // The count may be written as a number or as a text.
    let count_text = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
    let max_receive_count = count_text.parse().ok().filter(|count| RedrivePolicy::is_valid_max_receive_count(*count));
    let max_receive_count = max_receive_count.ok_or(RedriveTextError::MaxReceiveCount(count_text))?;
    let arn: Arn = target.as_str().and_then(|arn| arn.parse().ok()).ok_or(RedriveTextError::NotAnArn)?;
    let target = QueueAddress::of_arn(&arn).ok_or(RedriveTextError::NotAQueue)?;
    if fields.len() > 2 {
        return Err(RedriveTextError::OtherAttributes);
    }
    Ok(RedrivePolicy { target, max_receive_count })
}

/// A redrive policy as AWS shows it.
pub(crate) fn redrive_text(policy: &RedrivePolicy) -> String {
    json!({ TARGET: policy.target.arn().to_string(), COUNT: policy.max_receive_count }).to_string()
}

/// The redrive allow policy that a text states.
pub(crate) fn parse_redrive_allow(text: &str) -> Result<RedriveAllowPolicy, AttributeTextError> {
    let format = || AttributeTextError::RedriveAllowFormat;
    let wrong = |reason| AttributeTextError::RedriveAllow { text: text.to_owned(), reason };
    let fields = object(text).ok_or_else(format)?;
    if fields.keys().any(|name| name != "redrivePermission" && name != "sourceQueueArns") {
        return Err(format());
    }
    let sources = fields.get("sourceQueueArns").map(|sources| arns(sources).ok_or_else(format)).transpose()?;
    let permission = match (fields.get("redrivePermission").and_then(Value::as_str), sources) {
        (Some("allowAll"), None) => RedrivePermission::AllowAll,
        (Some("denyAll"), None) => RedrivePermission::DenyAll,
        (Some("allowAll" | "denyAll"), Some(_)) => return Err(wrong(RedriveAllowTextError::SourcesWithoutByQueue)),
        (Some("byQueue"), Some(sources)) if sources.len() > RedriveAllowPolicy::MAX_SOURCES => {
            return Err(wrong(RedriveAllowTextError::TooManySources));
        }
        (Some("byQueue"), Some(sources)) if !sources.is_empty() => RedrivePermission::ByQueue(sources),
        (Some("byQueue"), _) => return Err(wrong(RedriveAllowTextError::ByQueueWithoutSources)),
        _ => return Err(format()),
    };
    Ok(RedriveAllowPolicy { permission })
}

/// A redrive allow policy as AWS shows it.
pub(crate) fn redrive_allow_text(policy: &RedriveAllowPolicy) -> String {
    let value = match &policy.permission {
        RedrivePermission::AllowAll => json!({ "redrivePermission": "allowAll" }),
        RedrivePermission::DenyAll => json!({ "redrivePermission": "denyAll" }),
        RedrivePermission::ByQueue(sources) => {
            let sources: Vec<String> = sources.iter().map(Arn::to_string).collect();
            json!({ "redrivePermission": "byQueue", "sourceQueueArns": sources })
        }
    };
    value.to_string()
}

fn arns(value: &Value) -> Option<Vec<Arn>> {
    value.as_array()?.iter().map(|arn| arn.as_str()?.parse().ok()).collect()
}

fn object(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}
