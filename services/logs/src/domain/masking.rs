//! Data protection: sensitive parts of events become asterisks before anybody sees them.
//!
//! AWS finds them by managed identifiers and by words around them; the words are its own. Here an identifier is a
//! form, with a checksum where there is one. Identifiers without a form of their own (names, addresses, and numbers
//! that are told from others only by the words beside them) are accepted and mask nothing: see
//! `docs/services/logs.md`.

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;
use tidegate_types::Timestamp;

/// The longest policy, in characters.
const MAX_POLICY_CHARS: usize = 30_720;
/// The most custom identifiers of a policy.
const MAX_CUSTOM: usize = 10;
/// What managed identifiers' ARNs begin with.
const MANAGED: &str = "arn:aws:dataprotection::aws:data-identifier/";

/// What a data protection policy masks.
#[derive(Debug, Clone)]
pub struct Masking {
    forms: Arc<[Form]>,
}

#[derive(Debug, Clone)]
struct Form {
    regex: Regex,
    /// Whether a text of this form is what it looks like.
    holds: fn(&str) -> bool,
}

/// Everything that masks a group's events, each from the time on at which it was made.
#[derive(Debug, Clone, Default)]
pub struct Masks(pub Vec<(Timestamp, Masking)>);

impl Masks {
    /// The text as it may be seen, if that differs, of an event that was written at `at`.
    pub fn masked(&self, message: &str, at: Timestamp) -> Option<String> {
        let mut shown: Option<String> = None;
        for (_, masking) in self.0.iter().filter(|(since, _)| *since <= at) {
            let masked = masking.masked(shown.as_deref().unwrap_or(message));
            shown = masked.or(shown);
        }
        shown
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
                Some(name) if is_managed(name) => forms.extend(form(name)),
                Some(name) => return Err(format!("Invalid policy document: unknown data identifier {name}")),
                None => {
                    let own = custom.iter().find(|(name, _)| *name == identifier);
                    let (_, regex) =
                        own.ok_or_else(|| format!("Invalid policy document: unknown data identifier {identifier}"))?;
                    forms.push(Form { regex: regex.clone(), holds: |_| true });
                }
            }
        }
        Ok(Masking { forms: forms.into() })
    }

    /// The text with asterisks, if there is anything to be masked.
    fn masked(&self, text: &str) -> Option<String> {
        let mut hidden: Vec<(usize, usize)> = Vec::new();
        for Form { regex, holds } in &*self.forms {
            for found in regex.captures_iter(text) {
                // A group in parentheses is what is sensitive, if there is one.
                let part = found.get(1).or_else(|| found.get(0)).expect("a match has a text");
                if holds(part.as_str()) {
                    hidden.push((part.start(), part.end()));
                }
            }
        }
        if hidden.is_empty() {
            return None;
        }
        hidden.sort_unstable();
        let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
        for (start, end) in hidden {
            if end <= at {
                continue;
            }
            let start = start.max(at);
            shown.push_str(&text[at..start]);
            shown.extend(text[start..end].chars().map(|_| '*'));
            at = end;
        }
        shown.push_str(&text[at..]);
        Some(shown)
    }
}

fn identifiers(statement: &Value) -> Result<Vec<&str>, String> {
    let list = statement.get("DataIdentifier").and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or("Invalid policy document: DataIdentifier is required")?;
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    texts.ok_or_else(|| "Invalid policy document: data identifiers must be strings".to_owned())
}

fn custom(policy: &Value) -> Result<Vec<(String, Regex)>, String> {
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
        let regex = Regex::new(pattern).map_err(|_| format!("Invalid policy document: invalid regex {pattern}"))?;
        Ok((name.to_owned(), regex))
    };
    list.iter().map(read).collect()
}

