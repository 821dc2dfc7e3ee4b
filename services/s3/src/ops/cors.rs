//! What browsers ask before a page of another site uses a bucket, and what they read on its answers.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tidegate_api_s3::{CORSConfiguration, CORSRule, GetObjectTorrentRequest, HeadBucketRequest};
use tidegate_protocol::{Answered, Call, HttpAnswer};

use crate::domain::cors::{CorsRule, rule_for};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};

const VARY: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/// What a browser asks about an object.
pub(crate) async fn options_object(
    s3: &S3,
    call: &Call,
    input: GetObjectTorrentRequest,
) -> Result<Answered<()>, Error> {
    preflight(s3, call, input.bucket.as_deref(), "OBJECT")
}

/// What a browser asks about a bucket.
pub(crate) async fn options_bucket(s3: &S3, call: &Call, input: HeadBucketRequest) -> Result<Answered<()>, Error> {
    preflight(s3, call, input.bucket.as_deref(), "BUCKET")
}

fn preflight(s3: &S3, call: &Call, bucket: Option<&str>, kind: &'static str) -> Result<Answered<()>, Error> {
    let bad = |words: &str| Error::Refused { code: "BadRequest", status: 400, words: words.to_owned() };
    let bucket = s3.bucket(bucket)?;
    let http = call.http.as_deref();
    let asked = |name: &str| http.and_then(|http| http.header(name));
    let origin = asked("origin").ok_or_else(|| bad("Insufficient information. Origin request header needed."))?;
    let method = asked("access-control-request-method").unwrap_or("null");
    if !matches!(method, "GET" | "PUT" | "HEAD" | "POST" | "DELETE") {
        return Err(bad(&format!("Invalid Access-Control-Request-Method: {method}")));
    }
    let headers: Vec<String> = asked("access-control-request-headers")
        .map(|names| names.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|n| !n.is_empty()).collect())
        .unwrap_or_default();
    let forbidden = |words: &str| Error::CorsForbidden { words: words.to_owned(), method: method.to_owned(), kind };
    let rules = rules_of(&bucket);
    if rules.is_empty() {
        return Err(forbidden("CORSResponse: CORS is not enabled for this bucket."));
    }
    let rule = rule_for(&rules, origin, method, &headers).ok_or_else(|| {
        forbidden(
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, \
             request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted \
             by the resource's CORS spec.",
        )
    })?;
    let mut http = HttpAnswer::default();
    allow(rule, origin, &mut http.headers);
    if !headers.is_empty() {
        insert(&mut http.headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &headers.join(", "));
    }
    Ok(Answered { shape: (), http })
}

/// Says on an answer which page may read it, if the bucket has a rule for it.
pub(crate) fn allow_page(bucket: &Bucket, method: &Method, request: &HeaderMap, headers: &mut HeaderMap) {
    let Some(origin) = request.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) else { return };
    let rules = rules_of(bucket);
    if let Some(rule) = rule_for(&rules, origin, method.as_str(), &[]) {
        allow(rule, origin, headers);
    }
}

/// Whether the bucket has a rule for a page's request.
pub(crate) fn is_page_allowed(bucket: &Bucket, method: &Method, origin: &str) -> bool {
    rule_for(&rules_of(bucket), origin, method.as_str(), &[]).is_some()
}

fn allow(rule: &CorsRule, origin: &str, headers: &mut HeaderMap) {
    let Some(allowed) = rule.allowed_origin(origin) else { return };
    insert(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if allowed != "*" {
        insert(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    insert(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &rule.methods.join(", "));
    if !rule.exposed.is_empty() {
        insert(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed.join(", "));
    }
    if let Some(seconds) = rule.max_age_seconds {
        insert(headers, header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    insert(headers, header::VARY, VARY);
}

/// Sets a header. What no header may hold was refused when the rules came, but for what a client asks for.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn rules_of(bucket: &Bucket) -> Vec<CorsRule> {
    let config: Option<CORSConfiguration> = bucket.config(ConfigKind::Cors);
    config.and_then(|config| config.cors_rules).into_iter().flatten().map(rule_of).collect()
}

fn rule_of(rule: CORSRule) -> CorsRule {
    CorsRule {
        origins: rule.allowed_origins.unwrap_or_default(),
        methods: rule.allowed_methods.unwrap_or_default(),
        headers: rule.allowed_headers.unwrap_or_default(),
        exposed: rule.expose_headers.unwrap_or_default(),
        max_age_seconds: rule.max_age_seconds,
    }
}
