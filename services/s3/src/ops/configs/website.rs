//! How a bucket is served as a website.

use tidegate_api_s3::{
    DeleteBucketWebsiteRequest, GetBucketWebsiteOutput, GetBucketWebsiteRequest, PutBucketWebsiteRequest, Redirect,
    RedirectAllRequestsTo, RoutingRule, WebsiteConfiguration,
};
use tidegate_protocol::Call;

use super::{document, found, invalid, request, set, unset};
use crate::error::Error;
use crate::service::S3;
use crate::store::ConfigKind;

const MAX_RULES: usize = 50;

/// `GetBucketWebsite`
pub(crate) async fn get_bucket_website(
    s3: &S3,
    _call: &Call,
    input: GetBucketWebsiteRequest,
) -> Result<GetBucketWebsiteOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let words = "The specified bucket does not have a website configuration";
    let config: WebsiteConfiguration = found(&bucket, ConfigKind::Website, "NoSuchWebsiteConfiguration", words)?;
    let WebsiteConfiguration { error_document, index_document, redirect_all_requests_to, routing_rules } = config;
    Ok(GetBucketWebsiteOutput { redirect_all_requests_to, index_document, error_document, routing_rules })
}

/// `PutBucketWebsite`
pub(crate) async fn put_bucket_website(s3: &S3, _call: &Call, input: PutBucketWebsiteRequest) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config = input.website_configuration.ok_or(Error::MalformedXml)?;
    check(&config)?;
    set(s3, &bucket, ConfigKind::Website, document("WebsiteConfiguration", &config)).await
}

/// `DeleteBucketWebsite`
pub(crate) async fn delete_bucket_website(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketWebsiteRequest,
) -> Result<(), Error> {
    unset(s3, input.bucket.as_deref(), input.expected_bucket_owner.as_deref(), ConfigKind::Website).await
}

fn check(config: &WebsiteConfiguration) -> Result<(), Error> {
    if let Some(everything) = &config.redirect_all_requests_to {
        if config.index_document.is_some() || config.error_document.is_some() || config.routing_rules.is_some() {
            let words = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
            return Err(invalid(words, "RedirectAllRequestsTo", "not null"));
        }
        return check_everything(everything);
    }
    let Some(index) = &config.index_document else {
        let words = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
        return Err(invalid(words, "IndexDocument", "null"));
    };
    let suffix = index.suffix.as_deref().unwrap_or_default();
    if suffix.is_empty() || suffix.contains('/') {
        return Err(invalid("The IndexDocument Suffix is not well formed", "IndexDocument", suffix));
    }
    if config.error_document.as_ref().is_some_and(|error| error.key.as_deref().is_none_or(str::is_empty)) {
        return Err(Error::MalformedXml);
    }
    let Some(rules) = &config.routing_rules else { return Ok(()) };
    if rules.is_empty() {
        return Err(Error::MalformedXml);
    }
    if rules.len() > MAX_RULES {
        let words = format!(
            "{} routing rules provided, the number of routing rules in a website configuration is \
                             limited to {MAX_RULES}.",
            rules.len()
        );
        return Err(request(words));
    }
    rules.iter().try_for_each(check_rule)
}

fn check_everything(to: &RedirectAllRequestsTo) -> Result<(), Error> {
    if to.host_name.as_deref().is_none_or(str::is_empty) {
        return Err(Error::MalformedXml);
    }
    check_protocol(to.protocol.as_deref())
}

fn check_rule(rule: &RoutingRule) -> Result<(), Error> {
    let redirect = rule.redirect.as_ref().ok_or(Error::MalformedXml)?;
    if *redirect == Redirect::default() {
        return Err(Error::MalformedXml);
    }
    if redirect.replace_key_prefix_with.is_some() && redirect.replace_key_with.is_some() {
        return Err(request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
    }
    if let Some(condition) = &rule.condition {
        if condition.http_error_code_returned_equals.is_none() && condition.key_prefix_equals.is_none() {
            let words = "Condition cannot be empty. To redirect all requests without a condition, the condition \
                         element shouldn't be present.";
            return Err(request(words));
        }
        if let Some(code) = &condition.http_error_code_returned_equals {
            let words = "The provided HTTP error code is not valid. Valid codes are 4XX or 5XX.";
            check_code(code, 400..600, words)?;
        }
    }
    if let Some(code) = &redirect.http_redirect_code {
        let words = format!("The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300.");
        check_code(code, 301..400, &words)?;
    }
    check_protocol(redirect.protocol.as_deref())
}

fn check_code(code: &str, valid: std::ops::Range<u16>, words: &str) -> Result<(), Error> {
    let is_valid = code.parse().is_ok_and(|code| valid.contains(&code));
    if is_valid { Ok(()) } else { Err(request(words)) }
}

fn check_protocol(protocol: Option<&str>) -> Result<(), Error> {
    match protocol {
        None | Some("http" | "https") => Ok(()),
        Some(_) => Err(request(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
        )),
    }
}
