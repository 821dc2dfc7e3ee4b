//! What sensitive data looks like: managed identifiers' forms, with checksums where there are some, and custom ones.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::{Regex, RegexBuilder};

/// A compiled custom expression larger than this is refused: ten for each group must not take all memory.
const MAX_PROGRAM_BYTES: usize = 1 << 20;
/// How often a custom expression is looked for in one event. An expression that looks ahead to the event's end for
/// each match would otherwise take a time that grows with the square of its length; the rest is masked instead.
const MAX_MATCHES: usize = 1000;
/// How many digits payment cards have.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// What one kind of sensitive data looks like.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// An identifier of AWS's. A group in parentheses is what is sensitive, if there is one.
    Managed {
        regex: Regex,
        /// What must hold beside.
        holds: Check,
    },
    /// An expression of the policy's owner.
    Custom(Regex),
    /// The number of a payment card.
    Card,
    /// Everything: nobody knows what is sensitive.
    Everything,
}

impl Form {
    /// A custom identifier's form, from an expression of the characters that AWS allows.
    pub(super) fn custom(pattern: &str) -> Option<Form> {
        let regex = RegexBuilder::new(pattern).size_limit(MAX_PROGRAM_BYTES).build().ok()?;
        // One that matches nothing at all would be found everywhere and mask nothing.
        (!regex.is_match("")).then_some(Form::Custom(regex))
    }

    /// Adds where a text has this form.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Range<usize>>) {
        match self {
            Form::Managed { regex, holds } => {
                let parts =
                    regex.captures_iter(text).filter_map(|captures| captures.get(1).or_else(|| captures.get(0)));
                found.extend(parts.filter(|part| holds(part.as_str())).map(|part| part.range()));
            }
            Form::Custom(regex) => {
                for (count, part) in regex.find_iter(text).enumerate() {
                    if count == MAX_MATCHES {
                        found.push(part.start()..text.len());
                        break;
                    }
                    found.push(part.range());
                }
            }
            Form::Card => cards(text, found),
            Form::Everything => found.push(0..text.len()),
        }
    }
}

/// The form of a managed identifier that has one.
pub(super) fn managed(name: &str) -> Option<Form> {
    static COMPILED: LazyLock<HashMap<&str, OnceLock<Regex>>> =
        LazyLock::new(|| FORMS.iter().map(|(name, ..)| (*name, OnceLock::new())).collect());
    if name == "CreditCardNumber" {
        return Some(Form::Card);
    }
    let (name, pattern, holds) = FORMS.iter().find(|(own, ..)| *own == name)?;
    let regex = COMPILED.get(name)?.get_or_init(|| Regex::new(pattern).expect("our own pattern is one"));
    Some(Form::Managed { regex: regex.clone(), holds: *holds })
}

/// Whether a text is what it looks like.
type Check = fn(&str) -> bool;

/// Identifiers, their expressions, and what must hold beside.
const FORMS: &[(&str, &str, Check)] = &[
    ("EmailAddress", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", any),
    (
        "IpAddress",
        r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b|(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}",
        any,
    ),
    (
        "AwsSecretKey",
        r#"(?i:secret|aws_secret_access_key|credentials)[^\n]{0,30}?[\s"'=:]([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
        any,
    ),
    ("OpenSshPrivateKey", r"-----BEGIN OPENSSH PRIVATE KEY-----(?s:.*?)-----END OPENSSH PRIVATE KEY-----", any),
    ("PgpPrivateKey", r"-----BEGIN PGP PRIVATE KEY BLOCK-----(?s:.*?)-----END PGP PRIVATE KEY BLOCK-----", any),
    (
        "PkcsPrivateKey",
        r"-----BEGIN (?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY-----(?s:.*?)-----END (?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY-----",
        any,
    ),
    ("PuttyPrivateKey", r"PuTTY-User-Key-File-\d: (?s:.*?)Private-MAC: \S+", any),
    ("Ssn-US", r"\b\d{3}-\d{2}-\d{4}\b", any),
    ("IndividualTaxIdentificationNumber-US", r"\b9\d{2}[- ][5-9]\d[- ]\d{4}\b", any),
    ("PhoneNumber-US", r"(?:\+1[ .-]?|\b)(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}\b", any),
    ("BankAccountNumber-DE", r"\bDE\d{2} ?(?:\d{4} ?){4}\d{2}\b", any),
    ("BankAccountNumber-ES", r"\bES\d{2} ?(?:\d{4} ?){5}\b", any),
    ("BankAccountNumber-FR", r"\bFR\d{2} ?(?:[0-9A-Z]{4} ?){5}[0-9A-Z]{3}\b", any),
    ("BankAccountNumber-GB", r"\bGB\d{2} ?[A-Z]{4} ?(?:\d{4} ?){3}\d{2}\b", any),
    ("BankAccountNumber-IT", r"\bIT\d{2} ?[A-Z]\d{3} ?(?:[0-9A-Z]{4} ?){5}[0-9A-Z]{3}\b", any),
    ("CpfCode-BR", r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", any),
    ("Cnpj-BR", r"\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b", any),
    ("NifNumber-ES", r"\b\d{8}-?[A-HJ-NP-TV-Z]\b", any),
    ("NieNumber-ES", r"\b[XYZ]-?\d{7}-?[A-Z]\b", any),
    ("NationalInsuranceNumber-GB", r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?){3}[A-D]\b", any),
    ("VehicleIdentificationNumber", r"\b[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}\b", is_vehicle),
    ("LatLong", r"[+-]?(?:[1-8]?\d\.\d{4,}|90\.0+),\s?[+-]?(?:1[0-7]\d|[1-9]?\d)\.\d{4,}", any),
];

fn any(_: &str) -> bool {
    true
}

/// Groups of digits that a blank or a dash parts: where they begin and end, and how many digits they have in all.
/// Whatever stands beside a card's number, it begins and ends with a group.
fn cards(text: &str, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = bytes[at..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |length| at + length);
        groups.push(at..end);
        at = end;
    }
    for (first, group) in groups.iter().enumerate() {
        if text[..group.start].ends_with(char::is_alphanumeric) {
            continue;
        }
        let mut digits: Vec<u8> = Vec::with_capacity(*CARD_DIGITS.end());
        for (at, next) in groups.iter().enumerate().skip(first) {
            let is_beside = at == first || matches!(&bytes[groups[at - 1].end..next.start], b" " | b"-");
            if !is_beside || digits.len() + next.len() > *CARD_DIGITS.end() {
                break;
            }
            digits.extend(bytes[next.clone()].iter().map(|byte| byte - b'0'));
            let is_end = !text[next.end..].starts_with(char::is_alphanumeric);
            if is_end && CARD_DIGITS.contains(&digits.len()) && has_luhn(&digits) {
                found.push(group.start..next.end);
            }
        }
    }
}

/// The check of payment cards' numbers.
fn has_luhn(digits: &[u8]) -> bool {
    let doubled = |(at, digit): (usize, &u8)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).map(u32::from).sum();
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
pub(super) fn is_managed(name: &str) -> bool {
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
