//! A website's configuration as what it means.

use tidegate_api_s3::{Condition, Redirect, RoutingRule as Shown, WebsiteConfiguration};

use crate::domain::website::{RoutingRule, Website};

/// The website.
pub(crate) fn website_of(config: WebsiteConfiguration) -> Website {
    Website {
        index: config.index_document.and_then(|index| index.suffix).unwrap_or_default(),
        error: config.error_document.and_then(|error| error.key),
        all_to: config.redirect_all_requests_to.and_then(|to| Some((to.host_name?, to.protocol))),
        rules: config.routing_rules.into_iter().flatten().map(rule_of).collect(),
    }
}

fn rule_of(rule: Shown) -> RoutingRule {
    let Condition { http_error_code_returned_equals, key_prefix_equals } = rule.condition.unwrap_or_default();
    let Redirect { host_name, http_redirect_code, protocol, replace_key_prefix_with, replace_key_with } =
        rule.redirect.unwrap_or_default();
    RoutingRule {
        prefix: key_prefix_equals,
        status: http_error_code_returned_equals.and_then(|code| code.parse().ok()),
        host: host_name,
        protocol,
        code: http_redirect_code.and_then(|code| code.parse().ok()),
        new_prefix: replace_key_prefix_with,
        new_key: replace_key_with,
    }
}
