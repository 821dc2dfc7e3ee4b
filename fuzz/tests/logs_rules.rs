//! What owners of log groups want of them: what is masked, and which events are selected.

use serde_json::Value;
use tidegate_fuzz::{Material, fuzz};
use tidegate_logs::domain::{AccountPolicyKind, Criteria, Masking, Masks, chooses};
use tidegate_types::Timestamp;

const POLICY: &str = r#"{"Configuration":{"CustomDataIdentifier":[{"Name":"Id","Regex":"E-\\d{2,4}|x.*"}]},"Statement":[
    {"DataIdentifier":["Id","arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
        "Operation":{"Audit":{"FindingsDestination":{}}}},
    {"DataIdentifier":["Id","arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
        "Operation":{"Deidentify":{"MaskConfig":{}}}}]}"#;

const POLICIES: Material<'static> = Material {
    examples: &[POLICY.as_bytes()],
    words: &["Ssn-US", "CreditCardNumber", "\\\\d*", "{999}", "[^", "|", "$", "[]", "null", "é"],
};

fn masked(masking: &Masking, text: &str) -> Option<String> {
    Masks(vec![(Timestamp::EPOCH, masking.clone())]).masked(text, Timestamp::EPOCH)
}

/// A policy that is understood masks without failing.
#[test]
fn data_protection_policies() {
    fuzz(POLICIES, |bytes| {
        if let Ok(masking) = Masking::parse(&String::from_utf8_lossy(bytes)) {
            for text in ["", "E-17 jane@x.com xyz", r#"{"é":"\u0045-17\n","n":[1,"\ud83d\ude00"]}"#] {
                masked(&masking, text);
            }
        }
    });
}

const EVENTS: Material<'static> = Material {
    examples: &[
        br#"{"m":"a\n123-45-6789","who":"jane\u0040x.com","c":4111111111111111}"#,
        br#"got {"s":"{\"inner\":\"x\\n123-45-6789\"}"} and \n 2026-01-02 4111 1111 1111 1111"#,
        "\u{e4} \u{1f600} 4111-1111-1111-1111 E-1 1M8GDM9AXKP042788".as_bytes(),
    ],
    words: &["\\", "\\\"", "\\u00e4", "\\ud83d\\ude00", "\\ud83d", "{", "}", "\"", "E-", "4111", " ", "-", "é"],
};

fn all() -> Masking {
    let names = ["EmailAddress", "CreditCardNumber", "Ssn-US", "VehicleIdentificationNumber", "AwsSecretKey"];
    let more = names.map(|name| format!(r#""arn:aws:dataprotection::aws:data-identifier/{name}""#)).join(",");
    let one = r#""arn:aws:dataprotection::aws:data-identifier/EmailAddress""#;
    Masking::parse(&POLICY.replace(one, &more)).expect("it is a policy")
}

/// What is shown differs from the event by asterisks alone, has no more of them to come, and can be read as JSON where
/// the event could, unless a number became asterisks.
#[test]
fn masked_events() {
    let masking = all();
    fuzz(EVENTS, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Some(shown) = masked(&masking, &text) else { return };
        assert!(shown.len() <= text.len() && shown.contains('*'), "{text}");
        if let (Ok(before), Err(error)) = (serde_json::from_str::<Value>(&text), serde_json::from_str::<Value>(&shown))
        {
            assert!(text.contains(|c: char| c.is_ascii_digit()), "{before}: {error}");
        }
    });
}

const CRITERIA: Material<'static> = Material {
    examples: &[
        br#"LogGroupName NOT IN ["a", "b"] AND (LogGroupNamePrefix = '/app' OR LogGroupName != "c")"#,
        br#"@aws.account = "1" AND @aws.region IN ["us-east-1"]"#,
    ],
    words: &["(", ")", "[", "]", "AND", "OR", "NOT", "IN", "=", "!=", "\"", "'", ",", "@aws.region", "é"],
};

/// Criteria are understood or refused at a place that is in them.
#[test]
fn criteria() {
    const FIELDS: [&str; 4] = ["LogGroupName", "LogGroupNamePrefix", "@aws.account", "@aws.region"];
    fuzz(CRITERIA, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match Criteria::parse(&text, &FIELDS) {
            Ok(criteria) => drop((criteria.leaves().len(), chooses(Some(&criteria), "/app/x"))),
            Err(at) => assert!(at <= text.len() && text.is_char_boundary(at), "{text} at {at}"),
        }
        drop(AccountPolicyKind::Subscription.criteria(Some(&text)));
    });
}
