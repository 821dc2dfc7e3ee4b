//! What a function says about the single records of its batch: `{"batchItemFailures": [{"itemIdentifier": …}]}`.

use std::collections::HashMap;

use serde_json::Value;

/// Which records of a batch failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// None.
    Success,
    /// These, by their places in the batch, in order.
    Failed(Vec<usize>),
    /// All: the answer cannot be understood, or names a record that is not in the batch.
    AllFailed,
}

/// Reads an answer as AWS documents it: nothing, `null`, an object without a list, and an empty or null list
/// are success; an identifier that is missing, null, empty or unknown fails the whole batch.
pub(crate) fn read<'a>(payload: &[u8], identifiers: impl IntoIterator<Item = &'a str>) -> Verdict {
    if payload.is_empty() {
        return Verdict::Success;
    }
    let failures = match serde_json::from_slice::<Value>(payload) {
        Ok(Value::Null) => return Verdict::Success,
        Ok(Value::Object(mut answer)) => answer.remove("batchItemFailures").unwrap_or(Value::Null),
        Ok(_) | Err(_) => return Verdict::AllFailed,
    };
    let failures = match failures {
        Value::Null => return Verdict::Success,
        Value::Array(failures) => failures,
        _ => return Verdict::AllFailed,
    };
    let places: HashMap<&str, usize> =
        identifiers.into_iter().enumerate().map(|(place, identifier)| (identifier, place)).collect();
    let place_of = |failure: &Value| places.get(failure.get("itemIdentifier")?.as_str()?).copied();
    match failures.iter().map(place_of).collect::<Option<Vec<_>>>() {
        None => Verdict::AllFailed,
        Some(places) if places.is_empty() => Verdict::Success,
        Some(mut places) => {
            places.sort_unstable();
            places.dedup();
            Verdict::Failed(places)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_aws_documents() {
        let some = |places: &[usize]| Verdict::Failed(places.to_vec());
        for (payload, verdict) in [
            ("", Verdict::Success),
            ("null", Verdict::Success),
            ("{}", Verdict::Success),
            (r#"{"other": 1}"#, Verdict::Success),
            (r#"{"batchItemFailures": null}"#, Verdict::Success),
            (r#"{"batchItemFailures": []}"#, Verdict::Success),
            (r#"{"batchItemFailures": [{"itemIdentifier": "b"}]}"#, some(&[1])),
            (r#"{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "a"}]}"#, some(&[0, 2])),
            (r#"{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "a"}]}"#, some(&[0])),
            (r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures": [{"itemIdentifier": 7}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures": [{"wrong": "a"}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "z"}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures": ["a"]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures": "a"}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures"#, Verdict::AllFailed),
            (r#""fine""#, Verdict::AllFailed),
            ("[]", Verdict::AllFailed),
        ] {
            assert_eq!(read(payload.as_bytes(), ["a", "b", "c"]), verdict, "{payload}");
        }
    }
}
