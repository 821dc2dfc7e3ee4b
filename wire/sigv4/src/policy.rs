use serde_json::Value;
use tidegate_protocol::{ErrorShape, Fault, ServiceError};
use tidegate_types::Timestamp;

use crate::date;
use crate::error::SignatureError;
use crate::form::PostForm;
use crate::request::Style;

/// What an upload form may contain, and until when.
#[derive(Debug, Clone, PartialEq)]
pub struct PostPolicy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    /// The field has this value.
    Equals(String, String),
    /// The field's value begins with this.
    StartsWith(String, String),
    /// The file's size lies between these, both included.
    Length(u64, u64),
}

/// Why an upload form is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Its signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Its policy cannot be read.
    #[error("{0}")]
    Invalid(&'static str),
    /// Its policy's time is over.
    #[error("Invalid according to Policy: Policy expired.")]
    Expired,
    /// It breaks a condition of its policy, or has a field that none allows.
    #[error("Invalid according to Policy: {0}")]
    Broken(String),
    /// The file is too small.
    #[error("Your proposed upload is smaller than the minimum allowed size")]
    TooSmall,
    /// The file is too large.
    #[error("Your proposed upload exceeds the maximum allowed size")]
    TooLarge,
}

impl PolicyError {
    /// The error in S3's words.
    pub fn to_service_error(&self) -> ServiceError {
        let (code, status) = match self {
            PolicyError::Signature(error) => return error.to_service_error(Style::S3),
            PolicyError::Invalid(_) => ("InvalidPolicyDocument", 400),
            PolicyError::Expired | PolicyError::Broken(_) => ("AccessDenied", 403),
            PolicyError::TooSmall => ("EntityTooSmall", 400),
            PolicyError::TooLarge => ("EntityTooLarge", 400),
        };
        ServiceError::new(ErrorShape::new(code, status, Fault::Sender), self.to_string())
    }
}

const INVALID: PolicyError = PolicyError::Invalid("Invalid Policy: Invalid JSON.");

impl PostPolicy {
    /// Parses a policy document.
    ///
    /// # Errors
    /// [`PolicyError::Invalid`].
    pub fn parse(text: &[u8]) -> Result<PostPolicy, PolicyError> {
        let document: Value = serde_json::from_slice(text).map_err(|_| INVALID)?;
        let expiration = document.get("expiration").and_then(Value::as_str).and_then(date::parse_extended);
        let expiration = expiration.ok_or(PolicyError::Invalid("Invalid Policy: Invalid 'expiration' value."))?;
        let conditions = document.get("conditions").and_then(Value::as_array);
        let conditions = conditions.ok_or(PolicyError::Invalid("Invalid Policy: 'conditions' not found."))?;
        let mut parsed = Vec::new();
        for condition in conditions {
            parse_condition(condition, &mut parsed)?;
        }
        Ok(PostPolicy { expiration, conditions: parsed })
    }

    /// Whether the form keeps to the policy at `now`.
    ///
    /// # Errors
    /// What it breaks first.
    pub fn check(&self, form: &PostForm<'_>, now: Timestamp) -> Result<(), PolicyError> {
        if now > self.expiration {
            return Err(PolicyError::Expired);
        }
        for condition in &self.conditions {
            condition.check(form)?;
        }
        let uncovered = form.fields.iter().find(|(name, _)| needs_condition(name) && !self.covers(name));
        match uncovered {
            Some((name, _)) => Err(PolicyError::Broken(format!("Extra input fields: {}", name.to_ascii_lowercase()))),
            None => Ok(()),
        }
    }

    fn covers(&self, field: &str) -> bool {
        self.conditions.iter().any(|condition| match condition {
            Condition::Equals(name, _) | Condition::StartsWith(name, _) => name.eq_ignore_ascii_case(field),
            Condition::Length(..) => false,
        })
    }
}

/// Every field must be allowed by a condition, but for those that carry the policy itself.
fn needs_condition(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    let carries_it = matches!(field.as_str(), "x-amz-signature" | "signature" | "awsaccesskeyid" | "file" | "policy");
    !carries_it && !field.starts_with("x-ignore-")
}

fn parse_condition(condition: &Value, parsed: &mut Vec<Condition>) -> Result<(), PolicyError> {
    if let Some(object) = condition.as_object() {
        for (name, value) in object {
            let value = value.as_str().ok_or(INVALID)?;
            parsed.push(Condition::Equals(name.clone(), value.to_owned()));
        }
        return Ok(());
    }
    let Some([operator, first, second]) = condition.as_array().map(Vec::as_slice) else { return Err(INVALID) };
    let operator = operator.as_str().ok_or(INVALID)?.to_ascii_lowercase();
    if operator == "content-length-range" {
        parsed.push(Condition::Length(number(first)?, number(second)?));
        return Ok(());
    }
    let name = first.as_str().and_then(|name| name.strip_prefix('$')).ok_or(INVALID)?.to_owned();
    let value = second.as_str().ok_or(INVALID)?.to_owned();
    parsed.push(match operator.as_str() {
        "eq" => Condition::Equals(name, value),
        "starts-with" => Condition::StartsWith(name, value),
        _ => return Err(INVALID),
    });
    Ok(())
}

/// A number, which some signers write as a text.
fn number(value: &Value) -> Result<u64, PolicyError> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).ok_or(INVALID)
}

impl Condition {
    fn check(&self, form: &PostForm<'_>) -> Result<(), PolicyError> {
        let value = |name: &str| match name.eq_ignore_ascii_case("bucket") {
            true => form.bucket.to_owned(),
            false => form.field(name).unwrap_or_default().to_owned(),
        };
        let broken = |text: String| Err(PolicyError::Broken(format!("Policy Condition failed: [{text}]")));
        match self {
            Condition::Equals(name, wanted) if value(name) != *wanted => {
                broken(format!("\"eq\", \"${name}\", \"{wanted}\""))
            }
            Condition::StartsWith(name, wanted) if !value(name).starts_with(wanted.as_str()) => {
                broken(format!("\"starts-with\", \"${name}\", \"{wanted}\""))
            }
            Condition::Length(min, _) if form.content_length.is_some_and(|length| length < *min) => {
                Err(PolicyError::TooSmall)
            }
            Condition::Length(_, max) if form.content_length.is_some_and(|length| length > *max) => {
                Err(PolicyError::TooLarge)
            }
            _ => Ok(()),
        }
    }
}
