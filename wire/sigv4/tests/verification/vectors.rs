//! Requests signed by botocore; `vectors.py` wrote them.

use serde_json::Value;
use tidegate_sigv4::{Claimed, Expected, Payload, Request, SignatureError, Style, verify};
use tidegate_types::Timestamp;

use crate::{OneKey, at, headers};

/// 2024-02-29T12:34:56Z.
const SIGNED: u64 = 1_709_210_096;

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_default()
}

/// Verifies a case after `change` has had its way with method, path, query and body.
fn outcome(case: &Value, now: Timestamp, change: impl Fn(&mut [String; 4])) -> Result<(), SignatureError> {
    verified(case, now, change, |_| {})
}

/// Verifies a case after `change` has had its way with the key.
fn outcome_with(case: &Value, now: Timestamp, change: impl Fn(&mut OneKey)) -> Result<(), SignatureError> {
    verified(case, now, |_| {}, change)
}

fn verified(
    case: &Value,
    now: Timestamp,
    change: impl Fn(&mut [String; 4]),
    change_key: impl Fn(&mut OneKey),
) -> Result<(), SignatureError> {
    let mut parts = ["method", "path", "query", "body"].map(|field| text(case, field).to_owned());
    change(&mut parts);
    let [method, path, query, body] = &parts;
    let pairs = case["headers"].as_array().unwrap().iter();
    let mut headers = headers(pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())));
    // An HTTP/2 request has its host elsewhere.
    let host = headers.remove("host").unwrap();
    let authority = Some(host.to_str().unwrap());
    let request = Request { method, path, query, headers: &headers, authority };
    let style = if text(case, "style") == "s3" { Style::S3 } else { Style::Standard };
    let expected = Expected { style, service: text(case, "service"), body: Some(body.as_bytes()), now };
    let mut key = OneKey::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    key.token = case["token"].as_str().map(str::to_owned);
    change_key(&mut key);
    let over_http_2 = verify(&request, &expected, &key).map(drop);
    headers.insert("host", host.clone());
    let request = Request { method, path, query, headers: &headers, authority: None };
    let verified = verify(&request, &expected, &key);
    assert_eq!(over_http_2, verified.as_ref().map(drop).map_err(Clone::clone));
    let verified = verified?;
    assert!(matches!(verified.payload, Payload::Done));
    let Claimed { access_key, date, region, service } = Claimed::of(&headers, Some(query)).unwrap();
    let scope = verified.scope;
    assert_eq!(
        [&*access_key, &*date, &*region, &*service],
        [scope.access_key, scope.date, scope.region, scope.service]
    );
    Ok(())
}

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

#[test]
fn what_botocore_signs_is_accepted() {
    for case in cases() {
        let outcome = outcome(&case, at(SIGNED), |_| {});
        assert_eq!(outcome, Ok(()), "{}", text(&case, "name"));
    }
}

#[test]
fn any_change_to_it_is_noticed() {
    for case in cases() {
        let name = text(&case, "name");
        let changes: [fn(&mut [String; 4]); 3] = [
            |[method, ..]| *method = "DELETE".to_owned(),
            |[_, path, ..]| path.push('x'),
            |[_, _, query, _]| query.push_str("&extra=1"),
        ];
        for change in changes {
            let refused = outcome(&case, at(SIGNED), change);
            assert!(matches!(refused, Err(SignatureError::Mismatch { .. })), "{name}: {refused:?}");
        }
        let refused = outcome(&case, at(SIGNED), |[.., body]| body.push('x'));
        let unsigned = name.starts_with("s3 presigned");
        assert_eq!(refused.is_ok(), unsigned, "{name}: {refused:?}");
    }
}

#[test]
fn it_is_accepted_for_fifteen_minutes_either_way() {
    for case in cases().iter().filter(|case| !text(case, "name").contains("presigned")) {
        for (now, accepted) in
            [(SIGNED - 901, false), (SIGNED - 900, true), (SIGNED + 900, true), (SIGNED + 901, false)]
        {
            let outcome = outcome(case, at(now), |_| {});
            assert_eq!(outcome.is_ok(), accepted, "{} at {now}: {outcome:?}", text(case, "name"));
        }
    }
}

#[test]
fn a_presigned_url_is_accepted_until_it_expires() {
    for case in cases().iter().filter(|case| text(case, "name").contains("presigned")) {
        let validity: u64 =
            text(case, "query").split("X-Amz-Expires=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
        for (now, accepted) in [(SIGNED - 900, true), (SIGNED + validity, true), (SIGNED + validity + 1, false)] {
            let outcome = outcome(case, at(now), |_| {});
            assert_eq!(outcome.is_ok(), accepted, "{} at {now}: {outcome:?}", text(case, "name"));
        }
    }
}

#[test]
fn a_temporary_key_is_accepted_with_its_token_until_it_expires() {
    let cases = cases();
    let case = cases.iter().find(|case| text(case, "name") == "json with token").unwrap();
    let at_end = outcome_with(case, at(SIGNED), |key| key.expires = at(SIGNED));
    assert_eq!(at_end, Ok(()));
    let after = outcome_with(case, at(SIGNED), |key| key.expires = at(SIGNED - 1));
    assert_eq!(after, Err(SignatureError::ExpiredToken));
    let another = outcome_with(case, at(SIGNED), |key| key.token = Some("another".to_owned()));
    assert_eq!(another, Err(SignatureError::UnknownKey));
}
