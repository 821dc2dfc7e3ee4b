//! Upload forms. The signed example is the one of AWS's documentation ("Browser-Based Uploads Using
//! POST").

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tidegate_sigv4::{Expected, PolicyError, PostForm, PostPolicy, SignatureError, Style, verify_form};
use tidegate_types::Timestamp;

use crate::{OneKey, at};

const POLICY: &str = r#"{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "uploads"},
    ["starts-with", "$key", "user/eric/"],
    {"acl": "public-read"},
    ["content-length-range", 2, "1000"],
    ["eq", "$x-amz-algorithm", "AWS4-HMAC-SHA256"],
    ["starts-with", "$x-amz-credential", ""],
    ["starts-with", "$x-amz-date", ""]
  ]
}"#;

fn fields(policy: &str, signature: &str) -> Vec<(String, String)> {
    [
        ("key", "user/eric/picture"),
        ("acl", "public-read"),
        ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Date", "20151229T000000Z"),
        ("Policy", policy),
        ("X-Amz-Signature", signature),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn expected<'a>() -> Expected<'a> {
    // 2015-12-29T00:00:00Z.
    Expected { style: Style::S3, service: "s3", body: None, now: at(1_451_347_200) }
}

fn key() -> OneKey {
    OneKey::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
}

#[test]
fn a_form_signed_by_another_implementation_is_accepted() {
    let policy = BASE64.encode(POLICY);
    let signature = SIGNATURE;
    let fields = fields(&policy, signature);
    let form = PostForm { bucket: "uploads", fields: &fields, content_length: Some(10) };
    let scope = verify_form(&form, &expected(), &key()).unwrap();
    assert_eq!((scope.service.as_str(), scope.region.as_str()), ("s3", "us-east-1"));
    let fields = self::fields(&BASE64.encode(POLICY.replace("eric", "eve")), signature);
    let form = PostForm { bucket: "uploads", fields: &fields, content_length: Some(10) };
    let refused = verify_form(&form, &expected(), &key());
    assert!(matches!(refused, Err(PolicyError::Signature(SignatureError::Mismatch { .. }))), "{refused:?}");
}

/// Of [`POLICY`], computed with botocore's `S3SigV4PostAuth`.
const SIGNATURE: &str = "dfbbf2a86d8cb9687e9b82ccca31211cb149767ee48a42cea48b9dd638c2373e";

fn broken(bucket: &str, field: (&str, &str), length: u64, now: Timestamp) -> Result<(), PolicyError> {
    let mut fields = fields("", "");
    match fields.iter_mut().find(|(name, _)| name == field.0) {
        Some((_, value)) => field.1.clone_into(value),
        None => fields.push((field.0.to_owned(), field.1.to_owned())),
    }
    PostPolicy::parse(POLICY.as_bytes())?
        .check(&PostForm { bucket, fields: &fields, content_length: Some(length) }, now)
}

#[test]
fn a_form_must_keep_to_its_policy() {
    let now = expected().now;
    let same = ("acl", "public-read");
    assert_eq!(broken("uploads", same, 10, now), Ok(()));
    assert_eq!(broken("uploads", ("x-ignore-me", "anything"), 10, now), Ok(()));
    assert_eq!(broken("uploads", same, 1, now), Err(PolicyError::TooSmall));
    assert_eq!(broken("uploads", same, 1001, now), Err(PolicyError::TooLarge));
    assert_eq!(broken("uploads", same, 10, at(1_451_476_801)), Err(PolicyError::Expired));
    for (bucket, field) in [
        ("others", same),
        ("uploads", ("acl", "private")),
        ("uploads", ("key", "user/eve/x")),
        ("uploads", ("tagging", "x")),
    ] {
        let refused = broken(bucket, field, 10, now);
        assert!(matches!(refused, Err(PolicyError::Broken(_))), "{bucket} {field:?}: {refused:?}");
    }
}

#[test]
fn malformed_policies_are_refused() {
    for policy in [
        "",
        "[]",
        "{}",
        r#"{"expiration": "never", "conditions": []}"#,
        r#"{"expiration": "2015-12-30T12:00:00Z"}"#,
        r#"{"expiration": "2015-12-30T12:00:00Z", "conditions": [1]}"#,
        r#"{"expiration": "2015-12-30T12:00:00Z", "conditions": [["eq", "key", "x"]]}"#,
        r#"{"expiration": "2015-12-30T12:00:00Z", "conditions": [["ne", "$key", "x"]]}"#,
        r#"{"expiration": "2015-12-30T12:00:00Z", "conditions": [["content-length-range", "a", 1]]}"#,
    ] {
        let refused = PostPolicy::parse(policy.as_bytes());
        assert!(matches!(refused, Err(PolicyError::Invalid(_))), "{policy}: {refused:?}");
    }
}
