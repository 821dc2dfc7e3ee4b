//! Data protection: sensitive parts of events become asterisks before anybody sees them.
//!
//! AWS finds them by managed identifiers and by words around them; the words are its own. Here an identifier is a
//! form, with a checksum where there is one. Identifiers without a form of their own (names, addresses, and numbers
//! that are told from others only by the words beside them) are accepted and mask nothing: see
//! `docs/services/logs.md`.

mod decoded;
mod forms;

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use tidegate_types::Timestamp;

use self::decoded::Decoded;
use self::forms::{Form, is_managed, managed};

/// The longest policy, in characters.
const MAX_POLICY_CHARS: usize = 30_720;
/// The most custom identifiers of a policy.
const MAX_CUSTOM: usize = 10;
/// The longest name of a custom identifier, in characters.
const MAX_NAME_CHARS: usize = 128;
/// The longest expression of a custom identifier, in characters.
const MAX_REGEX_CHARS: usize = 200;
/// What managed identifiers' ARNs begin with.
const MANAGED: &str = "arn:aws:dataprotection::aws:data-identifier/";

/// What a data protection policy masks.
#[derive(Debug, Clone)]
pub struct Masking {
    forms: Arc<[Form]>,
}

/// Everything that masks a group's events, each from the time on at which it was made.
#[derive(Debug, Clone, Default)]
pub struct Masks(pub Vec<(Timestamp, Masking)>);

impl Masks {
    /// The text as it may be seen, if that differs, of an event that was written at `at`.
    pub fn masked(&self, message: &str, at: Timestamp) -> Option<String> {
        let decoded = Decoded::of(message);
        let read = decoded.as_ref().map_or(message, |decoded| &decoded.text);
        let mut hidden: Vec<Range<usize>> = Vec::new();
        for (_, masking) in self.0.iter().filter(|(since, _)| *since <= at) {
            masking.forms.iter().for_each(|form| form.find(read, &mut hidden));
        }
        hidden.retain(|part| !part.is_empty());
        if hidden.is_empty() {
            return None;
        }
        hidden.sort_unstable_by_key(|part| part.start);
        let (mut shown, mut at, mut written) = (String::with_capacity(message.len()), 0, 0);
        for part in hidden.into_iter() {
            let part = part.start.max(at)..part.end;
            if part.is_empty() {
                continue;
            }
            let source = decoded.as_ref().map_or_else(|| part.clone(), |decoded| decoded.source(&part));
            shown.push_str(&message[written..source.start]);
            shown.extend(read[part.clone()].chars().map(|_| '*'));
            (at, written) = (part.end, source.end);
        }
        shown.push_str(&message[written..]);
        Some(shown)
    }
}

impl Masking {
    /// Reads a policy.
    ///
    /// # Errors
    /// What is wrong with it, in words for its owner.
    pub fn parse(document: &str) -> Result<Masking, String> {
        if document.chars().count() > MAX_POLICY_CHARS {
            return Err(format!("The policy document must not be longer than {MAX_POLICY_CHARS} characters"));
        }
        let policy: Value = serde_json::from_str(document).map_err(|_| "Invalid policy document".to_owned())?;
        let statements = policy.get("Statement").and_then(Value::as_array);
        let statements = statements.ok_or("Invalid policy document: Statement is required")?;
        let [audit, deidentify] = statements.as_slice() else {
            return Err("Invalid policy document: it must have an Audit and a Deidentify statement".to_owned());
        };
        let destination = audit.pointer("/Operation/Audit/FindingsDestination");
        if !destination.is_some_and(Value::is_object) {
            return Err(
                "Invalid policy document: the first statement must have an Audit operation with a FindingsDestination"
                    .to_owned(),
            );
        }
        let mask = deidentify.pointer("/Operation/Deidentify/MaskConfig").and_then(Value::as_object);
        if !mask.is_some_and(serde_json::Map::is_empty) {
            return Err("Invalid policy document: the second statement must have a Deidentify operation with an empty MaskConfig".to_owned());
        }
        let (one, two) = (identifiers(audit)?, identifiers(deidentify)?);
        if one != two {
            return Err("Invalid policy document: the DataIdentifier arrays must match exactly".to_owned());
        }
        let custom = custom(&policy)?;
        let mut forms = Vec::new();
        for identifier in one {
            match identifier.strip_prefix(MANAGED) {
                Some(name) if is_managed(name) => forms.extend(managed(name)),
                Some(name) => return Err(format!("Invalid policy document: unknown data identifier {name}")),
                None => {
                    let own = custom.iter().find(|(name, _)| *name == identifier);
                    let (_, form) =
                        own.ok_or_else(|| format!("Invalid policy document: unknown data identifier {identifier}"))?;
                    forms.push(form.clone());
                }
            }
        }
        Ok(Masking { forms: forms.into() })
    }