/// The form of an identifier that has one.
fn form(name: &str) -> Option<Form> {
    let any: fn(&str) -> bool = |_| true;
    let (pattern, holds): (&str, fn(&str) -> bool) = match name {
        "EmailAddress" => (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", any),
        "IpAddress" => (
            r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b|(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}",
            any,
        ),
        "CreditCardNumber" => (r"\b(?:\d[ -]?){12,18}\d\b", has_luhn),
        "AwsSecretKey" => (
            r#"(?i:secret|aws_secret_access_key|credentials)[^\n]{0,30}?[\s"'=:]([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
            any,
        ),
        "OpenSshPrivateKey" => (r"-----BEGIN OPENSSH PRIVATE KEY-----(?s:.*?)-----END OPENSSH PRIVATE KEY-----", any),
        "PgpPrivateKey" => (r"-----BEGIN PGP PRIVATE KEY BLOCK-----(?s:.*?)-----END PGP PRIVATE KEY BLOCK-----", any),
        "PkcsPrivateKey" => (
            r"-----BEGIN (?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY-----(?s:.*?)-----END (?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY-----",
            any,
        ),
        "PuttyPrivateKey" => (r"PuTTY-User-Key-File-\d: (?s:.*?)Private-MAC: \S+", any),
        "Ssn-US" => (r"\b\d{3}-\d{2}-\d{4}\b", any),
        "IndividualTaxIdentificationNumber-US" => (r"\b9\d{2}[- ][5-9]\d[- ]\d{4}\b", any),
        "PhoneNumber-US" => (r"(?:\+1[ .-]?|\b)(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}\b", any),
        "BankAccountNumber-DE" => (r"\bDE\d{2} ?(?:\d{4} ?){4}\d{2}\b", any),
        "BankAccountNumber-ES" => (r"\bES\d{2} ?(?:\d{4} ?){5}\b", any),
        "BankAccountNumber-FR" => (r"\bFR\d{2} ?(?:[0-9A-Z]{4} ?){5}[0-9A-Z]{3}\b", any),
        "BankAccountNumber-GB" => (r"\bGB\d{2} ?[A-Z]{4} ?(?:\d{4} ?){3}\d{2}\b", any),
        "BankAccountNumber-IT" => (r"\bIT\d{2} ?[A-Z]\d{3} ?(?:[0-9A-Z]{4} ?){5}[0-9A-Z]{3}\b", any),
        "CpfCode-BR" => (r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", any),
        "Cnpj-BR" => (r"\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b", any),
        "NifNumber-ES" => (r"\b\d{8}-?[A-HJ-NP-TV-Z]\b", any),
        "NieNumber-ES" => (r"\b[XYZ]-?\d{7}-?[A-Z]\b", any),
        "NationalInsuranceNumber-GB" => (r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?){3}[A-D]\b", any),
        "VehicleIdentificationNumber" => (r"\b[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}\b", is_vehicle),
        "LatLong" => (r"[+-]?(?:[1-8]?\d\.\d{4,}|90\.0+),\s?[+-]?(?:1[0-7]\d|[1-9]?\d)\.\d{4,}", any),
        _ => return None,
    };
    Some(Form { regex: Regex::new(pattern).expect("our own pattern is one"), holds })
}

/// The check of payment cards' numbers.
fn has_luhn(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let doubled = |(at, digit): (usize, &u32)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// The check digit of a vehicle's number.
fn is_vehicle(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |c: char| match c {
        '0'..='9' => c.to_digit(10),
        'A'..='H' => Some(u32::from(c) - u32::from('A') + 1),
        'J'..='N' => Some(u32::from(c) - u32::from('J') + 1),
        'P' => Some(7),
        'R' => Some(9),
        'S'..='Z' => Some(u32::from(c) - u32::from('S') + 2),
        _ => None,
    };
    let sum: Option<u32> = text.chars().zip(WEIGHTS).map(|(c, weight)| Some(value(c)? * weight)).sum();
    let check = text.chars().nth(8).and_then(|c| if c == 'X' { Some(10) } else { c.to_digit(10) });
    sum.map(|sum| sum % 11) == check && text.chars().any(|c| c.is_ascii_digit())
}

/// Whether AWS has a managed identifier of this name.
fn is_managed(name: &str) -> bool {
    const PLAIN: &[&str] = &[
        "Address",
        "AwsSecretKey",
        "CreditCardExpiration",
        "CreditCardNumber",
        "CreditCardSecurityCode",
        "EmailAddress",
        "IpAddress",
        "LatLong",
        "Name",
        "OpenSshPrivateKey",
        "PgpPrivateKey",
        "PkcsPrivateKey",
        "PuttyPrivateKey",
        "VehicleIdentificationNumber",
    ];
    const OF_COUNTRIES: &[&str] = &[
        "BankAccountNumber",
        "CepCode",
        "Cnpj",
        "CpfCode",
        "DriversLicense",
        "DrugEnforcementAgencyNumber",
        "ElectoralRollNumber",
        "HealthInsuranceCardNumber",
        "HealthInsuranceClaimNumber",
        "HealthInsuranceNumber",
        "HealthcareProcedureCode",
        "IndividualTaxIdentificationNumber",
        "InseeCode",
        "MedicareBeneficiaryNumber",
        "NationalDrugCode",
        "NationalIdentificationNumber",
        "NationalInsuranceNumber",
        "NationalProviderId",
        "NhsNumber",
        "NieNumber",
        "NifNumber",
        "PassportNumber",
        "PermanentResidenceNumber",
        "PersonalHealthNumber",
        "PhoneNumber",
        "PostalCode",
        "RgNumber",
        "SocialInsuranceNumber",
        "Ssn",
        "TaxId",
        "ZipCode",
    ];
    match name.split_once('-') {
        None => PLAIN.contains(&name),
        Some((kind, country)) => {
            OF_COUNTRIES.contains(&kind) && country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase())
        }
    }
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
            let shown = masking.masked(text).unwrap_or_else(|| text.to_owned());
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
        let own = json!({ "Configuration": { "CustomDataIdentifier": [{ "Name": "Id", "Regex": "E-\\d+" }] }, "Statement": [
            { "DataIdentifier": ["Id"], "Operation": { "Audit": { "FindingsDestination": {} } } },
            { "DataIdentifier": ["Id"], "Operation": { "Deidentify": { "MaskConfig": {} } } },
        ] });
        assert_eq!(Masking::parse(&own.to_string()).unwrap().masked("E-17 x").as_deref(), Some("**** x"));
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
