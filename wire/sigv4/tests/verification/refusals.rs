//! What is refused, in AWS's words.

use http::{HeaderMap, HeaderName};
use tidegate_sigv4::{Expected, Request, SignatureError, Style, verify};

use crate::{OneKey, at, headers};

/// 2015-08-30T12:36:00Z.
const NOW: u64 = 1_440_938_160;
const GOOD: &str = "Credential=KEY/20150830/us-east-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=0";

fn refusal(headers: &HeaderMap, query: &str, style: Style) -> SignatureError {
    let request = Request { method: "POST", path: "/", query, headers, authority: None };
    let expected = Expected { style, service: "sqs", body: Some(b""), now: at(NOW) };
    let key = OneKey { expires: at(NOW + 3600), ..OneKey::new("KEY", "secret") };
    verify(&request, &expected, &key).unwrap_err()
}

fn check(authorization: Option<&str>, more: &[(&str, &str)], style: Style, code: &str, message: &str) {
    let mut headers = headers([("host", "h"), ("x-amz-date", "20150830T123600Z")]);
    for (name, value) in authorization.map(|value| ("authorization", value)).iter().chain(more) {
        headers.insert(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    let error = refusal(&headers, "", style).to_service_error(style);
    assert_eq!(error.shape.code, code, "{authorization:?}: {}", error.message);
    assert!(error.message.starts_with(message), "{authorization:?}: {}", error.message);
}

fn standard(authorization: &str, code: &str, message: &str) {
    check(Some(&format!("AWS4-HMAC-SHA256 {authorization}")), &[], Style::Standard, code, message);
}

#[test]
fn incomplete_signatures() {
    check(None, &[], Style::Standard, "MissingAuthenticationTokenException", "Request is missing Authentication Token");
    check(None, &[], Style::S3, "AccessDenied", "Access Denied");
    check(Some("AWS KEY:x"), &[], Style::Standard, "IncompleteSignatureException", "Unsupported authorization type");
    let incomplete = "IncompleteSignatureException";
    standard(
        "x",
        incomplete,
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '",
    );
    standard(
        "a=b",
        incomplete,
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed",
    );
    standard(
        "Credential=KEY/x, SignedHeaders=host, Signature=0",
        incomplete,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'KEY/x'",
    );
}

#[test]
fn wrong_scopes() {
    let invalid = "InvalidSignatureException";
    for (from, to, message) in [
        ("/sqs/", "/sns/", "Credential should be scoped to correct service: 'sqs'. "),
        (
            "aws4_request",
            "aws5_request",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
        ),
        (
            "20150830",
            "20150829",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', from '20150830T123600Z'.",
        ),
        ("host;", "", "'Host' must be a 'SignedHeader' in the AWS Authorization."),
    ] {
        standard(&GOOD.replace(from, to), invalid, message);
    }
}

#[test]
fn unknown_keys_and_tokens() {
    standard(
        &GOOD.replace("KEY", "YEK"),
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    );
    let good = format!("AWS4-HMAC-SHA256 {GOOD}");
    let token = [("x-amz-security-token", "x")];
    check(Some(&good), &token, Style::Standard, "UnrecognizedClientException", "The security token included");
    check(
        Some(&good.replace("KEY", "YEK")),
        &[],
        Style::S3,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    );
}

#[test]
fn skewed_clocks() {
    let good = format!("AWS4-HMAC-SHA256 {GOOD}");
    for (date, message) in [
        (
            "20150830T120000Z",
            "Signature expired: 20150830T120000Z is now earlier than 20150830T122100Z (20150830T123600Z - 15 min.)",
        ),
        (
            "20150830T130000Z",
            "Signature not yet current: 20150830T130000Z is still later than 20150830T125100Z (20150830T123600Z + 15 min.)",
        ),
    ] {
        let more = [("x-amz-date", date)];
        check(Some(&good), &more, Style::Standard, "InvalidSignatureException", message);
        check(
            Some(&good),
            &more,
            Style::S3,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        );
    }
}

#[test]
fn a_wrong_signature_is_answered_with_what_would_have_been_right() {
    standard(
        GOOD,
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:h\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/sqs/aws4_request\n",
    );
}

#[test]
fn s3_wants_every_amz_header_signed_and_the_body_hash_stated() {
    let good = format!("AWS4-HMAC-SHA256 {GOOD}");
    check(
        Some(&good),
        &[],
        Style::S3,
        "InvalidRequest",
        "Missing required header for this request: x-amz-content-sha256",
    );
    let more = [("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), ("x-amz-acl", "public-read")];
    check(
        Some(&good),
        &more,
        Style::S3,
        "AccessDenied",
        "There were headers present in the request which were not signed",
    );
}

#[test]
fn presigned_urls() {
    let good = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=KEY/20150830/us-east-1/sqs/aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0";
    let headers = headers([("host", "h")]);
    let refusal = |query: &str| refusal(&headers, query, Style::S3).to_string();
    for (from, to, message) in [
        ("&X-Amz-Expires=60", "", "Query-string authentication version 4 requires the X-Amz-Algorithm,"),
        ("Expires=60", "Expires=x", "X-Amz-Expires should be a number"),
        ("Expires=60", "Expires=-1", "X-Amz-Expires must be non-negative"),
        ("Expires=60", "Expires=604801", "X-Amz-Expires must be less than a week (in seconds)"),
        ("T123600Z", "T123500Z", "The request signature we calculated does not match"),
        ("T123600Z", "T123459Z", "Request has expired"),
        ("T123600Z", "T130000Z", "Signature not yet current"),
        ("20150830T123600Z", "2015-08-30", "X-Amz-Date must be in the ISO8601 Long Format"),
    ] {
        let message_seen = refusal(&good.replace(from, to));
        assert!(message_seen.starts_with(message), "{to}: {message_seen}");
    }
}