    /// Masks all of every event: for where a policy is kept that cannot be read.
    pub fn everything() -> Masking {
        Masking { forms: Arc::new([Form::Everything]) }
    }
}

fn identifiers(statement: &Value) -> Result<Vec<&str>, String> {
    let list = statement.get("DataIdentifier").and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or("Invalid policy document: DataIdentifier is required")?;
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    texts.ok_or_else(|| "Invalid policy document: data identifiers must be strings".to_owned())
}

fn custom(policy: &Value) -> Result<Vec<(String, Form)>, String> {
    let list = policy.pointer("/Configuration/CustomDataIdentifier").and_then(Value::as_array);
    let list = list.map_or(&[][..], Vec::as_slice);
    if list.len() > MAX_CUSTOM {
        return Err(format!("Invalid policy document: at most {MAX_CUSTOM} custom data identifiers are allowed"));
    }
    let read = |identifier: &Value| {
        let text = |name: &str| identifier.get(name).and_then(Value::as_str);
        let (Some(name), Some(pattern)) = (text("Name"), text("Regex")) else {
            return Err("Invalid policy document: a custom data identifier needs a Name and a Regex".to_owned());
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(is_name) {
            return Err(format!("Invalid policy document: invalid custom data identifier name {name}"));
        }
        // AWS allows neither groups nor more than these characters.
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || r"_#=@/;,- ^$?[]{}|\*+.".contains(c);
        let is_pattern = pattern.len() <= MAX_REGEX_CHARS && pattern.chars().all(is_allowed);
        let form = Some(pattern).filter(|_| is_pattern).and_then(Form::custom);
        let form = form.ok_or_else(|| format!("Invalid policy document: invalid regex {pattern}"))?;
        Ok((name.to_owned(), form))
    };
    list.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(identifiers: &[&str]) -> String {
        let managed: Vec<String> = identifiers.iter().map(|name| format!("{MANAGED}{name}")).collect();
        json!({ "Name": "p", "Version": "2021-06-01", "Statement": [
            { "Sid": "a", "DataIdentifier": managed, "Operation": { "Audit": { "FindingsDestination": {} } } },
            { "Sid": "b", "DataIdentifier": managed, "Operation": { "Deidentify": { "MaskConfig": {} } } },
        ] })
        .to_string()
    }

    fn masked(masking: &Masking, text: &str) -> Option<String> {
        Masks(vec![(Timestamp::EPOCH, masking.clone())]).masked(text, Timestamp::EPOCH)
    }

    fn own(regex: &str) -> Result<Masking, String> {
        let all = json!({ "Configuration": { "CustomDataIdentifier": [{ "Name": "Id", "Regex": regex }] }, "Statement": [
            { "DataIdentifier": ["Id"], "Operation": { "Audit": { "FindingsDestination": {} } } },
            { "DataIdentifier": ["Id"], "Operation": { "Deidentify": { "MaskConfig": {} } } },
        ] });
        Masking::parse(&all.to_string())
    }

    #[test]
    fn cards_are_found_beside_other_digits() {
        let masking = Masking::parse(&policy(&["CreditCardNumber"])).unwrap();
        let (plain, spaced) = ("*".repeat(16), "*".repeat(19));
        for (text, expected) in [
            ("card 4111111111111111 12/27", format!("card {plain} 12/27")),
            ("status 200 4111111111111111", format!("status 200 {plain}")),
            ("2026-01-02 4111 1111 1111 1111", format!("2026-01-02 {spaced}")),
            ("id 7 4111-1111-1111-1111", format!("id 7 {spaced}")),
            ("4111111111111111 5500005555555559", format!("{plain} {plain}")),
            ("card_4111111111111111.", format!("card_{plain}.")),
            ("\u{e4}4111111111111111", "\u{e4}4111111111111111".to_owned()),
            ("41111111111111110000", "41111111111111110000".to_owned()),
            ("0000000000000000", "0000000000000000".to_owned()),
        ] {
            assert_eq!(masked(&masking, text).unwrap_or_else(|| text.to_owned()), expected, "{text}");
        }
    }

    #[test]
    fn json_is_masked_as_it_is_read() {
        let masking = Masking::parse(&policy(&["Ssn-US", "EmailAddress"])).unwrap();
        for (text, expected) in [
            (r#"{"m":"a\n123-45-6789", "n" : 1.0}"#, r#"{"m":"a\n***********", "n" : 1.0}"#),
            (r#"{"m":"jane\u0040x.com"}"#, r#"{"m":"**********"}"#),
            (r#"{"jane\u0040x.com":"\n"}"#, r#"{"**********":"\n"}"#),
            (r#"log {"m":"a\t123-45-6789"}"#, r#"log {"m":"a\t***********"}"#),
            (r#"{"m":"{\"s\":\"a\\n123-45-6789\"}"}"#, r#"{"m":"{\"s\":\"a\\n***********\"}"}"#),
            (r#"{"m":"a\n1", "m":"\u0041"}"#, r#"{"m":"a\n1", "m":"\u0041"}"#),
        ] {
            assert_eq!(masked(&masking, text).unwrap_or_else(|| text.to_owned()), expected, "{text}");
        }
    }

    #[test]
    fn two_policies_see_the_same_text() {
        let mask = |name| (Timestamp::EPOCH, Masking::parse(&policy(&[name])).unwrap());
        let masks = Masks(vec![mask("CreditCardNumber"), mask("Ssn-US")]);
        let shown = masks.masked(r#"{"a":4111111111111111,"b":"x\n123-45-6789"}"#, Timestamp::EPOCH);
        assert_eq!(shown.as_deref(), Some(r#"{"a":****************,"b":"x\n***********"}"#));
    }

    #[test]
    fn an_expression_that_is_found_too_often_masks_the_rest() {
        let text = "a".repeat(1 << 20);
        assert_eq!(masked(&own("a.*z|a").unwrap(), &text), Some("*".repeat(1 << 20)));
        assert_eq!(masked(&Masking::everything(), "{\u{e4}}").as_deref(), Some("***"));
    }

    #[test]
    fn what_has_the_form_is_masked() {
        for (identifier, text, expected) in [
            ("EmailAddress", "from jane@example.com to x", "from **************** to x"),
            ("IpAddress", "at 10.0.0.1:80 or 1.2.3", "at ********:80 or 1.2.3"),
            (
                "CreditCardNumber",
                "4111 1111 1111 1111 and 4111111111111112",
                "******************* and 4111111111111112",
            ),
            ("Ssn-US", "ssn 123-45-6789", "ssn ***********"),
            (
                "AwsSecretKey",
                "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "aws_secret_access_key = ****************************************",
            ),
            (
                "VehicleIdentificationNumber",
                "1M8GDM9AXKP042788 1M8GDM9A1KP042788",
                "***************** 1M8GDM9A1KP042788",
            ),
            ("Name", "John Doe", "John Doe"),
        ] {
            let masking = Masking::parse(&policy(&[identifier])).unwrap();
            let shown = masked(&masking, text).unwrap_or_else(|| text.to_owned());
            assert_eq!(shown, expected, "{identifier}");
        }
    }

    #[test]
    fn masks_hold_from_their_time_on_and_add_up() {
        let at = Timestamp::from_millis;
        let mask = |name| Masking::parse(&policy(&[name])).unwrap();
        let masks = Masks(vec![(at(5), mask("EmailAddress")), (at(10), mask("Ssn-US"))]);
        let text = "a@b.cd 123-45-6789";
        assert_eq!(masks.masked(text, at(4)), None);
        assert_eq!(masks.masked(text, at(5)).as_deref(), Some("****** 123-45-6789"));
        assert_eq!(masks.masked(text, at(10)).as_deref(), Some("****** ***********"));
    }

    #[test]
    fn own_identifiers_and_what_is_refused() {
        assert_eq!(masked(&own(r"E-\d+").unwrap(), "E-17 x").as_deref(), Some("**** x"));
        let long = "a".repeat(201);
        for regex in ["(a)", "a*", "[", "a:b", "\\w{999}", &long] {
            assert_eq!(own(regex).unwrap_err(), format!("Invalid policy document: invalid regex {regex}"));
        }
        for (document, words) in [
            ("no".to_owned(), "Invalid policy document"),
            ("{}".to_owned(), "Invalid policy document: Statement is required"),
            (policy(&["Nope"]), "Invalid policy document: unknown data identifier Nope"),
            (
                policy(&["EmailAddress"]).replacen("EmailAddress", "Name", 1),
                "Invalid policy document: the DataIdentifier arrays must match exactly",
            ),
            (policy(&[]), "Invalid policy document: DataIdentifier is required"),
        ] {
            assert_eq!(Masking::parse(&document).unwrap_err(), words, "{document}");
        }
    }
}
